"""A file of any size under AES-256-GCM: chunks, each bound to its number and to being the last or not.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, 2015): no chunk can be changed, moved, doubled, left out, or the end cut off, without being noticed.
"""

from __future__ import annotations

import base64
import io
import json
from typing import IO, Any

from kernel.lazy import LazyModule
from kernel.secrets.cipher import KEY_BYTES, TAG_BYTES, bind, new_key
from kernel.secrets.master import MasterKey

_aead = LazyModule("cryptography.hazmat.primitives.ciphers.aead")
_exceptions = LazyModule("cryptography.exceptions")

MAGIC = b"BOSSEAL1"
CHUNK_BYTES = 1024 * 1024
HEADER_BYTES_MAX = 4096
_PURPOSE = bind("backup")
_COUNTER_BYTES = 11


class NotSealed(Exception):
    """The stream is not one of ours, or not whole. Callers turn it into an error with words."""


class SealedWriter(io.RawIOBase):
    """Writes encrypted to a stream, under a new key that the master key wraps. The end is written by `close`."""

    def __init__(self, under: IO[bytes], master: MasterKey) -> None:
        key = new_key()
        wrapped_by, wrapped = master.wrap(key, _PURPOSE)
        header = json.dumps({"wrapped_by": wrapped_by, "wrapped": base64.b64encode(wrapped).decode()}).encode()
        under.write(MAGIC + len(header).to_bytes(4, "big") + header)
        self._under, self._cipher = under, _aead.AESGCM(key)
        self._waiting, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        # The last chunk must be known as such, so one is always held back.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), is_last=True)
        super().close()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._under.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, None))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what SealedWriter wrote. Raises NotSealed, and what the master key raises."""

    def __init__(self, under: IO[bytes], master: MasterKey) -> None:
        if under.read(len(MAGIC)) != MAGIC:
            raise NotSealed("it is not encrypted by Bos")
        key = master.unwrap(*_read_header(under), _PURPOSE)
        if len(key) != KEY_BYTES:
            raise NotSealed("its key is none")
        self._under, self._cipher = under, _aead.AESGCM(key)
        self._next, self._plain, self._number = under.read(CHUNK_BYTES + TAG_BYTES), memoryview(b""), 0
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._is_over:
            self._open_next()
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _open_next(self) -> None:
        chunk, self._next = self._next, self._under.read(CHUNK_BYTES + TAG_BYTES)
        self._is_over = not self._next
        try:
            self._plain = memoryview(self._cipher.decrypt(_nonce(self._number, self._is_over), chunk, None))
        except _exceptions.InvalidTag:
            raise NotSealed("it was changed or cut off, or its key is another") from None
        self._number += 1


def is_sealed(beginning: bytes) -> bool:
    return beginning.startswith(MAGIC)


def _read_header(under: IO[bytes]) -> tuple[bytes, str]:
    length = int.from_bytes(under.read(4), "big")
    if length > HEADER_BYTES_MAX:
        raise NotSealed("its header is too long")
    try:
        header = json.loads(under.read(length))
        return base64.b64decode(header["wrapped"], validate=True), str(header["wrapped_by"])
    except (ValueError, KeyError, TypeError):
        raise NotSealed("its header cannot be read") from None


def _nonce(number: int, is_last: bool) -> bytes:
    """Unique for a key, since every file has a key of its own."""
    return number.to_bytes(_COUNTER_BYTES, "big") + bytes([is_last])
