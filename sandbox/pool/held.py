"""A worker the pool holds, and its use by one caller at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from sandbox.host.engine import Answer, Deadlines, Worker
from sandbox.host.outcome import Description, Result
from sandbox.host.violation import Violation

Done = TypeVar("Done")


class Key(NamedTuple):
    """Whose worker it is. Nothing is ever shared across one of these."""

    tenant_id: str
    applet: str
    version: str
    digest: str


@dataclass(slots=True, eq=False)
class Held:
    """worker: None until it is there. killed_why: why it must not be used any more, said before it may be there.

    looked_at: after how many calls its memory was last looked at. idle_since: of the pool's clock. cpu_s: the worker's
    CPU seconds as it was given back last.
    """

    key: Key
    worker: Worker | None = None
    description: Description = field(default_factory=Description)
    killed_why: str | None = None
    looked_at: int = 0
    idle_since: float = 0.0
    cpu_s: float = 0.0

    def kill(self, why: str) -> None:
        self.killed_why = why
        if self.worker is not None:
            self.worker.kill(why)


class Lease:
    """One caller's use of a worker, until the end of the `with`. Raises Violation, as the worker does.

    durations_s: of each call, and how many calls it was; each of a batch counts with its share. violations: kinds.
    waited_s: seconds until there was a worker with the program in it; 0 where one was idle.
    """

    __slots__ = ("_give_back", "durations_s", "held", "violations", "waited_s", "worker")

    def __init__(self, held: Held, worker: Worker, give_back: Callable[[Lease], None], waited_s: float = 0.0) -> None:
        self.held, self.worker, self._give_back = held, worker, give_back
        self.durations_s: list[tuple[float, int]] = []
        self.violations: tuple[str, ...] = ()
        self.waited_s = waited_s

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._give_back(self)

    @property
    def description(self) -> Description:
        return self.held.description

    @property
    def cpu_s(self) -> float:
        """CPU seconds of this lease so far; of the first one, those of the load too."""
        return self.worker.cpu_s - self.held.cpu_s

    def call(self, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        # Each hook of each save comes by here: nothing stands between that need not.
        began = perf_counter()
        try:
            return self.worker.call(function, arguments, answer, deadlines)
        except Violation as violation:
            self.violations += (violation.kind,)
            raise
        finally:
            self.durations_s.append((perf_counter() - began, 1))

    def call_many(
        self, function: str, argument_lists: Sequence[list[Any]], answer: Answer, deadlines: Deadlines
    ) -> list[Result]:
        count = len(argument_lists)
        return self._measured(count, self.worker.call_many, function, argument_lists, answer, deadlines)

    def run(self, module: str, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        return self._measured(1, self.worker.run, module, function, arguments, answer, deadlines)

    def _measured(self, count: int, do: Callable[..., Done], *arguments: Any) -> Done:
        began = perf_counter()
        try:
            return do(*arguments)
        except Violation as violation:
            self.violations += (violation.kind,)
            raise
        finally:
            self.durations_s.append(((perf_counter() - began) / max(count, 1), count))
