"""The broker answers with the verbs of `ctx`, and adds no way around what `ctx` refuses."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.broker import ArgumentUnfit, Broker, QuotaExceeded, Quotas, RequestFailed
from sandbox.broker.quotas import DECIDING
from sandbox.broker.table import VERBS
from sandbox.frames import CAPABILITIES, ELEVATED
from sandbox.host import Violation
from sdk import Actor, Document
from sdk.document_errors import (
    CapabilityMissing,
    DocumentNotFound,
    EventForeign,
    MovementOutsideWrite,
    PermissionDenied,
)
from sdk.identifiers import new_id
from sdk.testing import FakeKernel

APPLETS = Path(__file__).parents[3] / "applets"
CUSTOMER, REQUEST, CHART, BOOK = "parties.customer", "approvals.request", "ledger.chart", "ledger.postings"
CLERK = Actor(id="clerk", kind="user", name="Clerk")


@pytest.fixture(scope="module")
def kernel():
    kernel = FakeKernel(*(APPLETS / name for name in ("parties", "catalog", "ledger", "receivables", "approvals")))
    kernel.add_company("Office Ltd")
    return kernel


@pytest.fixture(scope="module")
def customer(kernel):
    return kernel.documents.create(CUSTOMER, {"code": "C1", "name": "Birch Hotel"})


@pytest.fixture
def open_broker(kernel):
    """A broker for code of an applet, in a transaction that is open until the test ends."""
    opened = []

    def open_broker(applet="approvals", arguments=(), allow=None, quotas=DECIDING):
        transaction = kernel.transaction(CLERK, allow=allow, applet=applet)
        ctx = transaction.__enter__()
        opened.append(transaction)
        return Broker(ctx, arguments, quotas)

    yield open_broker
    for transaction in reversed(opened):
        transaction.__exit__(None, None, None)


def test_there_is_a_verb_for_each_request_of_a_worker_and_no_other():
    assert {name: len(verb.takes) for name, verb in VERBS.items()} == {
        name: len(arguments) for name, arguments in CAPABILITIES.items()
    }


def test_documents_are_read_one_by_one_together_and_by_their_fields(open_broker, customer):
    broker = open_broker("parties")
    missing = new_id()
    assert broker.answer("documents.get", [CUSTOMER, customer.id, False])["name"] == "Birch Hotel"
    assert list(broker.answer("documents.get_many", [{CUSTOMER: [customer.id, missing]}])) == [customer.id]
    assert broker.answer("documents.find", [CUSTOMER, {"code": "C1"}]).id == customer.id
    assert broker.answer("documents.find", [CUSTOMER, {"code": "C9"}]) is None
    assert [each.id for each in broker.answer("documents.find_all", [CUSTOMER, {"name": "Birch Hotel"}])] == [
        customer.id
    ]


def test_a_page_is_a_list_of_items_cursor_and_titles(open_broker, customer):
    broker = open_broker("parties")
    query = [CUSTOMER, "code == param.code", {"code": "C1"}, ["-id"], 10, None]
    items, cursor, titles = broker.answer("documents.query", query)
    assert ([each.id for each in items], cursor, titles) == ([customer.id], None, {})


def test_documents_are_written_in_the_transaction_of_the_call(open_broker):
    broker = open_broker("parties")
    made = broker.answer("documents.create", [CUSTOMER, {"code": "C2", "name": "Two"}, None, None])
    changed = broker.answer("documents.update", [CUSTOMER, made.id, {"name": "Second"}, 1])
    assert (changed["name"], changed.version) == ("Second", 2)
    assert broker.answer("documents.archive", [CUSTOMER, made.id, None]).is_archived
    assert not broker.answer("documents.unarchive", [CUSTOMER, made.id, None]).is_archived
    assert broker.answer("documents.delete", [CUSTOMER, made.id, None]) is None
    assert not broker.answer("documents.restore", [CUSTOMER, made.id]).is_deleted


def test_an_action_is_performed(open_broker):
    broker = open_broker("ledger")
    chart = broker.answer("documents.create", ["ledger.chart", {"name": "Chart"}, None, None])
    loaded = broker.answer("documents.perform", [CHART, chart.id, "load", None, None])
    assert loaded.state == "loaded"
    nothing = {"base_amount": Decimal(0), "amount": Decimal(0)}
    assert broker.answer("registers.balance", [BOOK, None, None, [], None]) == [[{}, nothing]]


def test_a_missing_capability_is_refused_elevated_or_not(open_broker):
    broker = open_broker("approvals")
    for prefix in ("", ELEVATED):
        with pytest.raises(CapabilityMissing) as refusal:
            broker.answer(f"{prefix}documents.create", [CUSTOMER, {"code": "X", "name": "X"}, None, None])
        assert refusal.value.code == "capability_missing"
    assert broker.denials == 2


def test_what_the_user_may_not_the_applet_may_only_elevated(open_broker, customer):
    broker = open_broker("approvals", allow={REQUEST: ["read"]})
    with pytest.raises(PermissionDenied):
        broker.answer("documents.get", [CUSTOMER, customer.id, False])
    assert broker.answer(f"{ELEVATED}documents.get", [CUSTOMER, customer.id, False]).id == customer.id


def test_what_is_missing_and_what_is_of_another_type_give_the_same_answer(open_broker, customer):
    broker = open_broker("approvals")
    for id in (customer.id, new_id()):
        with pytest.raises(DocumentNotFound) as refusal:
            broker.answer("documents.get", [REQUEST, id, False])
        assert refusal.value.message == f"There is no {REQUEST} {id}, or it is not yours to see."


def test_events_are_about_documents_of_the_call_and_of_the_applets_own_name(open_broker, customer):
    broker = open_broker("parties", [customer])
    event = broker.answer("events.emit", ["parties.customer.greeted", [CUSTOMER, customer.id], {"how": "loudly"}])
    assert (event.aggregate_id, event.applet, dict(event.payload)) == (customer.id, "parties", {"how": "loudly"})
    with pytest.raises(EventForeign):
        broker.answer("events.emit", ["ledger.customer.greeted", [CUSTOMER, customer.id], None])


def test_nothing_is_said_about_a_document_the_call_does_not_know(open_broker, customer):
    broker = open_broker("parties")
    with pytest.raises(DocumentNotFound):
        broker.answer("events.emit", ["parties.customer.greeted", [CUSTOMER, customer.id], None])
    broker.answer("documents.get", [CUSTOMER, customer.id, False])
    broker.answer("events.emit", ["parties.customer.greeted", [CUSTOMER, customer.id], None])
    with pytest.raises(DocumentNotFound):
        broker.answer("events.emit", ["parties.customer.greeted", [REQUEST, customer.id], None])


def test_movements_outside_of_a_write_are_refused(open_broker, customer):
    broker = open_broker("ledger", [customer])
    record = [[CUSTOMER, customer.id], BOOK, date(2026, 1, 2), {"account": "1"}, {"amount": Decimal(1)}]
    with pytest.raises(MovementOutsideWrite):
        broker.answer("registers.record", record)


def test_a_question_is_asked_about_the_document_as_the_applet_has_changed_it(kernel, customer):
    class Ctx:
        asked = None

        def resolve(self, question, **arguments):
            self.asked = (question, arguments)
            return {"rate": Decimal("19"), "of": (1, 2)}

    ctx = Ctx()
    seen = Document(id=customer.id, type=CUSTOMER, fields={"code": "C9"}, state="forged", version=99)
    answer = Broker(ctx, [customer]).answer("resolve", ["tax_rate", {"document": seen, "line": {"n": 1}}])
    question, arguments = ctx.asked
    document = arguments["document"]
    assert (question, answer) == ("tax_rate", {"rate": Decimal("19"), "of": [1, 2]})
    assert (dict(document), document.version, document.state) == ({"code": "C9"}, customer.version, None)
    assert customer["code"] == "C1"


def test_sequences_count_from_one(open_broker):
    broker = open_broker("parties")
    assert [broker.answer("sequence", ["visits"]) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("capability", "arguments", "position"),
    [
        ("documents.get", [CUSTOMER, 5, False], 2),
        ("documents.get", [CUSTOMER, "a\0b", False], 2),
        ("documents.get", [CUSTOMER, "x" * 3_000, False], 2),
        ("documents.get", [CUSTOMER, "x", "exclusive"], 3),
        ("documents.find", [CUSTOMER, {"type": "x"}], 2),
        ("documents.find", [CUSTOMER, {"code": Decimal("NaN")}], 2),
        ("documents.get_many", [{CUSTOMER: "id"}], 1),
        ("documents.query", [CUSTOMER, "", None, ["id"], True, None], 5),
        ("documents.query", [CUSTOMER, "", None, ["id"], 2**40, None], 5),
        ("documents.create", [CUSTOMER, [["code", "C"]], None, None], 2),
        ("documents.create", [CUSTOMER, {"n": float("inf")}, None, None], 2),
        ("documents.create", [CUSTOMER, {"n": {1: 2}}, None, None], 2),
        ("documents.create", [CUSTOMER, {"n": b"raw"}, None, None], 2),
        ("registers.balance", [BOOK, datetime(2026, 1, 1), None, [], None], 2),  # noqa: DTZ001
        ("registers.balance", [BOOK, None, {"account": 5}, [], None], 3),
        ("registers.balances", [[[BOOK]]], 1),
        ("registers.turnover", [BOOK, None, "2026-01-01", None, [], None], 3),
        ("resolve", ["price", {"ctx": 1}], 2),
        ("events.emit", ["parties.customer.greeted", "id", None], 2),
    ],
)
def test_an_argument_that_does_not_fit_is_told_by_its_place(open_broker, capability, arguments, position):
    broker = open_broker("parties")
    with pytest.raises(ArgumentUnfit) as refusal:
        broker.answer(capability, arguments)
    assert refusal.value.details["position"] == position
    assert refusal.value.message.startswith(f"{capability} takes ")


def test_a_value_that_is_nested_too_deeply_is_refused_without_recursion(open_broker):
    tree = {}
    for _ in range(100_000):
        tree = {"in": tree}
    with pytest.raises(ArgumentUnfit):
        open_broker("parties").answer("documents.create", [CUSTOMER, tree, None, None])


@pytest.mark.parametrize(
    ("capability", "arguments"),
    [
        ("documents.drop", []),
        ("elevated.elevated.documents.get", [CUSTOMER, "x", False]),
        ("__class__", []),
        ("documents.get", [CUSTOMER, "x"]),
        ("documents.get", [CUSTOMER, "x", False, 1]),
        ("documents.get", {"type": CUSTOMER}),
        (7, []),
    ],
)
def test_what_no_worker_of_ours_asks_is_a_violation(open_broker, capability, arguments):
    with pytest.raises(Violation) as violation:
        open_broker("parties").answer(capability, arguments)
    assert violation.value.kind == "protocol"
    assert violation.value.stops_for_all


def test_too_many_requests_end_the_call_and_too_many_writes_are_refused(open_broker, customer):
    broker = open_broker("parties", [customer], quotas=Quotas(requests=6, writes=1, events=1))
    broker.answer("sequence", ["visits"])
    with pytest.raises(QuotaExceeded) as refusal:
        broker.answer("sequence", ["visits"])
    assert (refusal.value.code, refusal.value.status) == ("quota_exceeded", 429)
    emit = ["parties.customer.greeted", [CUSTOMER, customer.id], None]
    broker.answer("documents.get", [CUSTOMER, customer.id, "shared"])
    with pytest.raises(QuotaExceeded):
        broker.answer("documents.delete", [CUSTOMER, customer.id, None])
    with pytest.raises(QuotaExceeded):
        broker.answer("events.emit", emit) and broker.answer("events.emit", emit)
    with pytest.raises(Violation) as violation:
        broker.answer("documents.get", [CUSTOMER, customer.id, False])
    assert (violation.value.kind, violation.value.stops_for_all) == ("quota", False)


def test_an_error_of_the_ground_is_kept_for_the_caller_and_not_shown(customer):
    class Ctx:
        def sequence(self, name):
            raise ConnectionError("server at 10.0.0.7 has gone away")

    broker = Broker(Ctx())
    with pytest.raises(RequestFailed) as refusal:
        broker.answer("sequence", ["visits"])
    assert "10.0.0.7" not in refusal.value.message
    assert isinstance(broker.failure, ConnectionError)


def test_instants_and_dates_are_both_moments(open_broker):
    broker = open_broker("ledger")
    for moment in (date(2026, 1, 31), datetime(2026, 1, 31, 12, tzinfo=UTC), None):
        assert broker.answer("registers.balance", [BOOK, moment, {}, ["account"], None]) == []
    question = [BOOK, None, None, ["account"], None]
    assert broker.answer("registers.balances", [[question, question]]) == [[], []]
    assert broker.answer("registers.turnover", [BOOK, None, None, None, ["account"], None]) == []
