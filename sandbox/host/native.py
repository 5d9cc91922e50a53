"""A worker that is a locked-down process at the other end of a socket."""

from __future__ import annotations

import socket

from sandbox.host.asked import AskedWorker
from sandbox.host.conversation import Conversation, Obituary


class NativeWorker(AskedWorker):
    """A `Worker`. end: the kernel's end of the socket; pidfd: of the process; both are closed with the worker."""

    def __init__(self, end: socket.socket, pid: int, pidfd: int, obituary: Obituary, memory_mb: int = 0) -> None:
        conversation = Conversation(end, pid, pidfd, obituary, memory_mb)
        super().__init__(conversation)
        self._process = conversation.process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def memory_bytes(self) -> int:
        return 0 if self._conversation.is_closed else self._process.memory_bytes()
