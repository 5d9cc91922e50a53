"""Time, memory, stack and kills: whatever an instance does, its call ends, and no other notices."""

import re
import threading
import time

import pytest

from sandbox.errors import AppletStopped
from sandbox.host import Deadlines, Status, Violation
from sandbox.wasm.limits import TICK_S
from tests.sandbox.wasm.programs import PATIENT, SHORT, loaded, run
from tests.sandbox.worker.client import FACTS

pytestmark = pytest.mark.slow
SPINNING = "def spin():\n    while True:\n        pass\ndef one():\n    return 1\n"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "return 10**10**8",
        "return int(Decimal('1E+30000000'))",
        "return sum(iter(int, 1))",
        "return sorted(range(10), key=lambda _: spin())",
        "\n    try:\n        spin()\n    finally:\n        spin()",
        "return 'a' * 10**7 in 'a' * (10**7 - 1) + 'b' + spin()",
    ],
)
def test_loops_in_python_and_in_c_end_on_time(engine, body):
    source = f"from decimal import Decimal\ndef f():\n    {body}\ndef spin():\n    while True:\n        pass\n"
    worker = loaded(engine, source, 256)
    begin = time.thread_time()
    with pytest.raises(Violation) as found:
        run(worker, "f", deadlines=SHORT)
    assert (found.value.kind, found.value.function) == ("deadline", "f")
    # Twice as much where the machine was busy with others.
    assert re.match(r"its time budget of 0\.[36] s was exceeded", found.value.reason)
    assert worker.is_dead
    # CPU of this thread: wall time would be the machine's business. Twice at most, where it was busy.
    assert time.thread_time() - begin < 2 * SHORT.hard_s + 20 * TICK_S


def test_the_line_of_the_last_request_is_told(engine):
    worker = loaded(engine, "def f(ctx):\n    ctx.sequence('a')\n    g()\ndef g():\n    while True: pass\n")
    with pytest.raises(Violation) as found:
        run(worker, "f", FACTS, answer=lambda *_: 1, deadlines=SHORT)
    assert found.value.reason.endswith(" s was exceeded after line 2 of hooks.py (f)")
    assert found.value.line == 2


def test_time_of_answers_is_not_the_applets(engine):
    worker = loaded(engine, "def f(ctx): return [ctx.sequence('a') for _ in range(3)]")

    def answer(capability, arguments):
        end = time.perf_counter() + 0.2
        while time.perf_counter() < end:
            """The kernel is at work."""
        return 1

    assert run(worker, "f", FACTS, answer=answer, deadlines=SHORT).value == [1, 1, 1]


def test_answers_have_a_bound_of_their_own(engine):
    worker = loaded(engine, "def f(ctx): return ctx.sequence('a')")
    with pytest.raises(Violation) as found:
        run(worker, "f", FACTS, answer=lambda *_: 1, deadlines=Deadlines(20.0, 40.0, answers_s=0.0))
    assert found.value.kind == "quota"


@pytest.mark.parametrize(
    "body",
    [
        "'x' * 10**9",
        "[0] * 10**9",
        "list(range(10**9))",
        "f'{1:>2000000000}'",
        "x = [1]\n    while True: x.append(x * 2)",
        "x = {}\n    while True: x[len(x)] = str(len(x)) * 100",
    ],
)
def test_who_takes_too_much_memory_is_told_and_ends(engine, body):
    worker = loaded(engine, f"def f():\n    {body}")
    with pytest.raises(Violation) as found:
        run(worker, "f")
    assert (found.value.kind, worker.is_dead) == ("memory", True)
    # With the line, if there was memory left to tell it.
    assert found.value.reason.startswith("its memory of 64 MB was exceeded")


def test_an_applet_may_give_back_what_it_could_not_have(engine):
    worker = loaded(engine, "def f():\n    try:\n        'x' * 10**9\n    except MemoryError:\n        return 'less'")
    assert run(worker, "f").value == "less"


def test_memory_is_what_was_asked_for(engine):
    source = "def f(mb): return len(bytes(1024) * 1024 * mb)"
    assert run(loaded(engine, source, 64), "f", 20).value == 20 << 20
    with pytest.raises(Violation) as found:
        run(loaded(engine, source, 16), "f", 20)
    assert found.value.kind == "memory"


@pytest.mark.parametrize(
    "step", ["f()", "sorted([0], key=lambda _: f())", "str(Odd())", "Odd() == 1", "[*(f() for _ in [0])]"]
)
def test_recursion_is_an_error_of_the_applet_through_c_too(engine, step):
    source = (
        "class Odd:\n    def __str__(self): return f()\n    def __eq__(self, other): return f()\n"
        f"def f(): return {step}\ndef g(): return 1"
    )
    worker = loaded(engine, source)
    result = run(worker, "f")
    assert (result.status, result.failure.kind) == (Status.RAISED, "RecursionError")
    assert run(worker, "g").value == 1


def test_a_stack_that_overflows_in_c_alone_ends_the_instance_only(engine):
    worker = loaded(engine, "def f():\n    x = []\n    for _ in range(200_000): x = map(str, x)\n    return list(x)")
    with pytest.raises(Violation) as found:
        run(worker, "f")
    assert (found.value.kind, found.value.detail) == ("crashed", "wasm trap: call stack exhausted")
    assert run(loaded(engine, SPINNING), "one").value == 1


def test_a_kill_ends_a_call_from_another_thread(engine):
    worker = loaded(engine, SPINNING)
    killer = threading.Timer(0.1, worker.kill, ["the operator stopped it"])
    killer.start()
    with pytest.raises(AppletStopped) as stopped:
        run(worker, "spin")
    killer.join()
    assert stopped.value.details["reason"] == "the operator stopped it"
    with pytest.raises(AppletStopped):
        run(worker, "one")


def test_who_was_killed_between_calls_stays_so(engine):
    worker = loaded(engine, SPINNING)
    worker.kill("it is over")
    assert worker.is_dead
    with pytest.raises(AppletStopped):
        run(worker, "one")
    worker.close()


def test_calls_on_several_threads_do_not_meet(engine):
    source = "def f(ctx, n):\n    x = sum(range(n))\n    return [ctx.sequence(str(n)), x]"
    found = {}

    def work(number):
        worker = loaded(engine, source)
        for n in range(20):
            given = number * 100 + n
            result = run(worker, "f", FACTS, given, answer=lambda _, arguments: int(arguments[0]))
            found[given] = result.value

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n, sum(range(n))] for number in range(4) for n in range(number * 100, number * 100 + 20)}


def test_one_that_ends_late_takes_no_other_with_it(engine):
    """The clock is the same for all."""
    worker, ends = loaded(engine, SPINNING), []

    def spin():
        with pytest.raises(Violation) as found:
            run(loaded(engine, SPINNING), "spin", deadlines=SHORT)
        ends.append(found.value.kind)

    thread = threading.Thread(target=spin)
    thread.start()
    while thread.is_alive():
        assert run(worker, "one", deadlines=PATIENT).value == 1
    thread.join()
    assert ends == ["deadline"]


def test_cpu_time_is_counted(engine):
    worker = loaded(engine, "def f(): return sum(i * i for i in range(100_000))")
    before = worker.cpu_s
    run(worker, "f")
    assert 0 < worker.cpu_s - before < 10
    assert worker.calls == 1
