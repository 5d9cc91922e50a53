"""Every way a call can break off has a kind, and none of them leaves a process behind."""

import os
import signal
import threading
import time

import pytest

from sandbox.errors import AppletStopped
from sandbox.frames import DEADLINE, HEADER, MEMORY, POLICY, RAISED, REQUEST, RESULT, RETURNED
from sandbox.host import Deadlines, Program, Violation, channel
from sandbox.limits import FRAME_BYTES_MAX, FRAME_KEPT_BYTES, FRAMES_KEPT
from sandbox.values import DATE, DECIMAL, DOCUMENT, EVENT
from tests.sandbox.peer import frame_of, has_ended, serve, spin, worker_of

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
SHORT = Deadlines(soft_s=0.05, hard_s=0.15)
PROGRAM = Program("demo", "1.0.0", "abc", {"hooks": ""})
ERROR = ["DeadlineExceeded", "", "late", {}, [], [["hooks", "outer", 3], ["rules", "check", 20]]]


def no_answer(capability, arguments):
    raise AssertionError(capability)


def call(worker, *, answer=no_answer, deadlines=PATIENT):
    return worker.call("check", [], answer, deadlines)


def violation_of(worker, **how):
    with pytest.raises(Violation) as caught:
        call(worker, **how)
    assert worker.is_dead
    found = caught.value
    assert found.function == "check"
    return found


def sending(data):
    """A worker that answers a call with these bytes and then waits."""

    def script(line):
        line.receive()
        line.send_raw(data)
        line.receive()

    return worker_of(script)


def ending(how):
    def script(line):
        line.receive()
        how()

    return worker_of(script)


def die_by(number):
    return lambda: os.kill(os.getpid(), number)


def test_a_forbidden_system_call_is_told_as_one():
    with ending(die_by(signal.SIGSYS)) as worker:
        found = violation_of(worker)
    assert (found.kind, found.stops_for_all, found.is_strike) == ("syscall", True, True)
    assert found.reason == "it made a forbidden system call (check)"


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (die_by(signal.SIGSEGV), "its process ended with signal 11 (check)"),
        (die_by(signal.SIGKILL), "its process ended with signal 9 (check)"),
        (lambda: os._exit(3), "its process ended with status 3 (check)"),
    ],
)
def test_a_process_that_ends_in_a_call_has_crashed(how, text):
    with ending(how) as worker:
        found = violation_of(worker)
    assert (found.kind, found.reason, found.stops_for_all, found.frames) == ("crashed", text, False, ())


def test_callers_are_told_that_the_applet_was_stopped():
    def load_and_die(line):
        line.receive()
        line.end_call(1, [])
        line.receive()
        os.kill(os.getpid(), signal.SIGSEGV)

    with worker_of(load_and_die) as worker:
        worker.load(PROGRAM)
        found = violation_of(worker)
    assert (found.applet, found.version) == ("demo", "1.0.0")
    told = found.told()
    assert (told.code, told.status) == ("applet_stopped", 503)
    assert told.message == "Applet demo was stopped: its process ended with signal 11 (check)."


def test_a_worker_that_ended_between_two_calls_is_no_fault_of_the_applet():
    with ending(lambda: None) as worker:
        os.kill(worker.pid, signal.SIGKILL)
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(AppletStopped):
            call(worker)
        assert worker.is_dead


def test_a_dead_worker_takes_no_call():
    with ending(lambda: None) as worker:
        worker.close()
        with pytest.raises(AppletStopped):
            call(worker)


def map_of(key, value):
    return b"\x81" + key + value


def result_of(value, *, call_id=1, status=RETURNED, changes=b"\x90", logs=b"\x90"):
    body = b"\x97" + bytes([RESULT, call_id, status]) + value + changes + logs + b"\x00"
    return HEADER.pack(len(body)) + body


def ext(code, text):
    return b"\xc9" + len(text).to_bytes(4, "big") + bytes([code]) + text


MALFORMED = {
    "nothing": HEADER.pack(0),
    "no array": frame_of({"a": 1}),
    "an empty array": frame_of([]),
    "an unknown kind": frame_of([9, 1, 0]),
    "a kind of the kernel's": frame_of([1, 1, "check", []]),
    "a kind that is a mapping": frame_of([{}, 1, 0]),
    "a status that is a mapping": frame_of([RESULT, 1, {}, None, [], [], 0]),
    "a status beyond the last": frame_of([RESULT, 1, 6, None, [], [], 0]),
    "a status that is true": frame_of([RESULT, 1, True, None, [], [], 0]),
    "a status of loading": frame_of([RESULT, 1, POLICY, None, [], [], 0]),
    "an end that is too short": frame_of([RESULT, 1, 0, None, [], []]),
    "an end that is too long": frame_of([RESULT, 1, 0, None, [], [], 0, 0]),
    "another call's end": frame_of([RESULT, 2, 0, None, [], [], 0]),
    "a negative call": frame_of([RESULT, -1, 0, None, [], [], 0]),
    "an error that is a text": frame_of([RESULT, 1, RAISED, "oops", [], [], 0]),
    "an error that is too short": frame_of([RESULT, 1, RAISED, ["ValueError"], [], [], 0]),
    "an error of too many places": frame_of([RESULT, 1, RAISED, [*ERROR[:5], [["a", "b", 1]] * 99], [], [], 0]),
    "an error of too much text": frame_of([RESULT, 1, RAISED, ["E", "", "x" * 9_999, {}, [], []], [], [], 0]),
    "a log that is no list": frame_of([RESULT, 1, 0, None, [], {"a": 1}, 0]),
    "a log line without a level": frame_of([RESULT, 1, 0, None, [], [["a"]], 0]),
    "too many log lines": frame_of([RESULT, 1, 0, None, [], [["info", "x"]] * 201, 0]),
    "a log line too long": frame_of([RESULT, 1, 0, None, [], [["info", "x" * 2_001]], 0]),
    "too much logged": frame_of([RESULT, 1, 0, None, [], [["info", "x" * 1_999]] * 9, 0]),
    "changes of no argument": frame_of([RESULT, 1, 0, None, [[-1, {}, []]], [], 0]),
    "changes of the 17th argument": frame_of([RESULT, 1, 0, None, [[17, {}, []]], [], 0]),
    "changes of a field that is a number": frame_of([RESULT, 1, 0, None, [[0, {1: 1}, []]], [], 0]),
    "changes without what is removed": frame_of([RESULT, 1, 0, None, [[0, {}]], [], 0]),
    "a request for a number": frame_of([REQUEST, 1, 7, []]),
    "a request of a long name": frame_of([REQUEST, 1, "x" * 101, []]),
    "a request without a list": frame_of([REQUEST, 1, "sequence", {}]),
    "a request of too many arguments": frame_of([REQUEST, 1, "sequence", [1] * 17]),
    "a request of another call": frame_of([REQUEST, 3, "sequence", []]),
    "two ends": frame_of([RESULT, 1, 0, None, [], [], 0]) * 2,
    "a request and an end": frame_of([REQUEST, 1, "sequence", []]) + frame_of([RESULT, 1, 0, None, [], [], 0]),
    "an end and a byte": frame_of([RESULT, 1, 0, None, [], [], 0]) + b"\x00",
    "an end with more in its frame": HEADER.pack(9) + b"\x97\x04\x01\x00\xc0\x90\x90\x00\x00",
    "a frame one byte too long": HEADER.pack(FRAME_BYTES_MAX + 1),
    "the longest length there is": b"\xff\xff\xff\xff",
    "lists in lists without end": HEADER.pack(100_000) + b"\x91" * 100_000,
    "a text that is no UTF-8": result_of(b"\xa2\xff\xfe"),
    "a text that is a surrogate": result_of(b"\xa3\xed\xa0\x80"),
    "a list as a key": result_of(map_of(b"\x91\x81\x01\x02", b"\x01")),
    "an array of four thousand million": result_of(b"\xdd\xff\xff\xff\xff"),
    "a mapping of four thousand million": result_of(b"\xdf\xff\xff\xff\xff"),
    "a text of four thousand million": result_of(b"\xdb\xff\xff\xff\xff"),
    "a byte that nothing begins with": result_of(b"\xc1"),
    "an extension nobody knows": result_of(ext(99, b"1")),
    "an event": result_of(ext(EVENT, b"\x90")),
    "a decimal that is no number": result_of(ext(DECIMAL, b"NaN")),
    "a signalling no number": result_of(ext(DECIMAL, b"sNaN")),
    "an infinite decimal": result_of(ext(DECIMAL, b"-Infinity")),
    "a decimal of ten thousand digits": result_of(ext(DECIMAL, b"1" * 10_000)),
    "a decimal that takes a gigabyte to write": result_of(ext(DECIMAL, b"1E+999999999")),
    "a decimal that is a text": result_of(ext(DECIMAL, b"one")),
    "a decimal in other digits": result_of(ext(DECIMAL, "١٢".encode())),
    "the thirtieth of February": result_of(ext(DATE, b"2026-02-30")),
    "the year ten thousand": result_of(ext(DATE, b"10000-01-01")),
    "a document that is a text": result_of(ext(DOCUMENT, b"\xa1a")),
    "a document without its values": result_of(ext(DOCUMENT, b"\x91\x80")),
    "a document of numbers": result_of(ext(DOCUMENT, b"\xdc\x00\x0f" + b"\x01" * 15)),
    "a document that breaks off": result_of(ext(DOCUMENT, b"\xdc\x00\x0f\x80")),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_frame_of_ours_is_a_breach_of_the_protocol(data):
    with sending(data) as worker:
        found = violation_of(worker, answer=lambda capability, arguments: None)
    assert (found.kind, found.stops_for_all) == ("protocol", True)
    assert found.reason == "it broke the protocol of the sandbox (check)"
    assert found.detail


def test_the_last_frames_are_kept_for_whoever_looks_into_it_and_cut():
    def script(line):
        line.receive()
        for number in range(FRAMES_KEPT + 2):
            line.ask(1, "sequence", number)
        line.send(REQUEST, 1, 99, ["x" * 100_000])

    with worker_of(script) as worker:
        found = violation_of(worker, answer=lambda capability, arguments: 1)
    assert len(found.frames) == FRAMES_KEPT
    assert found.frames[-2] == frame_of([REQUEST, 1, "sequence", [FRAMES_KEPT + 1]])[HEADER.size :]
    assert len(found.frames[-1]) == FRAME_KEPT_BYTES


def test_a_request_while_it_is_loaded_is_a_breach_of_the_protocol():
    asking = serve(lambda line, call_id, rest: line.ask(call_id, "sequence", "a"))
    with worker_of(asking) as worker, pytest.raises(Violation) as caught:
        worker.load(PROGRAM)
    assert (caught.value.kind, caught.value.applet, caught.value.version) == ("protocol", "demo", "1.0.0")


def test_results_of_a_batch_must_be_as_many_as_its_calls():
    with sending(frame_of([RESULT, 1, 0, [[0, 1, []]], [], [], 0])) as worker, pytest.raises(Violation) as caught:
        worker.call_many("check", [[], []], no_answer, PATIENT)
    assert caught.value.kind == "protocol"
    assert caught.value.detail == "1 results of 2 calls"


def test_used_up_memory_is_told_with_the_line():
    with sending(frame_of([RESULT, 1, MEMORY, ERROR, [], [], 0])) as worker:
        found = violation_of(worker)
    assert (found.kind, found.line) == ("memory", 20)
    assert found.reason == "its memory of 64 MB was exceeded at line 20 of rules.py (check)"


def test_a_deadline_is_told_even_when_its_error_is_not_in_order():
    with sending(frame_of([RESULT, 1, DEADLINE, "late", [], [], 0])) as worker:
        found = violation_of(worker)
    assert (found.kind, found.line) == ("deadline", 0)


def busy(line):
    line.receive()
    try:
        spin()
    except TimeoutError:
        line.end_call(1, ERROR, status=DEADLINE)


def test_who_takes_too_long_is_interrupted_and_told_with_its_line():
    with worker_of(busy) as worker:
        found = violation_of(worker, deadlines=SHORT)
    assert (found.kind, found.line) == ("deadline", 20)
    assert found.reason.endswith("s was exceeded at line 20 of rules.py (check)")


def test_who_swallows_the_interrupt_and_returns_was_too_late_all_the_same():
    def swallow(line):
        line.receive()
        try:
            spin()
        except TimeoutError:
            line.end_call(1, "done")

    with worker_of(swallow) as worker:
        assert violation_of(worker, deadlines=SHORT).kind == "deadline"


def test_who_ignores_the_interrupt_is_killed():
    def ignore(line):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        line.receive()
        spin()

    with worker_of(ignore) as worker:
        found = violation_of(worker, deadlines=SHORT)
        assert os.WTERMSIG(os.waitpid(worker.pid, 0)[1]) == signal.SIGKILL
    assert (found.kind, found.line) == ("deadline", 0)


def test_a_flood_of_requests_after_the_interrupt_is_neither_answered_nor_waited_for():
    answered = []

    def flood(line):
        line.receive()
        try:
            spin()
        except TimeoutError:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            while True:
                line.send(REQUEST, 1, "sequence", [])

    with worker_of(flood) as worker:
        found = violation_of(worker, deadlines=SHORT, answer=lambda *asked: answered.append(asked))
    assert (found.kind, answered) == ("deadline", [])


def test_a_request_that_the_interrupt_met_does_not_hide_the_line():
    def meet(line):
        line.receive()
        try:
            spin()
        except TimeoutError:
            line.send(REQUEST, 1, "sequence", [])
            line.end_call(1, ERROR, status=DEADLINE)

    with worker_of(meet) as worker:
        assert violation_of(worker, deadlines=SHORT).line == 20


def test_who_sends_a_frame_byte_by_byte_has_no_more_time():
    def dribble(line):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        line.receive()
        line.send_raw(HEADER.pack(FRAME_BYTES_MAX))
        while True:
            line.send_raw(b"\x91")

    with worker_of(dribble) as worker:
        assert violation_of(worker, deadlines=SHORT).kind in ("deadline", "protocol")


def test_a_worker_that_hardly_got_the_cpu_has_twice_the_time_and_is_not_blamed():
    def wait(line):
        line.receive()
        signal.signal(signal.SIGALRM, lambda *_: line.end_call(1, ERROR, status=DEADLINE))
        while True:
            signal.pause()

    # Long enough that what the peer needs to begin is far below its share.
    with worker_of(wait) as worker:
        found = violation_of(worker, deadlines=Deadlines(0.5, 2.0))
    assert (found.kind, found.is_strike, found.line) == ("deadline", False, 20)
    assert found.reason.startswith("its time budget of 1 s was exceeded")


def test_answers_take_nothing_of_the_applets_own_time():
    def ask(line, call_id, rest):
        line.end_call(call_id, line.ask(call_id, "sequence", "a"))

    def answer(capability, arguments):
        # Longer than the applet may take, by the worker's own clock: it is asked for nothing meanwhile.
        end_at = time.perf_counter() + 4 * SHORT.hard_s
        while time.perf_counter() < end_at:
            pass
        return 1

    with worker_of(serve(ask)) as worker:
        assert call(worker, answer=answer, deadlines=Deadlines(0.1, 0.2)).value == [True, 1]


def test_answers_have_a_bound_of_their_own():
    bounded = Deadlines(20.0, 40.0, answers_s=0.0)
    with worker_of(serve(lambda line, call_id, rest: line.ask(call_id, "sequence", "a"))) as worker:
        found = violation_of(worker, answer=lambda capability, arguments: 1, deadlines=bounded)
    assert (found.kind, found.reason) == ("quota", "its requests took more than 0 s in one call (check)")


def test_what_the_broker_does_not_accept_ends_the_call_in_its_name():
    def refuse(capability, arguments):
        raise Violation("quota", "it made more than 200 requests in one call")

    with worker_of(serve(lambda line, call_id, rest: line.ask(call_id, "sequence", "a"))) as worker:
        found = violation_of(worker, answer=refuse)
    assert (found.kind, found.reason) == ("quota", "it made more than 200 requests in one call (check)")


def test_who_does_not_read_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(channel, "SEND_S_MAX", 0.05)
    with worker_of(lambda line: signal.pause()) as worker, pytest.raises(Violation) as caught:
        worker.call("check", ["x" * 900_000], no_answer, PATIENT)
    assert caught.value.kind == "deadline"
    assert caught.value.reason == "it does not take what it is sent (check)"


def kill_when_asked(worker, why):
    """An answer during which another thread kills the worker, and has done so when the answer is given."""

    def answer(capability, arguments):
        thread = threading.Thread(target=worker.kill, args=[why])
        thread.start()
        thread.join()
        return 1

    return answer


def test_a_kill_from_another_thread_ends_the_call_and_is_no_violation():
    def ask_and_spin(line, call_id, rest):
        line.ask(call_id, "sequence", "a")
        spin()

    with worker_of(serve(ask_and_spin)) as worker:
        with pytest.raises(AppletStopped) as caught:
            call(worker, answer=kill_when_asked(worker, "the operator switched it off"))
        assert worker.is_dead
    assert caught.value.details["reason"] == "the operator switched it off"
    assert caught.value.details["kind"] == "killed"


def test_a_kill_between_calls_is_told_by_the_next():
    with worker_of(serve(lambda line, call_id, rest: line.end_call(call_id))) as worker:
        call(worker)
        worker.kill("it was disabled")
        with pytest.raises(AppletStopped, match="it was disabled"):
            call(worker)


def test_a_closed_worker_may_be_killed_and_closed_again():
    with ending(lambda: None) as worker:
        worker.close()
        worker.close()
        worker.kill("late")
        assert worker.is_dead


def test_closing_ends_the_process_and_gives_its_descriptors_back():
    before = len(os.listdir("/proc/self/fd"))
    with ending(lambda: None) as worker:
        pid = worker.pid
        assert len(os.listdir("/proc/self/fd")) == before + 2
    assert len(os.listdir("/proc/self/fd")) == before
    assert has_ended(pid)


def test_an_interrupt_of_the_caller_ends_the_worker():
    def interrupt(capability, arguments):
        raise KeyboardInterrupt

    with worker_of(serve(lambda line, call_id, rest: line.ask(call_id, "sequence", "a"))) as worker:
        with pytest.raises(KeyboardInterrupt):
            call(worker, answer=interrupt)
        assert worker.is_dead
