"""Frames over the one descriptor a worker has."""

from __future__ import annotations

import os
from typing import Any

import msgpack

from sandbox.frames import HEADER, WORKER_FD
from sandbox.limits import FRAME_BYTES_MAX
from sandbox.values import make_packer
from sandbox.worker.documents import from_kernel
from sandbox.worker.outgoing import check
from sdk.errors import TooLarge

# What is in a frame may nest as deep as it may in the kernel.
_FRAME_DEPTH = -3
_READ_BYTES = 1 << 16


class Channel:
    """Reads and writes whole frames; a worker does nothing in between, so it never has to wait for two things."""

    def __init__(self, descriptor: int = WORKER_FD) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._packer = make_packer()

    def pack(self, frame: list[Any]) -> bytes:
        """Raises TooLarge, TypeError, ValueError and OverflowError for what an applet cannot say."""
        check(frame, _FRAME_DEPTH)
        # MessagePack of this library stays clean when an allocation fails under the limit of memory; faster ones crash.
        try:
            body: bytes = self._packer.pack(frame)
        except BaseException:
            # A deadline may strike in the middle as well: half a frame must not come out with the next.
            self._packer.reset()
            raise
        if len(body) > _READ_BYTES:
            # It would keep as much for good.
            self._packer = make_packer()
        if len(body) > FRAME_BYTES_MAX:
            raise TooLarge(limit="message of an applet", maximum=f"{FRAME_BYTES_MAX} bytes")
        return HEADER.pack(len(body)) + body

    def send(self, frame: list[Any]) -> None:
        self.send_packed(self.pack(frame))

    def send_packed(self, data: bytes) -> None:
        sent = os.write(self._descriptor, data)
        while sent < len(data):
            data = data[sent:]
            sent = os.write(self._descriptor, data)

    def receive(self) -> list[Any]:
        """The next frame. The process ends where there is none: the kernel is done with it."""
        data = self._rest
        while len(data) < HEADER.size:
            data += self._read(_READ_BYTES)
        end = HEADER.size + HEADER.unpack_from(data)[0]
        if len(data) < end:
            parts, length = [data], len(data)
            while length < end:
                part = self._read(end - length)
                parts.append(part)
                length += len(part)
            data = b"".join(parts)
        self._rest = data[end:]
        frame: list[Any] = msgpack.unpackb(data[HEADER.size : end], ext_hook=from_kernel, strict_map_key=False)
        return frame

    def _read(self, size: int) -> bytes:
        part = os.read(self._descriptor, size)
        if not part:
            os._exit(0)
        return part
