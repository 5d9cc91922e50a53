"""Code that does not end is ended, and code that has ended is never hit afterwards."""

import threading
from collections import Counter
from time import perf_counter
from types import ModuleType

import pytest

from kernel.breaker.errors import HookOverBudget
from kernel.breaker.meters import Limits, Meter
from kernel.breaker.watchdog import LOCK_WAIT_S, HookInterrupted, Span, Watchdog

PATIENCE_S = 20
CODE = """
import time


def count(rounds):
    for _ in range(rounds):
        pass
    return rounds


def spin():
    while True:
        pass


def wait():
    while True:
        time.sleep(0.001)


def generate():
    return sum(1 for _ in iter(int, 1))


def swallow():
    while True:
        try:
            spin()
        except Exception:
            pass


def resist(left):
    while True:
        try:
            spin()
        except BaseException:
            left.append(1)
            if len(left) > 2:
                raise


def call_back(function):
    return function()
"""


@pytest.fixture(scope="module")
def applet():
    module = ModuleType("some_applet")
    exec(CODE, module.__dict__)
    return module


@pytest.fixture
def watchdog():
    found = Watchdog(run.__code__)
    yield found
    found.close()


def meter(budget_s=0.02, statements_max=3):
    limits = Limits(5, 60.0, 0.5)
    return Meter(
        "a", "1", "before_save", "a:f", budget_s=budget_s, statements_max=statements_max, limits=limits,
        code_package="some_applet",
    )  # fmt: skip


def run(watchdog, function, *arguments, budget_s=0.02):
    """As the breaker calls a hook."""
    thread_id = threading.get_ident()
    span = watchdog.spans[thread_id] = Span(meter(budget_s), thread_id, perf_counter())
    if watchdog.is_idle:
        watchdog.wake()
    try:
        try:
            return function(*arguments)
        finally:
            span.is_over = True
            if span.is_aimed:
                watchdog.settle(span)
    finally:
        del watchdog.spans[thread_id]


@pytest.mark.parametrize("name", ["spin", "wait", "generate", "swallow"])
def test_a_loop_is_ended(watchdog, applet, name):
    began = perf_counter()
    with pytest.raises(HookInterrupted):
        run(watchdog, getattr(applet, name))
    assert perf_counter() - began < PATIENCE_S


def test_code_that_catches_everything_is_hit_again_and_again(watchdog, applet):
    left = []
    with pytest.raises(HookInterrupted):
        run(watchdog, applet.resist, left)
    assert len(left) == 3


def test_code_that_is_quick_enough_is_left_alone(watchdog, applet):
    assert run(watchdog, applet.count, 1000, budget_s=60.0) == 1000


def test_code_of_others_is_not_hit_until_it_comes_back(watchdog, applet):
    seen = []

    def foreign():
        end = perf_counter() + 0.2
        while perf_counter() < end:
            seen.append(1)

    with pytest.raises(HookInterrupted):
        run(watchdog, lambda: (applet.call_back(foreign), seen.append("back"), applet.spin()))
    assert seen[-1] == "back"


def test_what_has_just_ended_is_never_hit_afterwards(watchdog, applet):
    """Calls whose length lies about the budget, in several threads at once: each ends one way or the other."""
    outcomes, escaped = Counter(), []

    def work(seed):
        try:
            for number in range(60):
                try:
                    run(watchdog, applet.count, 1 + (seed * 7919 + number * 104_729) % 600_000, budget_s=0.004)
                    outcomes["done"] += 1
                except HookInterrupted:
                    outcomes["interrupted"] += 1
                sum(range(20_000))
        except BaseException as error:
            escaped.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert escaped == []
    assert sum(outcomes.values()) == 240
    assert outcomes["done"] > 0


def test_a_statement_is_refused_once_the_time_is_over():
    span = Span(meter(budget_s=0.0), 0, perf_counter() - 1)
    with pytest.raises(HookOverBudget) as raised:
        span.begin_statement()
    assert (raised.value.details["budget_ms"], span.refusal) == (0, raised.value)


def test_statements_are_counted_and_refused_beyond_their_number():
    span = Span(meter(budget_s=60.0), 0, perf_counter())
    for _ in range(3):
        span.end_statement(span.begin_statement(), may_wait=False)
    assert span.statements == 3
    assert span.database_s > 0
    with pytest.raises(HookOverBudget, match="exceeded its budget of 3 statements"):
        span.begin_statement()


def test_it_rests_while_there_is_nothing_to_watch_and_wakes_again(watchdog, applet):
    assert watchdog.is_idle
    with pytest.raises(HookInterrupted):
        run(watchdog, applet.spin)
    end = perf_counter() + PATIENCE_S
    while not watchdog.is_idle and perf_counter() < end:
        threading.Event().wait(0.01)
    assert watchdog.is_idle
    with pytest.raises(HookInterrupted):
        run(watchdog, applet.spin)


def test_it_can_be_closed_without_having_begun():
    Watchdog(run.__code__).close()


def test_it_does_not_lie_down_to_rest_as_it_is_closed(watchdog, applet):
    """Else whoever closes it, the end of the process say, waits for it for ever."""
    watchdog.close()
    rest = threading.Thread(target=watchdog._rest, daemon=True)
    rest.start()
    rest.join(PATIENCE_S / 4)
    assert not rest.is_alive()


def test_what_a_write_waits_for_a_lock_is_not_of_the_budget():
    """A reading statement waits for nobody: that it takes long is its own fault."""
    span = Span(meter(budget_s=1.0), 0, perf_counter())
    deadline = span.deadline
    span.end_statement(perf_counter() - 20, may_wait=False)
    assert (span.lock_s, span.deadline) == (0.0, deadline)
    span.end_statement(perf_counter() - LOCK_WAIT_S / 2, may_wait=True)
    assert span.lock_s == 0.0
    span.end_statement(perf_counter() - 20, may_wait=True)
    assert span.lock_s == pytest.approx(20 - LOCK_WAIT_S, abs=0.5)
    assert span.deadline == deadline + span.lock_s
    assert span.statements == 3
