"""Compressed input, unpacked as it is read and within bounds: a small file must not become an endless one."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zipfile
from typing import BinaryIO, cast

from kernel.transfer.errors import SourceTooLarge

GZIP_MAGIC = b"\x1f\x8b"
UNPACKED_BYTES_MAX = 64 * 1024**3
# Tables shrink to a twentieth, repetitive ones to a hundredth; bombs to a thousandth.
UNPACKED_RATIO_MAX = 250
# Where nothing is refused yet: what is small does no harm.
UNPACKED_BYTES_FREE = 16 * 1024**2
SPOOL_MEMORY_BYTES = 1 << 20


class Bounded(io.RawIOBase):
    """Reads from a stream of unpacked bytes; raises SourceTooLarge. packed: bytes it is unpacked from."""

    def __init__(self, stream: BinaryIO, name: str, packed: int | None) -> None:
        super().__init__()
        self._stream, self._name, self._read = stream, name, 0
        self._most = UNPACKED_BYTES_MAX
        if packed is not None:
            self._most = min(self._most, UNPACKED_BYTES_FREE + packed * UNPACKED_RATIO_MAX)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        self._read += len(data)
        if self._read > self._most:
            raise SourceTooLarge(file=self._name, reason=f"more than {self._most} bytes")
        view[: len(data)] = data
        return len(data)


def starts_with(stream: BinaryIO, magic: bytes) -> bool:
    """Whether the stream begins so; nothing of it is used up. A stream that can do neither is taken as it is."""
    if hasattr(stream, "peek"):
        return bool(stream.peek(len(magic))[: len(magic)] == magic)
    if not stream.seekable():
        return False
    place = stream.tell()
    found = stream.read(len(magic)) == magic
    stream.seek(place)
    return found


def gunzip(stream: BinaryIO, name: str, packed: int | None) -> BinaryIO:
    """The bytes of a gzip file."""
    unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    return cast(BinaryIO, io.BufferedReader(Bounded(unpacked, name, packed)))


def open_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> BinaryIO:
    """The bytes of an entry of a zip file. What the entry says about its own size is not believed."""
    unpacked = cast(BinaryIO, archive.open(entry))
    return cast(BinaryIO, io.BufferedReader(Bounded(unpacked, name, entry.compress_size)))


def seekable(stream: BinaryIO) -> BinaryIO:
    """The stream, or a copy of it on disk where one cannot go back in it (standard input)."""
    if stream.seekable():
        return stream
    copy = tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES)  # noqa: SIM115 - lives as long as whoever reads it
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return cast(BinaryIO, copy)
