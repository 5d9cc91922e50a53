"""Time, memory and stack: who takes too much is told so or ended, and nobody else notices."""

import signal

import pytest

from sandbox.frames import DEADLINE, MEMORY, RAISED, RETURNED, RUN
from tests.sandbox.worker.client import Client

CATCHING = """
def f(ctx):
    ctx.resolve('start')
    spin()

def spin():
    while True:
        try:
            while True:
                pass
        except {}:
            pass
"""


@pytest.fixture
def late(raw):
    """A worker whose deadline passes as soon as its call has asked for something."""

    def answer(*_):
        raw.is_due = True

    def send(frame, plainly=raw.send):
        plainly(frame)
        if raw.is_due:
            raw.is_due = False
            raw.interrupt()

    raw.is_due, raw.answers, raw.send = False, {"resolve": answer}, send
    return raw


def test_an_endless_loop_is_ended_with_the_line_it_was_at(raw):
    raw.load("def f():\n    return spin()\ndef spin():\n    while True:\n        pass")
    raw.send([RUN, 0, "hooks", "f", []])
    raw.wait_until_busy()
    raw.interrupt()
    _, _, status, error, changes, _, _ = raw.receive()
    assert (status, error[0], changes) == (DEADLINE, "DeadlineExceeded", [])
    assert error[5][0] == ["hooks", "f", 2]
    assert error[5][1] in (["hooks", "spin", 4], ["hooks", "spin", 5])
    # Its state is anybody's guess, so it serves no more.
    assert raw.receive() is None
    assert raw.status() == 0


def test_the_deadline_is_no_exception_that_code_catches(late):
    late.load(CATCHING.format("Exception"))
    assert late.call("f")[0] == DEADLINE


def test_what_swallows_the_deadline_is_killed_from_outside(raw):
    raw.load(CATCHING.format("BaseException"))
    raw.answers = {"resolve": lambda *_: None}
    raw.send([RUN, 0, "hooks", "spin", []])
    raw.wait_until_busy()
    raw.interrupt()
    raw.wait_until_busy()
    assert raw.says_nothing()
    signal.pidfd_send_signal(raw.worker.pidfd, signal.SIGKILL)
    assert raw.receive() is None
    assert raw.status() == -signal.SIGKILL


def test_a_deadline_while_an_answer_is_awaited_ends_the_call(raw):
    raw.load("def f(ctx):\n    return ctx.resolve('start')")
    raw.answers = {"resolve": lambda *_: raw.interrupt()}
    status, error, *_ = raw.call("f")
    assert (status, error[5]) == (DEADLINE, [["hooks", "f", 2]])


def test_a_deadline_between_two_calls_means_nothing(raw):
    raw.load("def f(): return 1")
    raw.interrupt()
    assert [raw.run("f")[1] for _ in range(3)] == [1, 1, 1]


def test_an_error_text_that_takes_forever_is_ended_too(late):
    late.load(
        "class Slow(Exception):\n    def __str__(self):\n        ctx.resolve('start')\n        while True: pass\n"
        "def f(given):\n    global ctx\n    ctx = given\n    raise Slow",
    )
    assert late.call("f")[0] == DEADLINE


@pytest.mark.parametrize(
    "body",
    [
        "'x' * 10**10",
        "[0] * 10**9",
        "list(range(10**9))",
        "[bytes(10**6) for _ in range(10**6)]",
        "f'{1:>5000000000}'",
        "x = [1]\n    while True: x.append(x * 2)",
        "x = {}\n    while True: x[len(x)] = str(len(x)) * 100",
    ],
)
def test_who_takes_too_much_memory_is_told_and_ends(raw, body):
    raw.load(f"def f():\n    {body}")
    status, error, *_ = raw.run("f")
    assert (status, error[0], error[5][0]) == (MEMORY, "MemoryError", ["hooks", "f", error[5][0][2]])
    assert raw.receive() is None
    assert raw.status() == 0


def test_an_applet_may_give_back_what_it_could_not_have(raw):
    raw.load("def f():\n    try:\n        'x' * 10**10\n    except MemoryError:\n        return 'less'")
    assert raw.run("f")[:2] == [RETURNED, "less"]


def test_memory_is_what_was_asked_for(raw_zygote):
    source = "def f(mb): return len(bytearray(mb << 20))"
    for memory_mb, fits in ((32, False), (256, True)):
        with Client(raw_zygote, memory_mb) as client:
            client.load(source)
            assert (client.run("f", 64)[0] == RETURNED) is fits


@pytest.mark.parametrize(
    "step",
    [
        "sorted([0], key=lambda _: f())",
        "max([0], key=lambda _: f())",
        "list(map(lambda _: f(), [0]))",
        "[*(f() for _ in [0])]",
        "functools.reduce(lambda a, b: f(), [0, 1])",
        "str(Odd())",
        "Odd() == 1",
        "re.sub('a', lambda _: f(), 'a')",
        "json.loads('{}', object_hook=lambda _: f())",
    ],
)
def test_recursion_through_c_is_an_error_of_the_applet_too(raw, step):
    raw.load(
        "import functools, json, re\n"
        "class Odd:\n    def __str__(self): return f()\n    def __eq__(self, other): return f()\n"
        f"def f(): return {step}\ndef g(): return 1"
    )
    status, error, *_ = raw.run("f")
    assert (status, error[0]) == (RAISED, "RecursionError")
    assert raw.run("g")[1] == 1


def test_unbounded_recursion_is_an_error_of_the_applet(raw):
    raw.load("def f(): return f()\ndef g(): return 1")
    status, error, *_ = raw.run("f")
    assert (status, error[0], len(error[5])) == (RAISED, "RecursionError", 10)
    assert raw.run("g")[1] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("x = []\n    for _ in range(200_000): x = map(str, x)\n    return list(x)", -signal.SIGSEGV),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
        ("import os; os._exit(7)", 7),
    ],
)
def test_a_crash_looks_like_a_crash_and_not_like_an_attack(raw, body, status):
    raw.load(f"def f():\n    {body}")
    assert raw.run("f") is None
    assert raw.status() == status


def test_a_fatal_error_of_the_interpreter_looks_like_a_crash(raw):
    raw.load("import ctypes\ndef f(): ctypes.pythonapi.Py_FatalError(b'the end')")
    assert raw.run("f") is None
    assert raw.status() == -signal.SIGABRT


def test_the_end_of_the_wire_is_the_end_of_the_worker(raw):
    raw.load("x = 1")
    raw.worker.socket.close()
    assert raw.status() == 0
