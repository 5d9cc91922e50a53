"""Who uses the server: one file, locked while it is read and written. The last one out stops the server."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from kernel.postgres.processes import read_start


@dataclass(frozen=True, slots=True)
class Holder:
    """One use of the server by one process. A process id alone may be given to another process later."""

    pid: int
    started: str
    token: str

    def is_alive(self) -> bool:
        return read_start(self.pid) == self.started


class Lease:
    """The holders written in the file; valid only inside `open_lease`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._holders = [holder for holder in _read(file) if holder.is_alive()]

    def is_held(self) -> bool:
        return bool(self._holders)

    def add(self) -> Holder:
        holder = Holder(os.getpid(), read_start(os.getpid()), uuid.uuid4().hex)
        self._holders.append(holder)
        self._write()
        return holder

    def remove(self, holder: Holder) -> None:
        self._holders.remove(holder)
        self._write()

    def _write(self) -> None:
        # In place, not by a rename: the lock is on this very file.
        self._file.seek(0)
        self._file.truncate()
        json.dump([asdict(holder) for holder in self._holders], self._file)
        self._file.flush()


@contextmanager
def open_lease(path: Path) -> Iterator[Lease]:
    """Alone with the lease until the block ends: nobody else starts, joins or stops the server meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Lease(file)


def _read(file: IO[str]) -> list[Holder]:
    text = file.read()
    return [Holder(**entry) for entry in json.loads(text)] if text else []
