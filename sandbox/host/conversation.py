"""One process and what is said to and fro in a call, held to turns and times; whatever breaks that ends the process."""

from __future__ import annotations

import signal
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from sandbox.errors import AppletStopped
from sandbox.host.channel import Channel, Gone, NotTaken
from sandbox.host.engine import Answer, Deadlines
from sandbox.host.outcome import Place, Status
from sandbox.host.patience import Patience, Step
from sandbox.host.process import Process
from sandbox.host.telling import FramePacker
from sandbox.host.violation import STOPPING_FOR_ALL, Violation, ViolationKind
from sandbox.host.wire import Ended, MalformedFrame, Request, TooDeep, check_depth, read_failure, read_frame
from sandbox.limits import FRAME_KEPT_BYTES, FRAMES_KEPT, OBITUARY_S_MAX
from sdk.errors import BosError, Invalid

# How a process ended, as `os.waitstatus_to_exitcode` says it, waiting for that many seconds; None if nobody knows.
Obituary = Callable[[float], int | None]
Read = TypeVar("Read")


class Conversation:
    """applet, version: of whom violations tell. killed_why: set from any thread, the rest by the owner's alone."""

    def __init__(self, end: socket.socket, pid: int, pidfd: int, obituary: Obituary, memory_mb: int) -> None:
        self.process = Process(pid, pidfd)
        self.applet = self.version = ""
        self.killed_why: str | None = None
        self.is_closed = False
        # As of the end of the last call, which is all it has used: between calls it sleeps.
        self.cpu_s = 0.0
        self._channel, self._packer = Channel(end), FramePacker()
        self._obituary, self._memory_mb = obituary, memory_mb
        self._frames: deque[bytes] = deque(maxlen=FRAMES_KEPT)
        self._call_id = 0
        self._function = ""

    @property
    def is_over(self) -> bool:
        return self.is_closed or self.killed_why is not None

    def kill(self, why: str) -> None:
        if self.killed_why is None:
            self.killed_why = why
        self.process.kill()

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.cpu_s = self.process.cpu_s()
            self.process.close()
            self._channel.close()

    def hold(self, kind: int, rest: list[Any], function: str, answer: Answer, deadlines: Deadlines) -> Ended:
        """Ask, and answer what is asked back, until it has ended.

        Raises Violation, AppletStopped once it was killed; TooLarge and Invalid for what cannot be asked, and nothing
        has happened then.
        """
        if self.is_over:
            raise self._stopped()
        self._call_id += 1
        self._function = function
        data = self._packer.pack([kind, self._call_id, *rest])
        patience = Patience(deadlines, self.process.cpu_s, self.cpu_s)
        try:
            self._send(data)
            ended = self._listen(answer, patience)
            self.cpu_s = self.process.cpu_s()
        except Gone:
            self._raise_end()
        except NotTaken:
            self._raise_violation("deadline", "it does not take what it is sent")
        except MalformedFrame as error:
            self._raise_malformed(error)
        except BaseException:
            # It waits for an answer that will not come.
            self.close()
            raise
        if patience.is_interrupted or ended.status == Status.DEADLINE:
            self._raise_late(patience, ended)
        if ended.status == Status.MEMORY:
            self._raise_violation("memory", f"its memory of {self._memory_mb} MB was exceeded", ended)
        return ended

    def read(self, read: Callable[[Any], Read], told: Any) -> Read:
        """What a frame means, by a reader of `sandbox.host.wire`. Raises Violation, TooDeep."""
        try:
            return read(told)
        except MalformedFrame as error:
            self._raise_malformed(error)

    def _send(self, data: bytes) -> None:
        try:
            self._channel.send(data)
        except Gone:
            # It has ended between two calls, the machine being short of memory say: no fault of the applet's.
            if self.killed_why is None and self._obituary(OBITUARY_S_MAX) == -signal.SIGSYS:
                self._raise_violation("syscall", "it made a forbidden system call")
            raise self._stopped() from None

    def _listen(self, answer: Answer, patience: Patience) -> Ended:
        while True:
            frame = self._receive(patience)
            if isinstance(frame, Ended):
                return frame
            # Once it was interrupted nothing more happens in its name.
            if not patience.is_interrupted:
                self._answer(frame, answer, patience)

    def _receive(self, patience: Patience) -> Request | Ended:
        while (data := self._channel.receive(patience)) is None:
            step = patience.expire()
            if step is Step.INTERRUPT:
                self.process.interrupt()
            elif step is Step.KILL:
                self._raise_late(patience)
        self._frames.append(data[:FRAME_KEPT_BYTES])
        frame = read_frame(data)
        if frame.call_id != self._call_id:
            raise MalformedFrame(f"a frame of call {frame.call_id} in call {self._call_id}")
        # After an interrupt a request may stand unanswered before the end of its call; else it waits for its turn.
        if self._channel.has_rest and not patience.is_interrupted:
            raise MalformedFrame("more than one frame in a turn")
        return frame

    def _answer(self, request: Request, answer: Answer, patience: Patience) -> None:
        patience.pause()
        try:
            check_depth(request.arguments)
            reply = self._packer.pack_reply(self._call_id, answer(request.capability, request.arguments))
        except TooDeep as error:
            reply = self._packer.pack_refusal(self._call_id, Invalid(f"{request.capability}: {error}."))
        except BosError as error:
            reply = self._packer.pack_refusal(self._call_id, error)
        except Violation as violation:
            self._raise_violation(violation.kind, violation.reason, detail=violation.detail)
        self._channel.send(reply)
        patience.resume()
        if not patience.has_answers_left:
            self._raise_violation("quota", f"its requests took more than {patience.answers_s_max:g} s in one call")

    def _raise_late(self, patience: Patience, ended: Ended | None = None) -> NoReturn:
        # Asked before it is killed, while its clock can be read.
        is_strike = not patience.is_machine_busy()
        reason = f"its time budget of {patience.budget_s:g} s was exceeded"
        self._raise_violation("deadline", reason, ended, is_strike=is_strike)

    def _raise_malformed(self, error: MalformedFrame) -> NoReturn:
        self._raise_violation("protocol", "it broke the protocol of the sandbox", detail=str(error))

    def _raise_end(self) -> NoReturn:
        """Of a process that has ended in the middle of a call."""
        if self.killed_why is not None:
            raise self._stopped()
        status = self._obituary(OBITUARY_S_MAX)
        if status == -signal.SIGSYS:
            self._raise_violation("syscall", "it made a forbidden system call")
        how = "" if status is None else f" with signal {-status}" if status < 0 else f" with status {status}"
        self._raise_violation("crashed", f"its process ended{how}")

    def _raise_violation(
        self, kind: ViolationKind, reason: str, ended: Ended | None = None, *, detail: str = "", is_strike: bool = True
    ) -> NoReturn:
        self.close()
        place = _place_of(ended)
        where = f" at {place}" if place else f" ({self._function})" if self._function else ""
        raise Violation(
            kind,
            reason + where,
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


def _place_of(ended: Ended | None) -> Place | None:
    """Where it was, if it tells that in order; the reason stands without it too."""
    if ended is None or ended.status == Status.RETURNED:
        return None
    try:
        return read_failure(ended.value).place
    except (MalformedFrame, TooDeep):
        return None
