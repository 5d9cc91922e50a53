"""How long a worker is waited for: its own time, of which answers to its requests take nothing."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import perf_counter

from sandbox.host.engine import Deadlines
from sandbox.limits import ANSWERS_S_MAX, CPU_SHARE_MIN

# A timeout of nothing would be none at all.
TIMEOUT_S_MIN = 0.0005


class Step(Enum):
    """What is due when a worker's time is up."""

    WAIT_ON = "wait on"
    INTERRUPT = "interrupt"
    KILL = "kill"


class Patience:
    """Of one call. cpu_s: the worker's CPU seconds as of now; cpu_before_s: as the call began.

    The clock runs while the worker has the turn: it stands still between `pause` and `resume`, when the kernel answers.
    """

    __slots__ = (
        "_answers_s", "_bound_s", "_cpu_before_s", "_cpu_s", "_deadlines", "_since", "_used_s", "is_extended",
        "is_interrupted",
    )  # fmt: skip

    def __init__(self, deadlines: Deadlines, cpu_s: Callable[[], float], cpu_before_s: float) -> None:
        self._deadlines = deadlines
        self._cpu_s, self._cpu_before_s = cpu_s, cpu_before_s
        self._bound_s = deadlines.soft_s
        self._used_s = self._answers_s = 0.0
        self._since = perf_counter()
        self.is_extended = self.is_interrupted = False

    @property
    def has_answers_left(self) -> bool:
        """Whether the kernel goes on answering: what is waited for meanwhile is time of a request all the same."""
        return self._answers_s < self.answers_s_max

    @property
    def answers_s_max(self) -> float:
        own = self._deadlines.answers_s
        return ANSWERS_S_MAX if own is None else own

    @property
    def budget_s(self) -> float:
        """The time that it had for itself, for people."""
        return self._deadlines.soft_s * (1 + self.is_extended)

    def pause(self) -> None:
        now = perf_counter()
        self._used_s += now - self._since
        self._since = now

    def resume(self) -> None:
        now = perf_counter()
        self._answers_s += now - self._since
        self._since = now

    def left_s(self) -> float:
        """Until something is due."""
        return self._bound_s - self._used_s - (perf_counter() - self._since)

    def is_machine_busy(self) -> bool:
        """Whether the worker was hardly given the CPU, so that it is not the applet that is slow."""
        used_s = self._used_s + perf_counter() - self._since
        return self._cpu_s() - self._cpu_before_s < CPU_SHARE_MIN * used_s

    def expire(self) -> Step:
        """Nothing is left: what now."""
        if not self.is_extended and self.is_machine_busy():
            self.is_extended = True
            self._bound_s += self._deadlines.soft_s
            return Step.WAIT_ON
        if not self.is_interrupted:
            self.is_interrupted = True
            self._bound_s += max(self._deadlines.hard_s - self._deadlines.soft_s, TIMEOUT_S_MIN)
            return Step.INTERRUPT
        return Step.KILL
