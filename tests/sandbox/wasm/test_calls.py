"""Calls of an instance keep to the interface of workers: values, documents, requests, errors, logs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sandbox.errors import CallsTooNested, LoadFailed, PolicyRefused
from sandbox.host import Change, HookFound, LogLine, Place, Status, Violation
from sandbox.limits import FRAME_BYTES_MAX, LOG_LINES_MAX
from sandbox.wasm.limits import NESTED_CALLS_MAX
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.errors import Invalid, TooLarge
from tests.sandbox.samples import VALUES
from tests.sandbox.wasm.programs import PATIENT, loaded, no_answer, program, run
from tests.sandbox.worker.client import FACTS

# The component is built anew after each change of the code in it, which takes longer than a test may.
pytestmark = pytest.mark.slow

SOURCE = '''
import random
import uuid
from datetime import date, datetime
from decimal import Decimal

from sdk import Context, Document, hooks
from sdk.document_errors import DocumentNotFound
from sdk.errors import Conflict, Violation

from . import rules

counter = []


class TooLate(Conflict):
    """It is too late for {what}."""


@hooks.before_save("demo.order")
def total(ctx: Context, document: Document, previous: Document | None) -> None:
    document["total"] = sum((row["amount"] for row in document["rows"]), Decimal(0))
    document["rows"][0]["amount"] += rules.FEE
    document.pop("note", None)


def echo(value):
    return value


def ask(ctx, type, id):
    try:
        return ctx.documents.get(type, id)["total"]
    except DocumentNotFound as error:
        return [error.code, error.details["id"]]


def ask_elevated(ctx):
    return ctx.elevated.sequence("orders"), ctx.settings["limit"], ctx.tenant.name, ctx.today


def late():
    raise TooLate(what="that", violations=[Violation("/on", "late", "is late", "sooner")])


def wrong():
    return [][1]


def count():
    counter.append(1)
    return len(counter)


def say(lines):
    for number in range(lines):
        print("line", number)


def draw():
    return [random.random(), random.Random().random(), str(uuid.uuid4())]


def now():
    return [date.today(), datetime.now().year]
'''
RULES = "from decimal import Decimal\nFEE = Decimal('0.50')\n"


def line_of(text):
    return SOURCE[: SOURCE.index(text)].count("\n") + 1


@pytest.fixture(scope="module")
def worker(engine):
    loaded_one = loaded(engine, SOURCE, rules=RULES)
    yield loaded_one
    loaded_one.close()


def test_a_load_tells_the_hooks(engine):
    worker = engine.spawn(64)
    found = worker.load(program(SOURCE, rules=RULES))
    assert found.hooks == (HookFound("total", "before_save", ("demo.order",), ("ctx", "document", "previous"), 20),)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_go_there_and_come_back_as_they_were(worker, value):
    back = run(worker, "echo", value).value
    assert (back, type(back)) == (value, type(value))


def test_every_byte_travels(worker):
    data = bytes(range(256)) * 10
    assert run(worker, "echo", [data, "\x00ä€😀"]).value == [data, "\x00ä€😀"]


def test_of_a_document_the_difference_comes_back(worker):
    rows = [{"amount": Decimal("1.50")}, {"amount": Decimal("2.50")}]
    document = Document("d1", "demo.order", {"rows": rows, "note": "n", "same": 1}, version=2)
    result = worker.call("total", [FACTS, document, None], no_answer, PATIENT)
    changed = {"rows": [{"amount": Decimal("2.00")}, {"amount": Decimal("2.50")}], "total": Decimal("4.00")}
    assert (result.status, result.value) == (Status.RETURNED, None)
    assert result.changes == (Change(0, changed, ("note",)),)
    assert document["rows"][0]["amount"] == Decimal("1.50")


def test_many_calls_go_in_one_frame(worker):
    documents = [Document(str(n), "demo.order", {"rows": [{"amount": Decimal(n)}]}) for n in range(20)]
    given = [[FACTS, document, None] for document in documents]
    results = worker.call_many("total", given, no_answer, PATIENT)
    assert [result.changes[0].fields_set["total"] for result in results] == [Decimal(n) for n in range(20)]


def test_a_request_is_answered_in_the_middle_of_the_call(worker):
    asked = []

    def answer(capability, arguments):
        asked.append((capability, arguments))
        return Document("d1", "demo.order", {"total": Decimal("7.00")})

    assert run(worker, "ask", FACTS, "demo.order", "d1", answer=answer).value == Decimal("7.00")
    assert asked == [("documents.get", ["demo.order", "d1", False])]


def test_facts_come_with_the_call_and_elevated_requests_are_named_so(worker):
    def answer(capability, arguments):
        assert (capability, arguments) == ("elevated.sequence", ["orders"])
        return 12

    assert run(worker, "ask_elevated", FACTS, answer=answer).value == [12, "100", "northwind", date(2026, 1, 2)]


def test_an_error_of_the_kernel_is_caught_by_its_class(worker):
    def answer(capability, arguments):
        raise DocumentNotFound(resource="demo.order", id="d9")

    assert run(worker, "ask", FACTS, "demo.order", "d9", answer=answer).value == ["document_not_found", "d9"]


def test_an_error_of_the_applets_own_crosses_with_all_of_it(worker):
    result = run(worker, "late")
    failure = result.failure
    assert result.status is Status.REFUSED
    assert (failure.kind, failure.code, failure.message) == ("Conflict", "too_late", "It is too late for that.")
    assert (failure.violations[0].pointer, failure.violations[0].expected) == ("/on", "sooner")
    assert failure.place == Place("hooks", "late", line_of("raise TooLate"))


def test_any_other_error_is_told_with_its_line(worker):
    result = run(worker, "wrong")
    assert (result.status, result.failure.kind) == (Status.RAISED, "IndexError")
    assert result.failure.place == Place("hooks", "wrong", line_of("return [][1]"))


def test_nothing_is_left_for_the_next_call(worker):
    assert [run(worker, "count").value for _ in range(3)] == [1, 1, 1]


def test_state_is_kept_where_it_is_asked_for(engine):
    keeping = loaded(engine, SOURCE, rules=RULES, keeps_state=True)
    assert [run(keeping, "count").value for _ in range(3)] == [1, 2, 3]


def test_logs_are_cut_where_they_become_a_flood(worker):
    result = run(worker, "say", 10_000)
    assert result.logs[:2] == (LogLine("info", "line 0"), LogLine("info", "line 1"))
    assert (len(result.logs), result.dropped) == (LOG_LINES_MAX, 10_000 - LOG_LINES_MAX)


def test_no_two_instances_draw_the_same(engine):
    drawn = [run(loaded(engine, SOURCE, rules=RULES), "draw").value for _ in range(3)]
    assert len({value for values in drawn for value in values}) == 9


def test_an_instance_knows_the_day(worker):
    today, year = run(worker, "now").value
    assert (type(today), today.year) == (date, year)
    assert abs((today - datetime.now(UTC).date()).days) <= 1


def test_what_the_policy_refuses_is_told_rule_by_rule(engine):
    worker = engine.spawn(64)
    with pytest.raises(PolicyRefused) as refused:
        worker.load(program("import os\nopen('x')\n"))
    assert [violation.pointer for violation in refused.value.violations] == ["/hooks.py:1", "/hooks.py:2"]
    assert worker.is_dead


def test_regular_expressions_are_refused_and_what_to_do_is_said(engine):
    with pytest.raises(PolicyRefused) as refused:
        engine.spawn(64).load(program("import re\n"))
    (violation,) = refused.value.violations
    assert (violation.pointer, violation.message) == ("/hooks.py:1", "the module re is not available")
    assert "string" in violation.expected


def test_what_fails_as_it_loads_is_told_with_its_line(engine):
    with pytest.raises(LoadFailed) as failed:
        engine.spawn(64).load(program("x = 1\ny = x / 0\n"))
    assert failed.value.details["reason"].endswith("at line 2 of hooks.py (<module>)")


def test_a_request_while_loading_is_none(engine):
    with pytest.raises(LoadFailed):
        engine.spawn(64).load(program("ctx.sequence('a')\n"))


def test_a_value_that_does_not_travel_is_refused_before_anything_happens(worker):
    with pytest.raises(Invalid):
        run(worker, "echo", object())
    with pytest.raises(TooLarge):
        run(worker, "echo", "x" * FRAME_BYTES_MAX)
    assert run(worker, "echo", 1).value == 1


def test_a_result_that_is_too_large_is_an_error_of_the_applet(engine):
    worker = loaded(engine, "def f(): return 'x' * 2_000_000\ndef g(): return 1")
    result = run(worker, "f")
    assert (result.status, result.failure.code) == (Status.REFUSED, "too_large")
    assert run(worker, "g").value == 1


NESTING = "def f(ctx, depth): return ctx.sequence(str(depth - 1)) + 1 if depth else 0"


def nested_call(engine, depth):
    """A call whose request makes another worker's call, that many deep; what the innermost refusal was told as."""
    worker = loaded(engine, NESTING)

    def answer(capability, arguments):
        return nested_call(engine, int(arguments[0]))

    result = run(worker, "f", FACTS, depth, answer=answer)
    if result.status is Status.REFUSED:
        raise CallsTooNested(**result.failure.details)
    return result.value


def test_calls_nest_as_deep_as_the_stack_holds(engine):
    assert nested_call(engine, NESTED_CALLS_MAX - 2) == NESTED_CALLS_MAX - 2


def test_beyond_that_it_is_an_error_that_applets_may_catch(engine):
    with pytest.raises(CallsTooNested) as refused:
        nested_call(engine, NESTED_CALLS_MAX)
    assert refused.value.details["maximum"] == NESTED_CALLS_MAX


def test_an_answer_that_fails_comes_out_as_it_is(engine):
    worker = loaded(engine, "def f(ctx): return ctx.sequence('a')")

    def answer(capability, arguments):
        raise ZeroDivisionError("of the kernel's")

    with pytest.raises(ZeroDivisionError, match="of the kernel's"):
        run(worker, "f", FACTS, answer=answer)
    assert worker.is_dead


def test_a_violation_of_the_broker_ends_the_instance(engine):
    worker = loaded(engine, "def f(ctx): return ctx.sequence('a')")

    def answer(capability, arguments):
        raise Violation("quota", "it asked too often")

    with pytest.raises(Violation) as found:
        run(worker, "f", FACTS, answer=answer)
    assert (found.value.kind, found.value.reason) == ("quota", "it asked too often (f)")
    assert worker.is_dead
