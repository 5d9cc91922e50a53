"""The master key, which wraps all others: a file, or a key service (`kms.py`)."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kernel.secrets.cipher import KEY_BYTES, DoesNotOpen, decrypt, encrypt, fingerprint, new_key
from kernel.secrets.errors import MasterKeyUnreadable, MasterKeyWrong, SecretUnreadable

FILE_NAME = "master.key"
FILE_BYTES_MAX = 64 * 1024


class MasterKey(Protocol):
    """Wraps keys. bound_to: what a wrapped key is for; it unwraps for nothing else."""

    def wrap(self, key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """The id of the master key that was used, and the wrapped key. Raises an Unavailable."""

    def unwrap(self, wrapped: bytes, wrapped_by: str, bound_to: bytes) -> bytes:
        """Raises MasterKeyWrong, SecretUnreadable, KmsUnavailable."""


class FileMaster:
    """Keys in a file, one a line as base64; the first wraps, the others still unwrap. Read anew for unknown ids."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: Mapping[str, bytes] = {}

    def wrap(self, key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        # Read each time, so that every process wraps with the new key as soon as there is one; it is rarely done.
        self._keys = read_keys(self.path)
        id, master = next(iter(self._keys.items()))
        return id, encrypt(master, key, bound_to)

    def unwrap(self, wrapped: bytes, wrapped_by: str, bound_to: bytes) -> bytes:
        if wrapped_by not in self._keys:
            self._keys = read_keys(self.path)
        master = self._keys.get(wrapped_by)
        if master is None:
            raise MasterKeyWrong(wanted=wrapped_by, known=", ".join(self._keys))
        try:
            return decrypt(master, wrapped, bound_to)
        except DoesNotOpen:
            raise SecretUnreadable(what="a key") from None

    def add_key(self) -> str:
        """Put a new key first; its id. The others stay, since backups hold keys they have wrapped."""
        made = new_key()
        lines = [_line(made), *map(_line, read_keys(self.path).values())]
        _write(self.path, "".join(lines), replace=True)
        return fingerprint(made)


def make_key_file(path: Path) -> None:
    """A new master key, for its owner's eyes only; one that is there already is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write(path, _line(new_key()), replace=False)


def read_keys(path: Path) -> dict[str, bytes]:
    """Keys by id, the one that wraps first. Raises MasterKeyUnreadable."""
    try:
        lines = path.read_bytes()[:FILE_BYTES_MAX].split()
    except OSError as error:
        raise MasterKeyUnreadable(path=path, reason=error.strerror or "it cannot be read") from None
    keys = [_decode(path, line) for line in lines]
    if not keys:
        raise MasterKeyUnreadable(path=path, reason="it is empty")
    return {fingerprint(key): key for key in keys}


def _decode(path: Path, line: bytes) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyUnreadable(path=path, reason=f"a line is no base64 of {KEY_BYTES} bytes")
    return key


def _line(key: bytes) -> str:
    return base64.b64encode(key).decode() + "\n"


def _write(path: Path, text: str, *, replace: bool) -> None:
    """Whole or not at all, readable by its owner only. Without replace the first of several processes wins."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        # mkstemp makes it 0600.
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
            return
        # Where another process was faster, its key is the one.
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
