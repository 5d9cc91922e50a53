"""One process and what is said to and fro in a call, held to turns and times; whatever breaks that ends the process."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from sandbox.host.channel import Channel, Gone, NotTaken
from sandbox.host.engine import Answer, Deadlines
from sandbox.host.outcome import Status
from sandbox.host.patience import Patience, Step
from sandbox.host.process import Process
from sandbox.host.talk import Talk, place_of
from sandbox.host.wire import Ended, MalformedFrame, Request
from sandbox.limits import OBITUARY_S_MAX

# How a process ended, as `os.waitstatus_to_exitcode` says it, waiting for that many seconds; None if nobody knows.
Obituary = Callable[[float], int | None]


class Conversation(Talk):
    """With a process at the other end of a socket."""

    def __init__(self, end: socket.socket, pid: int, pidfd: int, obituary: Obituary, memory_mb: int) -> None:
        super().__init__(memory_mb)
        self.process = Process(pid, pidfd)
        self._channel, self._obituary = Channel(end), obituary

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
        data = self._begin(kind, rest, function)
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
            self._raise_late(patience, place_of(ended))
        self._check_memory(ended)
        return ended

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
        frame = self._read_own(data)
        # After an interrupt a request may stand unanswered before the end of its call; else it waits for its turn.
        if self._channel.has_rest and not patience.is_interrupted:
            raise MalformedFrame("more than one frame in a turn")
        return frame

    def _answer(self, request: Request, answer: Answer, patience: Patience) -> None:
        patience.pause()
        self._channel.send(self._reply_to(request, answer))
        patience.resume()
        self._check_answers(patience)

    def _raise_end(self) -> NoReturn:
        """Of a process that has ended in the middle of a call."""
        if self.killed_why is not None:
            raise self._stopped()
        status = self._obituary(OBITUARY_S_MAX)
        if status == -signal.SIGSYS:
            self._raise_violation("syscall", "it made a forbidden system call")
        how = "" if status is None else f" with signal {-status}" if status < 0 else f" with status {status}"
        self._raise_violation("crashed", f"its process ended{how}")
