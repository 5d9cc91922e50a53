"""The kernel's end of a worker's socket: whole frames, and never a wait without an end."""

from __future__ import annotations

import os
import socket
import struct
from time import perf_counter

from sandbox.frames import HEADER
from sandbox.host.patience import TIMEOUT_S_MIN, Patience
from sandbox.host.wire import MalformedFrame
from sandbox.limits import FRAME_BYTES_MAX, SEND_S_MAX

READ_BYTES = 65_536
_HEADER_BYTES = HEADER.size
_TIMEVAL = struct.Struct("ll")


class Gone(Exception):
    """Nobody is at the other end any more."""


class NotTaken(Exception):
    """The other end does not read what it is sent."""


class Channel:
    def __init__(self, end: socket.socket) -> None:
        # The kernel wakes us at the deadline (SO_RCVTIMEO): no timer and no second system call for each frame.
        end.setblocking(True)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SEND_S_MAX))
        self._end, self._fd = end, end.fileno()
        self._timeout_s = 0.0
        self._rest = bytearray()

    @property
    def has_rest(self) -> bool:
        """Whether more came than the frame that was read."""
        return bool(self._rest)

    def close(self) -> None:
        self._end.close()

    def send(self, data: bytes) -> None:
        """Raises Gone, NotTaken."""
        try:
            sent = os.write(self._fd, data)
            if sent != len(data):
                self._send_rest(data, sent)
        except BlockingIOError:
            raise NotTaken from None
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None

    def _send_rest(self, data: bytes, sent: int) -> None:
        # Whoever takes a byte now and then must not hold us beyond the bound either.
        end_at = perf_counter() + SEND_S_MAX
        while sent < len(data):
            if perf_counter() > end_at:
                raise NotTaken
            sent += os.write(self._fd, data[sent:])

    def receive(self, patience: Patience) -> bytes | None:
        """The next frame without its length; None when time is up, and what has come so far is kept.

        Raises Gone, and MalformedFrame for a length no frame has.
        """
        # Time first: whoever sends without an end must not be read without one.
        while (left_s := patience.left_s()) > 0:
            if self._rest and (frame := self._take()) is not None:
                return frame
            data = self._read(left_s)
            if data is None:
                continue
            # Nearly always one whole frame: no second buffer then.
            if not self._rest and len(data) >= _HEADER_BYTES and HEADER.unpack_from(data)[0] == len(data) - 4:
                return data[_HEADER_BYTES:]
            self._rest += data
        return None

    def _take(self) -> bytes | None:
        rest = self._rest
        if len(rest) < _HEADER_BYTES:
            return None
        size = HEADER.unpack_from(rest)[0] + _HEADER_BYTES
        if size > FRAME_BYTES_MAX + _HEADER_BYTES:
            raise MalformedFrame(f"a frame of {size} bytes was announced")
        if len(rest) < size:
            return None
        frame = bytes(rest[_HEADER_BYTES:size])
        del rest[:size]
        return frame

    def _read(self, left_s: float) -> bytes | None:
        self._set_timeout(left_s)
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            raise Gone from None
        if not data:
            raise Gone
        return data

    def _set_timeout(self, left_s: float) -> None:
        # To wake too early costs a look at the clock; the usual call has the timeout of the one before.
        if not left_s / 2 <= self._timeout_s <= left_s * 1.1:
            self._timeout_s = max(left_s, TIMEOUT_S_MIN)
            self._end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(self._timeout_s))


def _timeval(seconds: float) -> bytes:
    return _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1e6))
