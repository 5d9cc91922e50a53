"""Whatever a worker sends, its kernel sees a result or a violation, and grows by nothing."""

import os
import random
import resource
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sandbox.host import Deadlines, Program, Result, Violation
from sandbox.host.native import NativeWorker
from sandbox.host.wire import MalformedFrame, read_frame
from sdk.errors import BosError, NotFound
from tests.sandbox.fuzz.frames import TRUE_FRAMES, hostile_bytes

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
PROGRAM = Program("demo", "1.0.0", "abc", {"hooks": ""})
# The interpreter keeps some of what it was lent; leaking a frame of each kind would be far more.
GROWTH_BYTES_MAX = 8 << 20


@pytest.fixture(scope="module")
def ended():
    """A process that has ended and is not buried: what it sends has been sent, and killing it hurts nobody."""
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    descriptor = os.pidfd_open(process.pid)
    yield process.pid, descriptor
    os.close(descriptor)
    process.wait()


def worker_that_sent(data: bytes, ended: tuple[int, int]) -> tuple[NativeWorker, socket.socket]:
    """Its socket holds these bytes and then the end."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)
    theirs.sendall(data)
    theirs.shutdown(socket.SHUT_WR)
    pid, descriptor = ended
    return NativeWorker(ours, pid, os.dup(descriptor), lambda _: 0), theirs


def answer(capability, arguments):
    if len(arguments) == 3:
        raise NotFound(resource=capability, id="1")
    return arguments


def outcome_of(data: bytes, ended: tuple[int, int], verb: str) -> str:
    worker, theirs = worker_that_sent(data, ended)
    try:
        if verb == "load":
            return f"hooks: {len(worker.load(PROGRAM).hooks) > 0}"
        if verb == "call_many":
            results = worker.call_many("check", [[1], [2]], answer, PATIENT)
            assert [type(result) for result in results] == [Result, Result]
            return "results"
        result = worker.call("check", [1], answer, PATIENT)
        assert type(result) is Result
        return str(result.status)
    except Violation as violation:
        return violation.kind
    except BosError as error:
        # Only a load tells errors of the applet by raising them.
        assert verb == "load"
        return error.code
    finally:
        worker.close()
        theirs.close()


def rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def fuzz(count: int, ended: tuple[int, int]) -> Counter[str]:
    dice = random.Random(20260101)
    outcomes: Counter[str] = Counter()
    before = 0
    for number in range(count):
        outcomes[outcome_of(hostile_bytes(dice), ended, dice.choice(["call", "call", "call_many", "load"]))] += 1
        if number == min(count // 5, 2_000):
            before = rss_bytes()
    assert rss_bytes() - before < GROWTH_BYTES_MAX
    return outcomes


def check(outcomes: Counter[str], count: int) -> None:
    assert sum(outcomes.values()) == count
    # All of them occur, or what is sent is not hostile enough to tell anything.
    assert outcomes.keys() == {
        "protocol", "crashed", "deadline", "memory", "0", "1", "2", "results", "hooks: True", "hooks: False",
        "load_failed", "policy_refused",
    }  # fmt: skip
    assert outcomes["protocol"] > count // 2


def test_five_thousand_hostile_answers_are_results_or_violations(ended):
    check(fuzz(5_000, ended), 5_000)


@pytest.mark.slow
def test_a_hundred_thousand_hostile_answers_are_results_or_violations(ended):
    check(fuzz(100_000, ended), 100_000)


@pytest.mark.parametrize("data", TRUE_FRAMES, ids=[str(number) for number in range(len(TRUE_FRAMES))])
def test_what_is_mutated_is_a_frame_before_that(data):
    assert read_frame(data).call_id == 1


def test_a_frame_cut_anywhere_is_none():
    for data in TRUE_FRAMES:
        for length in range(len(data)):
            with pytest.raises(MalformedFrame):
                read_frame(data[:length])
