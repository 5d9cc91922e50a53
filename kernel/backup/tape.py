"""The file of an archive: members one after the other, compressed, perhaps encrypted; written and read as a stream.

It is a plain tar (ustar) in gzip, which other tools read too. Ours reads only what ours writes: plain files of a
bounded size under names it knows, nothing that could be a path, a link or a header of any length.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from kernel.backup.errors import ArchiveUnreadable, ArchiveUnwritable
from kernel.backup.sealed import NotSealed, SealedReader, SealedWriter, is_sealed
from kernel.secrets.keyring import Keyring

MEMBER_BYTES_MAX = 4 * 1024 * 1024
MEMBERS_MAX = 10_000_000
# gzip can make a thousand bytes of one; rows of documents shrink to a tenth or so.
UNPACKED_RATIO_MAX = 300
UNPACKED_BYTES_FREE = 64 * 1024 * 1024
# Fast: the file is read over a network or written to a disk that is hardly faster.
COMPRESSION_LEVEL = 3
BLOCK = 512

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}(/[a-z0-9][a-z0-9_]{0,62}){0,2}(\.[a-z]{2,6})?")


class Tape(Protocol):
    """Takes members."""

    def add(self, name: str, content: bytes) -> None: ...


class TapeWriter:
    """See `write_tape`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def add(self, name: str, content: bytes) -> None:
        assert _NAME.fullmatch(name), name
        assert len(content) <= MEMBER_BYTES_MAX, name
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o600
        self._stream.write(member.tobuf(tarfile.USTAR_FORMAT))
        self._stream.write(content + bytes(-len(content) % BLOCK))

    def end(self) -> None:
        self._stream.write(bytes(2 * BLOCK))


@contextmanager
def write_tape(path: Path, keyring: Keyring | None = None) -> Iterator[TapeWriter]:
    """The members of an archive. See `write_packed`."""
    with write_packed(path, keyring) as stream:
        tape = TapeWriter(stream)
        yield tape
        tape.end()


@contextmanager
def write_packed(path: Path, keyring: Keyring | None = None) -> Iterator[IO[bytes]]:
    """A compressed file, written beside its place and moved there when whole. keyring: encrypt under its master key.

    Raises ArchiveUnwritable, and what a master key that is not there raises.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            file: IO[bytes] = stack.enter_context(_open_private(partial))
            # The last thing before it is closed: a tenant may be dropped because of this file.
            stack.callback(_sync, file)
            if keyring is not None:
                file = stack.enter_context(io.BufferedWriter(SealedWriter(file, keyring.master())))
            packed = stack.enter_context(gzip.GzipFile("", "wb", COMPRESSION_LEVEL, file, 0))
            yield stack.enter_context(io.BufferedWriter(packed, MEMBER_BYTES_MAX))
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ArchiveUnwritable(path=path, reason=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def read_tape(path: Path, keyring: Keyring) -> Iterator[tuple[str, bytes]]:
    """Members in their order. Raises ArchiveUnreadable when anything is not as it was written, the end included."""
    try:
        with open_packed(path, keyring) as stream:
            yield from _members(stream, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveUnreadable(path=path, reason="it is cut off, or no archive of Bos") from error
    except (tarfile.TarError, UnicodeError) as error:
        raise ArchiveUnreadable(path=path, reason="it is not whole") from error
    except NotSealed as error:
        raise ArchiveUnreadable(path=path, reason=str(error)) from error
    except OSError as error:
        raise ArchiveUnreadable(path=path, reason=error.strerror or str(error)) from error


@contextmanager
def open_packed(path: Path, keyring: Keyring) -> Iterator[IO[bytes]]:
    """What `write_packed` wrote, in the clear. Reading raises EOFError, zlib.error, OSError or NotSealed."""
    with path.open("rb") as file:
        beginning = file.read(BLOCK)
        file.seek(0)
        under: IO[bytes] = file
        if is_sealed(beginning):
            under = io.BufferedReader(SealedReader(file, keyring.master()), MEMBER_BYTES_MAX)
        with gzip.GzipFile("", "rb", fileobj=under) as packed:
            yield packed  # type: ignore[misc]


def _members(stream: IO[bytes], path: Path) -> Iterator[tuple[str, bytes]]:
    bound = UNPACKED_BYTES_FREE + UNPACKED_RATIO_MAX * path.stat().st_size
    unpacked = 0
    for _ in range(MEMBERS_MAX):
        block = _exactly(stream, BLOCK)
        if block == bytes(BLOCK):
            _check_end(stream)
            return
        member = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        if not member.isreg() or not _NAME.fullmatch(member.name):
            raise ArchiveUnreadable(path=path, reason="it holds something that is not of an archive of Bos")
        unpacked += member.size
        if not 0 <= member.size <= MEMBER_BYTES_MAX or unpacked > bound:
            raise ArchiveUnreadable(path=path, reason="it unpacks to more than it should")
        content = _exactly(stream, member.size)
        _exactly(stream, -member.size % BLOCK)
        yield member.name, content
    raise ArchiveUnreadable(path=path, reason="it has too many members")


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data


def _check_end(stream: IO[bytes]) -> None:
    if _exactly(stream, BLOCK) != bytes(BLOCK) or stream.read(1):
        raise tarfile.ReadError("something follows the end")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """So that the file has its name after a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_private(path: Path) -> IO[bytes]:
    """For its owner's eyes only: an archive holds everything."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
