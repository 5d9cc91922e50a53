"""A worker of either engine, as soon as there is somebody to talk to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.frames import BATCH, CALL, LOAD, RUN
from sandbox.host.engine import Answer, Deadlines, Program
from sandbox.host.outcome import AppletFailure, Description, Result, Status
from sandbox.host.talk import Talk
from sandbox.host.telling import tell_program
from sandbox.host.violation import Violation
from sandbox.host.wire import Ended, TooDeep, read_failure, read_hooks, read_result, read_results
from sandbox.limits import BATCH_CALLS_MAX, LOAD_HARD_S, LOAD_SOFT_S
from sdk.errors import TooLarge

_LOAD = Deadlines(LOAD_SOFT_S, LOAD_HARD_S)


class AskedWorker:
    """A `Worker` but for what it takes of the machine."""

    def __init__(self, conversation: Talk) -> None:
        self._conversation = conversation
        self.calls = 0

    @property
    def cpu_s(self) -> float:
        return self._conversation.cpu_s

    @property
    def is_dead(self) -> bool:
        return self._conversation.is_over

    def load(self, program: Program) -> Description:
        conversation = self._conversation
        conversation.applet, conversation.version = program.applet, program.version
        ended = conversation.hold(LOAD, [tell_program(program)], "", _refuse_request, _LOAD)
        if ended.status == Status.RETURNED:
            return Description(conversation.read(read_hooks, ended))
        failure = self._failure_of(ended)
        self.close()
        if ended.status == Status.POLICY:
            raise PolicyRefused(applet=program.applet, violations=failure.violations)
        where = f" at {failure.place}" if failure.place else ""
        reason = f"{failure.kind}: {failure.message}{where}"
        line = failure.place.line if failure.place else 0
        raise LoadFailed(
            applet=program.applet, reason=reason, violations=failure.violations, kind=failure.kind, line=line
        )

    def call(self, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        ended = self._conversation.hold(CALL, [function, arguments], function, answer, deadlines)
        return self._finish(ended)

    def run(self, module: str, function: str, arguments: list[Any], answer: Answer, deadlines: Deadlines) -> Result:
        ended = self._conversation.hold(RUN, [module, function, arguments], function, answer, deadlines)
        return self._finish(ended)

    def call_many(
        self, function: str, argument_lists: Sequence[list[Any]], answer: Answer, deadlines: Deadlines
    ) -> list[Result]:
        """In as few frames as hold them; the deadlines are those of each frame."""
        results: list[Result] = []
        for start in range(0, len(argument_lists), BATCH_CALLS_MAX):
            results += self._call_some(
                function, list(argument_lists[start : start + BATCH_CALLS_MAX]), answer, deadlines
            )
        return results

    def kill(self, why: str) -> None:
        self._conversation.kill(why)

    def close(self) -> None:
        self._conversation.close()

    def _call_some(self, function: str, some: list[list[Any]], answer: Answer, deadlines: Deadlines) -> list[Result]:
        try:
            ended = self._conversation.hold(BATCH, [function, some], function, answer, deadlines)
        except TooLarge:
            # Nothing was sent: TooLarge of a request would have been the applet's, not ours.
            if len(some) == 1 or self.is_dead:
                raise
            half = len(some) // 2
            first = self._call_some(function, some[:half], answer, deadlines)
            return first + self._call_some(function, some[half:], answer, deadlines)
        self.calls += len(some)
        try:
            return self._conversation.read(lambda whole: read_results(whole, len(some)), ended)
        except TooDeep as error:
            return [_too_deep(error)] * len(some)

    def _finish(self, ended: Ended) -> Result:
        self.calls += 1
        try:
            return self._conversation.read(read_result, ended)
        except TooDeep as error:
            return _too_deep(error)

    def _failure_of(self, ended: Ended) -> AppletFailure:
        try:
            return self._conversation.read(read_failure, ended.value)
        except TooDeep as error:
            return AppletFailure("ValueError", message=str(error))


def _refuse_request(capability: str, arguments: list[Any]) -> Any:
    # A runtime of ours has no ctx to ask with before there is a call.
    raise Violation("protocol", "it made a request while its modules were loaded")


def _too_deep(error: TooDeep) -> Result:
    return Result(Status.RAISED, failure=AppletFailure("ValueError", message=str(error)))
