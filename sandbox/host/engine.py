"""What an engine and its workers do for the pool, whichever runs the code: locked processes or WebAssembly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.host.outcome import Description, Result

# Answers one request of a call (capability, arguments), in the thread that called and in the middle of the call.
# Raises BosError for what the applet may catch, Violation for what no honest runtime asks.
Answer = Callable[[str, list[Any]], Any]


@dataclass(frozen=True, slots=True)
class Program:
    """What a worker is loaded with; plain data, never parsed on this side.

    digest: of everything below, it tells programs apart. modules: name inside the applet ("hooks", "data.rates") ->
    source. files: texts that code may read through the SDK. keeps_state: whether module globals outlive a call.
    """

    applet: str
    version: str
    digest: str
    modules: Mapping[str, str] = field(hash=False)
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    hooks_module: str = "hooks"
    memory_mb: int = 128
    keeps_state: bool = False


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds of the applet's own time, without what answers to its requests take.

    soft_s: then it is interrupted, and its line told. hard_s: then its process is killed. answers_s: what answers may
    take of one call, None for `ANSWERS_S_MAX`.
    """

    soft_s: float
    hard_s: float
    answers_s: float | None = None


class Worker(Protocol):
    """One place where one program runs; used by one thread at a time, except for `kill`."""

    @property
    def memory_bytes(self) -> int:
        """What it holds beyond what it shares with others."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds it has used since it began."""

    @property
    def is_dead(self) -> bool: ...

    @property
    def calls(self) -> int:
        """Finished calls; each of a batch counts."""

    def load(self, program: Program) -> Description:
        """Run the modules once. Raises PolicyRefused, LoadFailed, or Violation when it did not get that far."""

    def call(self, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        """Call a hook function of the program. Raises Violation, or AppletStopped once it was killed."""

    def call_many(
        self, function: str, argument_lists: Sequence[list[Any]], answer: Answer, deadlines: Deadlines
    ) -> list[Result]:
        """Call it once for each list, in one frame; the deadlines are those of all together."""

    def run(self, module: str, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        """Call any function of any module of the program."""

    def kill(self, why: str) -> None:
        """From any thread, also in the middle of a call: that call ends with AppletStopped, telling why."""

    def close(self) -> None:
        """Be done with it, by the thread that used it."""


class Engine(Protocol):
    """Makes workers. One per process."""

    @property
    def level(self) -> str:
        """full, strong, wasm or dev."""

    def spawn(self, memory_mb: int) -> Worker:
        """A worker locked down, with nothing loaded yet."""

    def close(self) -> None: ...
