"""What comes of a call that keeps to the rules."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.frames import DEADLINE, POLICY, RAISED, REFUSED, RETURNED
from sandbox.host import Change, Deadlines, HookFound, LogLine, Place, Program, Status
from sandbox.limits import BATCH_CALLS_MAX, FRAME_BYTES_MAX, VALUE_DEPTH_MAX
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.errors import Invalid, TooLarge, Violation
from tests.sandbox.peer import Line, serve, worker_of

PATIENT = Deadlines(soft_s=5.0, hard_s=10.0)
PROGRAM = Program("demo", "1.0.0", "abc", {"hooks": "x = 1"}, {"rates.json": "{}"})


def no_answer(capability, arguments):
    raise AssertionError(f"nothing is to be asked, but {capability} was")


def echo(line: Line, call_id: int, rest: list) -> None:
    line.end_call(call_id, rest)


@pytest.fixture(scope="module")
def echoing():
    with worker_of(serve(echo)) as worker:
        yield worker


def returning(value, *, status=RETURNED, **more):
    return worker_of(serve(lambda line, call_id, rest: line.end_call(call_id, value, status=status, **more)))


def call(worker, *arguments, answer=no_answer, deadlines=PATIENT):
    return worker.call("check", list(arguments), answer, deadlines)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 7, -(2**63), 1.5, "grün", b"\x00\xff", [1, [2, []]], {"a": {"b": None}}, Decimal("-1.10"),
        Decimal("1E+7"), date(2026, 2, 28), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    ],
)  # fmt: skip
def test_values_go_there_and_come_back_as_they_were(echoing, value):
    result = call(echoing, value)
    assert result.status is Status.RETURNED
    function, (back,) = result.value
    assert (function, back, type(back)) == ("check", value, type(value))


@pytest.mark.parametrize("key", ["a", 7, 1.5, None, True, b"x", Decimal("1.5"), date(2026, 1, 1), ("a", ("b", 1))])
def test_a_mapping_may_have_any_key_that_python_takes(key):
    with returning({"told": [{key: 1}]}) as worker:
        assert call(worker).value == {"told": [{key: 1}]}


def test_a_document_keeps_its_fields_and_system_values(echoing):
    sent = Document(
        "1", "demo.note", {"total": Decimal("1.5"), "on": date(2026, 1, 1)}, version=3, created_at=datetime.now(UTC)
    )
    _, (back,) = call(echoing, sent).value
    assert type(back) is Document
    assert vars(back) == vars(sent)


def test_a_tuple_arrives_as_a_list(echoing):
    assert call(echoing, ("a", ("b",))).value == ["check", [["a", ["b"]]]]


def test_calls_are_counted_each_of_a_batch_for_itself():
    with returning([[RETURNED, n, []] for n in range(3)]) as worker:
        worker.call_many("check", [[1], [2], [3]], no_answer, PATIENT)
        assert worker.calls == 3
        call(worker)
        assert worker.calls == 4


def test_changes_and_logs_come_along():
    with returning(None, changes=[[1, {"a": Decimal(2)}, ["b"]]], logs=[["info", "so so"]]) as worker:
        result = call(worker)
    assert result.changes == (Change(1, {"a": Decimal(2)}, ("b",)),)
    assert result.logs == (LogLine("info", "so so"),)


def test_a_request_is_answered_in_the_middle_of_the_call():
    asked = []

    def ask_twice(line, call_id, rest):
        first = line.ask(call_id, "documents.get", "demo.note", "1")
        second = line.ask(call_id, "sequence", "numbers")
        line.end_call(call_id, [first, second])

    def answer(capability, arguments):
        asked.append((capability, arguments))
        return Document("1", "demo.note", {"a": 1}) if capability == "documents.get" else 42

    with worker_of(serve(ask_twice)) as worker:
        (is_first_answered, document), second = call(worker, answer=answer).value
    assert asked == [("documents.get", ["demo.note", "1"]), ("sequence", ["numbers"])]
    assert is_first_answered is True
    assert document.fields == {"a": 1}
    assert second == [True, 42]


def ask_once(line, call_id, rest):
    line.end_call(call_id, line.ask(call_id, "documents.get", "demo.note", "9"))


def test_an_error_of_the_answer_reaches_the_applet_with_kind_code_and_rules():
    def answer(capability, arguments):
        raise DocumentNotFound(
            resource="demo.note", id="9", weird=object, big=2**70, violations=[Violation("/id", "there", "no", "yes")]
        )

    with worker_of(serve(ask_once)) as worker:
        is_answered, error = call(worker, answer=answer).value
    assert is_answered is False
    assert error == [
        "NotFound",
        "document_not_found",
        "There is no demo.note 9, or it is not yours to see.",
        {"resource": "demo.note", "id": "9", "weird": "<class 'object'>", "big": str(2**70)},
        [["/id", "there", "no", "yes"]],
    ]


@pytest.mark.parametrize(("value", "code"), [(object(), "invalid"), ("x" * FRAME_BYTES_MAX, "too_large")])
def test_an_answer_that_does_not_travel_is_told_as_an_error(value, code):
    with worker_of(serve(ask_once)) as worker:
        is_answered, error = call(worker, answer=lambda capability, arguments: value).value
        assert (is_answered, error[1]) == (False, code)
        assert call(worker, answer=lambda capability, arguments: 1).value == [True, 1]


def test_an_answer_that_fails_unexpectedly_is_raised_and_ends_the_worker():
    def answer(capability, arguments):
        raise ZeroDivisionError

    with worker_of(serve(ask_once)) as worker:
        with pytest.raises(ZeroDivisionError):
            call(worker, answer=answer)
        assert worker.is_dead


FAILURE = ["Conflict", "too_late", "Too late", {"by": 3}, [["/on", "late", "is late", None]], [["rules", "check", 7]]]


@pytest.mark.parametrize("status", [RAISED, REFUSED])
def test_what_an_applet_raises_is_told_with_its_place(status):
    with returning(FAILURE, status=status) as worker:
        result = call(worker)
        assert not worker.is_dead
    failure = result.failure
    assert (result.status, result.value) == (Status(status), None)
    assert (failure.kind, failure.code, failure.message, failure.details) == (
        "Conflict", "too_late", "Too late", {"by": 3},
    )  # fmt: skip
    assert failure.violations == (Violation("/on", "late", "is late", None),)
    assert failure.place == Place("rules", "check", 7)
    assert str(failure.place) == "line 7 of rules.py (check)"


@pytest.mark.parametrize("value", [object(), 2**70, Decimal("NaN"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_an_argument_that_does_not_travel_is_refused_before_anything_is_sent(echoing, value):
    with pytest.raises(Invalid):
        call(echoing, "text before", value)
    assert call(echoing, 1).value == ["check", [1]]


def test_an_argument_too_large_for_a_frame_is_refused_before_anything_is_sent(echoing):
    with pytest.raises(TooLarge):
        call(echoing, "x" * FRAME_BYTES_MAX)
    assert call(echoing, 1).value == ["check", [1]]


def test_the_largest_frame_goes_both_ways(echoing):
    text = "x" * (FRAME_BYTES_MAX - 100)
    assert call(echoing, text).value == ["check", [text]]


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_result_that_nests_too_deep_is_an_error_of_the_applet():
    with returning(nested(VALUE_DEPTH_MAX + 5)) as worker:
        result = call(worker)
        assert (result.status, result.failure.kind) == (Status.RAISED, "ValueError")
        assert not worker.is_dead


def test_a_request_that_nests_too_deep_is_refused():
    def ask_deep(line, call_id, rest):
        line.end_call(call_id, line.ask(call_id, "resolve", "price", {"a": nested(VALUE_DEPTH_MAX)}))

    with worker_of(serve(ask_deep)) as worker:
        is_answered, error = call(worker).value
    assert (is_answered, error[0]) == (False, "Invalid")


def answer_batch(line, call_id, rest):
    _, argument_lists = rest
    line.end_call(call_id, [[RETURNED, arguments, []] for arguments in argument_lists], logs=[["info", "once"]])


def test_a_batch_gives_a_result_for_each_of_its_calls_in_order():
    with worker_of(serve(answer_batch)) as worker:
        results = worker.call_many("check", [[n] for n in range(10)], no_answer, PATIENT)
    assert [result.value for result in results] == [[n] for n in range(10)]
    assert [len(result.logs) for result in results] == [1] + [0] * 9


def test_a_batch_of_none_asks_nothing():
    with returning("not asked") as worker:
        assert worker.call_many("check", [], no_answer, PATIENT) == []


@pytest.mark.parametrize(("count", "bytes_each", "frames"), [(BATCH_CALLS_MAX + 1, 1, 2), (5, FRAME_BYTES_MAX // 2, 8)])
def test_a_batch_too_large_for_a_frame_goes_in_several(count, bytes_each, frames):
    with worker_of(serve(answer_batch)) as worker:
        text = "x" * bytes_each
        results = worker.call_many("check", [[text, n] for n in range(count)], no_answer, PATIENT)
        assert [result.value for result in results] == [[text, n] for n in range(count)]
        assert worker.calls == count


def test_of_a_batch_one_may_fail_and_the_others_not():
    ended = [[RETURNED, 1, []], [REFUSED, FAILURE, []], [RETURNED, 3, [[0, {"a": 1}, []]]]]
    with returning(ended) as worker:
        first, second, third = worker.call_many("check", [[], [], []], no_answer, PATIENT)
    assert (first.value, third.value) == (1, 3)
    assert second.failure.code == "too_late"
    assert third.changes == (Change(0, {"a": 1}),)


def test_a_batch_that_fails_as_a_whole_fails_in_each():
    with returning(FAILURE, status=RAISED) as worker:
        results = worker.call_many("check", [[], []], no_answer, PATIENT)
    assert [result.failure.code for result in results] == ["too_late", "too_late"]


def test_run_names_the_module():
    with worker_of(serve(echo)) as worker:
        assert worker.run("data.rates", "read", [1], no_answer, PATIENT).value == ["data.rates", "read", [1]]


def test_load_sends_the_program_and_tells_its_hooks():
    seen = []

    def load(line, call_id, rest):
        ((applet, version, modules, files, hooks_module, keeps_state),) = rest
        assert [applet, version, modules, files] == ["demo", "1.0.0", {"hooks": "x = 1"}, {"rates.json": "{}"}]
        assert (hooks_module, keeps_state) == ("hooks", False)
        line.end_call(call_id, [["check", "before_save", ["demo.note"], ["ctx", "document"], 12]])

    with worker_of(serve(load)) as worker:
        seen += worker.load(PROGRAM).hooks
    assert seen == [HookFound("check", "before_save", ("demo.note",), ("ctx", "document"), 12)]


def test_source_that_the_policy_refuses_is_told_line_by_line():
    rules = [["/hooks.py:3", "import_refused", "os cannot be imported", "use the SDK"]]
    with returning(["Invalid", "policy_refused", "refused", {}, rules, []], status=POLICY) as worker:
        with pytest.raises(PolicyRefused) as caught:
            worker.load(PROGRAM)
        assert worker.is_dead
    assert caught.value.violations == (Violation(*rules[0]),)
    assert str(caught.value) == "The code of applet demo breaks 1 rule(s) of the sandbox."


def test_source_that_does_not_load_is_told_with_its_place():
    error = ["NameError", "", "name 'y' is not defined", {}, [], [["data.rates", "<module>", 2]]]
    with returning(error, status=RAISED) as worker, pytest.raises(LoadFailed) as caught:
        worker.load(PROGRAM)
    assert caught.value.details["reason"] == "NameError: name 'y' is not defined at line 2 of data/rates.py (<module>)"


def test_cpu_and_memory_are_seen_from_outside():
    def work(line, call_id, rest):
        line.end_call(call_id, sum(range(200_000)))

    with worker_of(serve(work)) as worker:
        call(worker)
        assert 0 < worker.cpu_s < 60
        assert worker.memory_bytes > 100_000
    assert worker.memory_bytes == 0


def test_statuses_of_the_wire_are_those_of_results():
    assert [RETURNED, RAISED, REFUSED, DEADLINE, POLICY] == [
        Status.RETURNED, Status.RAISED, Status.REFUSED, Status.DEADLINE, Status.POLICY,
    ]  # fmt: skip
