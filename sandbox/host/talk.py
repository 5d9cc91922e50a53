"""What the conversations of both engines have in common: whom with, what came, and how what broke the rules is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from sandbox.errors import AppletStopped
from sandbox.host.engine import Answer, Deadlines
from sandbox.host.outcome import Place, Status
from sandbox.host.patience import Patience
from sandbox.host.telling import FramePacker
from sandbox.host.violation import STOPPING_FOR_ALL, Violation, ViolationKind
from sandbox.host.wire import Ended, MalformedFrame, Request, TooDeep, check_depth, read_failure, read_frame
from sandbox.limits import FRAME_KEPT_BYTES, FRAMES_KEPT
from sdk.errors import BosError, Invalid

Read = TypeVar("Read")


class Talk(ABC):
    """applet, version: of whom violations tell. killed_why: set from any thread, the rest by the owner's alone."""

    def __init__(self, memory_mb: int) -> None:
        self.applet = self.version = ""
        self.killed_why: str | None = None
        self.is_closed = False
        # As of the end of the last call, which is all it has used: between calls it sleeps.
        self.cpu_s = 0.0
        self._packer, self._memory_mb = FramePacker(), memory_mb
        self._frames: deque[bytes] = deque(maxlen=FRAMES_KEPT)
        self._call_id = 0
        self._function = ""

    @property
    def is_over(self) -> bool:
        return self.is_closed or self.killed_why is not None

    @abstractmethod
    def hold(self, kind: int, rest: list[Any], function: str, answer: Answer, deadlines: Deadlines) -> Ended:
        """Ask, and answer what is asked back, until it has ended.

        Raises Violation, AppletStopped once it was killed; TooLarge and Invalid for what cannot be asked, and nothing
        has happened then.
        """

    @abstractmethod
    def kill(self, why: str) -> None:
        """From any thread."""

    @abstractmethod
    def close(self) -> None: ...

    def read(self, read: Callable[[Any], Read], told: Any) -> Read:
        """What a frame means, by a reader of `sandbox.host.wire`. Raises Violation, TooDeep."""
        try:
            return read(told)
        except MalformedFrame as error:
            self._raise_malformed(error)

    def _begin(self, kind: int, rest: list[Any], function: str) -> bytes:
        """The frame of a new call. Raises AppletStopped, TooLarge, Invalid."""
        if self.is_over:
            raise self._stopped()
        self._call_id += 1
        self._function = function
        return self._packer.pack([kind, self._call_id, *rest])

    def _read_own(self, data: bytes) -> Request | Ended:
        """A frame of the call that runs. Raises MalformedFrame."""
        self._frames.append(data[:FRAME_KEPT_BYTES])
        frame = read_frame(data)
        if frame.call_id != self._call_id:
            raise MalformedFrame(f"a frame of call {frame.call_id} in call {self._call_id}")
        return frame

    def _reply_to(self, request: Request, answer: Answer) -> bytes:
        try:
            check_depth(request.arguments)
            return self._packer.pack_reply(self._call_id, answer(request.capability, request.arguments))
        except TooDeep as error:
            return self._packer.pack_refusal(self._call_id, Invalid(f"{request.capability}: {error}."))
        except BosError as error:
            return self._packer.pack_refusal(self._call_id, error)
        except Violation as violation:
            self._raise_violation(violation.kind, violation.reason, detail=violation.detail)

    def _check_answers(self, patience: Patience) -> None:
        if not patience.has_answers_left:
            self._raise_violation("quota", f"its requests took more than {patience.answers_s_max:g} s in one call")

    def _check_memory(self, ended: Ended) -> None:
        if ended.status == Status.MEMORY:
            self._raise_violation("memory", f"its memory of {self._memory_mb} MB was exceeded", place_of(ended))

    def _raise_late(self, patience: Patience, place: Place | None = None, where: str = "at") -> NoReturn:
        # Asked before it is killed, while its clock can be read.
        is_strike = not patience.is_machine_busy()
        reason = f"its time budget of {patience.budget_s:g} s was exceeded"
        self._raise_violation("deadline", reason, place, where=where, is_strike=is_strike)

    def _raise_malformed(self, error: MalformedFrame) -> NoReturn:
        self._raise_violation("protocol", "it broke the protocol of the sandbox", detail=str(error))

    def _raise_violation(
        self,
        kind: ViolationKind,
        reason: str,
        place: Place | None = None,
        *,
        where: str = "at",
        detail: str = "",
        is_strike: bool = True,
    ) -> NoReturn:
        self.close()
        told = f" {where} {place}" if place else f" ({self._function})" if self._function else ""
        raise Violation(
            kind,
            reason + told,
            applet=self.applet,
            version=self.version,
            function=self._function,
            line=place.line if place else 0,
            detail=detail,
            frames=self._frames if kind in STOPPING_FOR_ALL else (),
            is_strike=is_strike,
        ) from None

    def _stopped(self) -> AppletStopped:
        self.close()
        return AppletStopped(applet=self.applet, reason=self.killed_why or "its worker has ended", kind="killed")


def place_of(ended: Ended | None) -> Place | None:
    """Where it was, if it tells that in order; the reason stands without it too."""
    if ended is None or ended.status == Status.RETURNED:
        return None
    try:
        return read_failure(ended.value).place
    except (MalformedFrame, TooDeep):
        return None
