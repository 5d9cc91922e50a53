"""The limit no sandbox gets below: a plain forked process that sends back what it is sent, over such a socket."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

from sandbox.frames import HEADER

# Larger ones are lent by the kernel anew for each read.
READ_BYTES = 1 << 16


class Echo:
    """One process, forked off this one and without a wall around it."""

    def __init__(self) -> None:
        self._end, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._end.close()
            _send_back(theirs)
        theirs.close()
        self._fd = self._end.fileno()

    def send(self, data: bytes) -> None:
        """There and back."""
        os.write(self._fd, data)
        left = len(data)
        while left > 0:
            left -= len(os.read(self._fd, READ_BYTES))

    def close(self) -> None:
        self._end.close()
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def running_echo() -> Iterator[Echo]:
    echo = Echo()
    try:
        yield echo
    finally:
        echo.close()


def frame_of(count: int) -> bytes:
    """A message of so many bytes."""
    return HEADER.pack(count) + bytes(count)


def _send_back(end: socket.socket) -> None:
    fd = end.fileno()
    while data := os.read(fd, READ_BYTES):
        os.write(fd, data)
    os._exit(0)
