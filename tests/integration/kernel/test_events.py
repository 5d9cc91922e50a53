"""From a change to what applets do about it: the whole way, with a real catalogue, pluggy and PostgreSQL."""

from __future__ import annotations

import itertools
import threading

import pytest

from kernel.auth.records import Identity
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.ahead import Ahead
from kernel.events import service
from kernel.events.bus import Outcome
from kernel.events.errors import DeliveryNotDead, DeliveryUnknown, EventsHidden
from kernel.events.listener import Announcer
from kernel.events.retry import ATTEMPTS_MAX
from kernel.events.service import EventFilter
from kernel.events.worker import Worker
from kernel.telemetry.metrics import Metrics
from sdk import errors, hooks
from sdk.context import Actor
from sdk.document_errors import CursorInvalid, DocumentNotFound, EventForeign, EventTypeInvalid, PageSizeExceeded
from sdk.identifiers import new_id
from tests.integration.kernel.house import open_house

PATIENCE_S = 60
_numbers = itertools.count(1)
heard = threading.Event()


class Refused(errors.Conflict):
    """This event is refused."""


@hooks.on("shop.order.created")
def answer(ctx, event):
    """Creates an answer to each order that asks for one."""
    order = ctx.documents.get("shop.order", event.aggregate_id)
    if order["name"].startswith("ask"):
        ctx.documents.create("shop.order", {"name": f"answer to {order['name']}"})
    if order["name"].startswith("break"):
        raise Refused


@hooks.on("shop.order.sent", "shop.order.noted")
def note(ctx, event):
    if event.type == "shop.order.sent":
        order = ctx.documents.get("shop.order", event.aggregate_id)
        ctx.events.emit("shop.order.noted", order, {"by": ctx.actor.id})
    heard.set()


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house"), answer=answer, note=note) as opened:
        yield opened


@pytest.fixture
def tenant(house):
    return house.make_tenant(f"events{next(_numbers)}")


@pytest.fixture
def worker(house):
    """Not started: a test takes its turns itself."""
    return Worker(house.kernel)


def deliver(worker, tenant):
    """Until nothing is due; what became of each."""
    return list(itertools.chain.from_iterable(iter(lambda: worker.relay.deliver(tenant, 100), ())))


def as_operator(house, tenant, verb, *arguments, **named):
    with house.kernel.operate(tenant) as ctx:
        return verb(ctx, *arguments, **named)


def as_user(house, tenant, user, verb, *arguments, **named):
    with house.kernel.database.transaction(tenant) as uow:
        ctx = house.kernel.context(uow, Identity(user, tenant))
        return verb(ctx, *arguments, **named)


def make_user(house, tenant, *roles):
    user = Actor(new_id(), "user", f"{new_id()}@example.org")
    for role in roles:
        with house.kernel.operate(tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
    return user


def kill(house, worker, tenant):
    """Fail a delivery until it is dead."""
    for _ in range(ATTEMPTS_MAX):
        deliver(worker, tenant)
        house.clock.advance(hours=2)


def dead_delivery(house, worker, tenant):
    house.create(tenant, "break it")
    kill(house, worker, tenant)
    (delivery,) = as_operator(house, tenant, service.list_deliveries, "dead").items
    return delivery


def test_an_event_calls_the_applet_which_acts_as_itself(house, tenant, worker):
    house.create(tenant, "ask me")
    assert deliver(worker, tenant) == [Outcome.DONE, Outcome.DONE]
    assert house.orders(tenant) == ["ask me", "answer to ask me"]
    first, second = house.rows(
        tenant,
        "SELECT id::text, actor, applet, correlation_id::text, causation_id::text FROM {t}.events ORDER BY position",
    )
    assert (first[1], first[2]) == ("operator", None)
    assert (second[1], second[2]) == ("applet:shop", "shop")
    assert second[3] == first[3]
    assert second[4] == first[0]


def test_nothing_is_left_of_a_delivery_but_its_receipt(house, tenant, worker):
    house.create(tenant)
    deliver(worker, tenant)
    assert house.rows(tenant, "SELECT count(*) FROM {t}.deliveries") == [(0,)]
    assert house.rows(tenant, "SELECT consumer FROM {t}.inbox") == [("shop:answer",)]


def transactions_of_receipts(house, tenant):
    """How many receipts each transaction has written, in the order of the first."""
    counts = house.rows(tenant, "SELECT count(*), min(ctid) FROM {t}.inbox GROUP BY xmin ORDER BY 2")
    return [count for count, _ in counts]


def test_deliveries_that_change_nothing_share_a_transaction_and_a_read(house, tenant, worker):
    house.clock.advance(seconds=1)
    for number in range(63):
        house.create(tenant, f"plain {number}")
    assert deliver(worker, tenant) == [Outcome.DONE] * 63
    assert transactions_of_receipts(house, tenant) == [1, 2, 4, 8, 16, 32]


def test_what_a_delivery_changes_is_committed_before_the_next_one_begins(house, tenant, worker):
    house.clock.advance(seconds=1)
    for number in range(7):
        house.create(tenant, f"plain {number}")
    house.create(tenant, "plain 7")
    house.create(tenant, "ask 1")
    house.create(tenant, "ask 2")
    house.create(tenant, "plain 8")
    deliver(worker, tenant)
    assert house.orders(tenant)[-2:] == ["answer to ask 1", "answer to ask 2"]
    # After the first effect the next one is alone, with its own; then runs grow again.
    assert transactions_of_receipts(house, tenant)[:5] == [1, 2, 4, 2, 1]
    effects = house.rows(
        tenant, "SELECT count(DISTINCT xmin::text) FROM {t}.documents WHERE created_by = 'applet:shop'"
    )
    assert effects == [(2,)]


def test_a_failure_in_the_middle_takes_nothing_from_the_others(house, tenant, worker):
    house.clock.advance(seconds=1)
    for number in range(9):
        house.create(tenant, "break it" if number == 5 else f"plain {number}")
    assert sorted(deliver(worker, tenant)) == [Outcome.DONE] * 8 + [Outcome.RETRIED]
    (delivery,) = as_operator(house, tenant, service.list_deliveries, "pending").items
    assert (delivery["attempts"], delivery["last_error"]) == (1, "Refused: This event is refused.")
    assert house.rows(tenant, "SELECT count(*) FROM {t}.inbox") == [(8,)]


def test_a_commit_that_fails_counts_for_nobody_and_each_is_taken_alone(house, tenant, worker):
    house.clock.advance(seconds=1)
    for number in range(3):
        house.create(tenant, f"plain {number}")
    texts = []

    def doom(uow: UnitOfWork, delivery):
        texts.append(delivery.event.payload["diff"]["name"])
        if texts == ["plain 0", "plain 1", "plain 2"]:
            uow.doom()

    outcomes = []
    while taken := worker.bus.deliver_some(tenant, doom, 100):
        outcomes += taken
    assert outcomes == [Outcome.DONE] * 3
    assert texts == ["plain 0", "plain 1", "plain 2", "plain 1", "plain 2"]
    assert house.rows(tenant, "SELECT count(*) FROM {t}.inbox") == [(3,)]


def test_documents_read_ahead_are_read_again_once_something_was_changed(house, tenant):
    ids = [house.create(tenant, name) for name in ("a", "b")]
    ahead = Ahead(ids)
    with house.kernel.database.transaction(tenant) as uow:
        assert [ahead.row(uow, id).data["name"] for id in ids] == ["a", "b"]
        assert ahead.row(uow, new_id()) is None
        uow.execute('UPDATE {t}.documents SET data = data || \'{"name": "c"}\' WHERE id = %s', [ids[1]])
        assert [ahead.row(uow, id) for id in ids] == [None, None]


def test_an_emitted_event_reaches_its_subscribers_after_the_commit(house, tenant, worker):
    order = house.create(tenant, "plain")
    with house.kernel.operate(tenant) as ctx:
        ctx.documents.perform("shop.order", order, "send")
    deliver(worker, tenant)
    (event,) = as_operator(house, tenant, service.list_events, EventFilter(type="shop.order.noted")).items
    assert event.payload == {"by": "applet:shop"}
    assert (event.aggregate_type, event.aggregate_id, event.applet) == ("shop.order", order, "shop")


def test_an_applet_emits_only_events_of_its_own(house, tenant):
    with house.kernel.operate(tenant) as ctx:
        order = ctx.documents.create("shop.order", {"name": "x"})
        with pytest.raises(EventForeign):
            ctx.bind("shop").events.emit("ledger.entry.posted", order)
        with pytest.raises(EventTypeInvalid):
            ctx.bind("shop").events.emit("posted", order)


def test_a_failing_subscriber_changes_nothing_and_is_told_with_its_error(house, tenant, worker):
    house.create(tenant, "break it")
    assert deliver(worker, tenant) == [Outcome.RETRIED]
    (delivery,) = as_operator(house, tenant, service.list_deliveries, "pending").items
    assert delivery["attempts"] == 1
    assert delivery["last_error"] == "Refused: This event is refused."
    assert house.orders(tenant) == ["break it"]
    assert house.rows(tenant, "SELECT count(*) FROM {t}.inbox") == [(0,)]


def test_what_is_for_a_disabled_applet_waits_until_it_is_enabled_again(house, tenant, worker):
    house.create(tenant, "ask 1")
    house.set_applet(tenant, "disabled")
    assert deliver(worker, tenant) == []
    (delivery,) = as_operator(house, tenant, service.list_deliveries, "waiting").items
    assert (delivery["state"], delivery["attempts"], delivery["due_at"]) == ("waiting", 0, None)
    assert worker.bus.next_due(tenant) is None
    house.set_applet(tenant, "enabled")
    assert deliver(worker, tenant) == [Outcome.DONE, Outcome.DONE]
    assert house.orders(tenant) == ["ask 1", "answer to ask 1"]


def test_a_dead_delivery_is_retried_when_an_operator_says_so(house, tenant, worker):
    delivery = dead_delivery(house, worker, tenant)
    assert (delivery["attempts"], delivery["event_type"]) == (ATTEMPTS_MAX, "shop.order.created")
    revived = as_operator(house, tenant, service.retry_delivery, delivery["id"])
    assert (revived["state"], revived["attempts"]) == ("pending", 0)
    with house.kernel.operate(tenant) as ctx:
        ctx.documents.update("shop.order", delivery["aggregate_id"], {"name": "mended"})
    assert deliver(worker, tenant) == [Outcome.DONE]
    (event,) = as_operator(house, tenant, service.list_events, EventFilter(type="kernel.delivery.*")).items
    assert (event.type, event.actor) == ("kernel.delivery.retried", "operator")
    # Its words may tell of a person, and an event stays.
    assert event.payload.keys() == {"id", "subscriber", "event_type", "attempts"}
    assert event.aggregate_id == delivery["event_id"]
    assert event.payload["subscriber"] == "shop:answer"


def test_a_delivery_that_is_not_dead_is_not_retried(house, tenant):
    house.create(tenant)
    (delivery,) = as_operator(house, tenant, service.list_deliveries).items
    with pytest.raises(DeliveryNotDead):
        as_operator(house, tenant, service.retry_delivery, delivery["id"])


def test_a_dropped_delivery_is_gone_and_its_drop_recorded(house, tenant, worker):
    delivery = dead_delivery(house, worker, tenant)
    as_operator(house, tenant, service.drop_delivery, delivery["id"])
    assert as_operator(house, tenant, service.list_deliveries).items == ()
    (event,) = as_operator(house, tenant, service.list_events, EventFilter(type="kernel.delivery.dropped")).items
    assert event.payload["id"] == delivery["id"]
    with pytest.raises(DeliveryUnknown):
        as_operator(house, tenant, service.drop_delivery, delivery["id"])


def test_deliveries_are_looked_after_by_administrators_and_seen_by_auditors(house, tenant, worker):
    delivery = dead_delivery(house, worker, tenant)
    admin, auditor, clerk = (
        make_user(house, tenant, f"{role}") for role in ("kernel.admin", "kernel.auditor", "shop.clerk")
    )
    assert len(as_user(house, tenant, auditor, service.list_deliveries).items) == 1
    with pytest.raises(errors.Forbidden):
        as_user(house, tenant, auditor, service.retry_delivery, delivery["id"])
    with pytest.raises(errors.Forbidden):
        as_user(house, tenant, clerk, service.list_deliveries)
    assert as_user(house, tenant, admin, service.drop_delivery, delivery["id"])["id"] == delivery["id"]


def test_all_events_are_for_auditors_those_of_a_document_for_its_readers(house, tenant):
    order = house.create(tenant, "x", secret="hidden")
    auditor, clerk, nobody = (make_user(house, tenant, *roles) for roles in (["kernel.auditor"], ["shop.clerk"], []))
    everything = as_user(house, tenant, auditor, service.list_events, EventFilter())
    assert {"shop.order.created", "kernel.grant.created"} <= {event.type for event in everything.items}
    with pytest.raises(EventsHidden):
        as_user(house, tenant, clerk, service.list_events, EventFilter())
    about = EventFilter(aggregate_type="shop.order", aggregate_id=order)
    (event,) = as_user(house, tenant, clerk, service.list_events, about).items
    assert event.payload["diff"] == {"name": "x"}
    with pytest.raises((errors.Forbidden, errors.NotFound)):
        as_user(house, tenant, nobody, service.list_events, about)
    with pytest.raises(DocumentNotFound):
        as_user(
            house, tenant, clerk, service.list_events, EventFilter(aggregate_type="shop.order", aggregate_id=new_id())
        )


def test_events_are_filtered(house, tenant):
    first = house.create(tenant, "first")
    house.clock.advance(hours=1)
    moment = house.clock()
    second = house.create(tenant, "second")
    house.clock.advance(hours=1)
    with house.kernel.operate(tenant, actor=Actor("u-1", "user")) as ctx:
        ctx.documents.update("shop.order", first, {"name": "other"})

    def ids(**wanted):
        return [
            event.aggregate_id for event in as_operator(house, tenant, service.list_events, EventFilter(**wanted)).items
        ]

    assert ids() == [first, second, first]
    assert ids(type="shop.order.created") == [second, first]
    assert ids(type="shop.order.up*") == [first]
    assert ids(aggregate_id=second) == [second]
    assert ids(actor="u-1") == [first]
    assert ids(since=moment, until=moment) == [second]
    assert ids(aggregate_type="kernel.role") == []


def test_pages_of_events_follow_each_other_without_gap_or_repetition(house, tenant):
    for number in range(7):
        house.create(tenant, f"{number}")
    names, cursor = [], ""
    while cursor is not None:
        page = as_operator(house, tenant, service.list_events, EventFilter(), limit=3, cursor=cursor)
        names += [event.payload["diff"]["name"] for event in page.items]
        cursor = page.cursor
    assert names == ["6", "5", "4", "3", "2", "1", "0"]


def test_pages_of_deliveries_follow_each_other_too(house, tenant):
    for number in range(5):
        house.create(tenant, f"{number}")
    first = as_operator(house, tenant, service.list_deliveries, limit=3)
    rest = as_operator(house, tenant, service.list_deliveries, limit=3, cursor=first.cursor)
    assert (len(first.items), len(rest.items), rest.cursor) == (3, 2, None)
    assert [item["id"] for item in first.items + rest.items] == sorted(item["id"] for item in first.items + rest.items)


def test_a_page_has_a_bound_and_a_cursor_is_checked(house, tenant):
    with pytest.raises(PageSizeExceeded):
        as_operator(house, tenant, service.list_events, EventFilter(), limit=100_000)
    with pytest.raises(CursorInvalid):
        as_operator(house, tenant, service.list_events, EventFilter(), cursor="1 OR 1=1")


def test_a_running_worker_delivers_at_once_what_its_process_commits(house, tenant, worker):
    heard.clear()
    worker.start()
    try:
        order = house.create(tenant)
        with house.kernel.operate(tenant) as ctx:
            ctx.documents.perform("shop.order", order, "send")
        assert heard.wait(PATIENCE_S)
    finally:
        worker.stop()
    assert worker.bus.announce not in house.kernel.on_deliveries


def test_a_worker_hears_of_what_another_process_commits(house, tenant, worker):
    """The announcer stands for the other process: only its notification tells the worker."""
    announcer = Announcer(house.kernel)
    worker.start()
    house.kernel.on_deliveries.remove(worker.bus.announce)
    announcer.start()
    try:
        order = house.create(tenant)
        heard.clear()
        with house.kernel.operate(tenant) as ctx:
            ctx.documents.perform("shop.order", order, "send")
        assert heard.wait(PATIENCE_S)
    finally:
        announcer.stop()
        house.kernel.on_deliveries.append(worker.bus.announce)
        worker.stop()


def test_a_worker_finds_what_was_left_behind_before_it_started(house, tenant):
    order = house.create(tenant)
    with house.kernel.operate(tenant) as ctx:
        ctx.documents.perform("shop.order", order, "send")
    heard.clear()
    worker = Worker(house.kernel)
    worker.start()
    try:
        assert heard.wait(PATIENCE_S)
    finally:
        worker.stop()


def test_the_numbers_count_what_became_of_deliveries(house, tenant):
    metrics = Metrics()
    worker = Worker(house.kernel, metrics)
    house.create(tenant, "plain")
    house.create(tenant, "break it")
    deliver(worker, tenant)
    text = metrics.render().decode()
    assert 'bos_deliveries_total{outcome="done"} 1.0' in text
    assert 'bos_deliveries_total{outcome="retried"} 1.0' in text


def test_a_process_that_dies_between_effect_and_acknowledgement_leaves_the_delivery_to_the_next(house, tenant, worker):
    house.create(tenant, "ask me")

    class Killed(BaseException):
        """Nothing catches it, as nothing survives a kill."""

    def die(uow: UnitOfWork, delivery):
        worker.relay.handle(uow, delivery)
        assert uow.execute("SELECT count(*) FROM {t}.documents WHERE type = 'shop.order'").fetchone() == (2,)
        raise Killed

    with pytest.raises(Killed):
        worker.bus.deliver(tenant, die)
    assert house.orders(tenant) == ["ask me"]
    assert deliver(worker, tenant) == [Outcome.DONE, Outcome.DONE]
    assert house.orders(tenant) == ["ask me", "answer to ask me"]
