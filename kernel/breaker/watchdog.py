"""Ends hooks that run for too long, though Python has no way to stop a thread.

An exception is raised in the thread from outside, but only while the code that runs in it is the applet's own: never
inside the kernel, the database driver or the standard library, which would be left with a lock held or a connection in
the middle of an answer. Inside of those the span itself refuses, as the next statement begins.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from itertools import repeat, starmap
from operator import itemgetter
from time import perf_counter
from types import CodeType, FrameType
from typing import NoReturn

from kernel.breaker.errors import HookOverBudget
from kernel.breaker.meters import Meter
from kernel.breaker.strikes import Strike

# How late an overrun is seen: each look costs whoever computes a change of threads.
TICK_S = 0.05
# While one is overdue: how soon to see whether its own code runs by now.
AIM_TICK_S = 0.005
# What a write takes beyond, it has waited for a lock of somebody else's: readers wait for nobody, and writes are small.
LOCK_WAIT_S = 0.1
# Code that catches everything is hit again.
AIM_AGAIN_S = 0.25
IDLE_TICKS = 20

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)
_raise_in.restype = ctypes.c_int
_NOTHING = ctypes.py_object()


class HookInterrupted(BaseException):
    """Raised inside an applet's code from outside. No error of ours: `except Exception` of the applet lets it pass."""


class Span:
    """One call of a hook function. deadline: moves on by what hooks of others take that are called from within.

    lock_s: what it has waited for others, its writes for locks say; as little the hook's own. strike: given by who runs
    it sandboxed.
    """

    # Of the class until they change, which few do in most calls: one is made for every call of a hook.
    statements = 0
    database_s = lock_s = nested_s = aimed_at = 0.0
    is_over = is_aimed = False
    refusal: HookOverBudget | None = None
    strike: Strike | None = None

    def __init__(self, meter: Meter, thread_id: int, started: float) -> None:
        self.meter = meter
        self.thread_id = thread_id
        self.started = started
        self.deadline = started + meter.budget_s

    def begin_statement(self) -> float:
        """The moment it begins. Raises HookOverBudget instead when time or statements are used up."""
        now = perf_counter()
        if now > self.deadline or self.statements >= self.meter.statements_max:
            self.refuse(now > self.deadline)
        return now

    def end_statement(self, began: float, may_wait: bool) -> None:
        """may_wait: whether it may have had to wait for a lock, since it writes or locks itself."""
        took = perf_counter() - began
        self.statements += 1
        self.database_s += took
        if may_wait and took > LOCK_WAIT_S:
            self.wait(took - LOCK_WAIT_S)

    def wait(self, seconds: float) -> None:
        """It has waited so long for others."""
        self.lock_s += seconds
        self.deadline += seconds

    def refuse(self, is_late: bool = True) -> NoReturn:
        meter = self.meter
        budget = f"{meter.budget_s * 1000:.0f} ms" if is_late else f"{meter.statements_max} statements"
        self.refusal = HookOverBudget(
            applet=meter.applet,
            hook=meter.hook,
            function=meter.function,
            budget=budget,
            budget_ms=round(meter.budget_s * 1000) if is_late else None,
        )
        raise self.refusal


class Watchdog:
    """spans: the innermost call of each thread. `stop_at`: the code below which a stack is none of the applet's."""

    def __init__(self, stop_at: CodeType) -> None:
        self.spans: dict[int, Span] = {}
        self.is_idle = True
        self._stop_at = stop_at
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Begin to look. The thread is there from the first hook on."""
        with self._lock:
            if self._thread is None and not self._is_closing.is_set():
                thread = threading.Thread(target=self._run, name="bos-watchdog", daemon=True)
                thread.start()
                self._thread = thread
            self.is_idle = False
        self._wake.set()

    def close(self) -> None:
        self._is_closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def settle(self, span: Span) -> NoReturn:
        """By the thread itself when a span is over that was aimed at: what has not arrived must not hit later.

        Raises HookInterrupted in any case, as nobody knows whether it has arrived and was swallowed.
        """
        with self._lock:
            _raise_in(span.thread_id, _NOTHING)
        raise HookInterrupted

    def _run(self) -> None:
        idle_ticks, pause_s = 0, TICK_S
        while not self._is_closing.wait(pause_s):
            overdue = self._look()
            pause_s = AIM_TICK_S if overdue else TICK_S
            idle_ticks = 0 if self.spans else idle_ticks + 1
            if idle_ticks >= IDLE_TICKS:
                self._rest()
                idle_ticks = 0

    def _rest(self) -> None:
        """Until the next hook. Whoever begins one puts its span there before it looks whether we rest, as does
        whoever closes: neither is slept through."""
        self._wake.clear()
        self.is_idle = True
        if not self.spans and not self._is_closing.is_set():
            self._wake.wait()
        self.is_idle = False

    def _look(self) -> bool:
        """Whether one is overdue."""
        now = perf_counter()
        overdue = [span for span in list(self.spans.values()) if now > span.deadline]
        for span in overdue:
            if not span.is_aimed or now - span.aimed_at > AIM_AGAIN_S:
                self._aim(span, now)
        return bool(overdue)

    def _aim(self, span: Span, now: float) -> None:
        """Raise in its thread if what runs there is the applet's own code, and is still as it is hit."""
        frame = sys._current_frames().get(span.thread_id)
        if frame is None or not self._is_own(frame, span.meter.code_package):
            return
        with self._lock:
            if span.is_over:
                return
            span.is_aimed, span.aimed_at = True, now
            if not _hit(span.thread_id, frame):
                span.is_aimed = False

    def _is_own(self, frame: FrameType, package: str) -> bool:
        if not _is_in(frame, package):
            return False
        below: FrameType | None = frame
        while below is not None and below.f_code is not self._stop_at:
            if str(below.f_globals.get("__name__")).startswith("kernel."):
                return False
            below = below.f_back
        return below is not None


def _is_in(frame: FrameType, package: str) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name == package or name.startswith(f"{package}.")


def _hit(thread_id: int, frame: FrameType) -> bool:
    """Look once more which frame runs and raise there, as one call into C: no other thread runs in between.

    As that thread waits for its turn, or for what it has called, the exception meets it where it stands.
    """
    targets = {frame: HookInterrupted}
    running = map(itemgetter(thread_id), starmap(sys._current_frames, [()]))
    aimed = zip(repeat(thread_id), filter(None, map(targets.get, running)), strict=False)
    try:
        return bool(sum(starmap(_raise_in, aimed)))
    except KeyError:
        # The thread has ended.
        return False
