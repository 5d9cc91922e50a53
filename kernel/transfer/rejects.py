"""Rows that could not be imported, kept with the reasons so that they can be put right."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg

from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.records import Record
from sdk.errors import BosError, Violation

Refusal = BosError | psycopg.Error


class Rejects:
    """A JSONL file made when its first line is written: row, code, message, violations, and the rows themselves.

    kept: bytes of a file that is continued; what stands behind them was never counted and is written anew.
    """

    def __init__(self, path: Path | None, kept: int = 0) -> None:
        self.path = path
        self.count = 0
        self._kept = kept
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, record: Record, refusal: Refusal) -> None:
        self.count += 1
        if self.path is None:
            return
        if self._file is None:
            self._file = _create(self.path, self._kept)
        line = json.dumps(describe_reject(record, refusal), ensure_ascii=False, default=str)
        self._file.write(line.encode(errors="backslashreplace") + b"\n")

    def keep(self) -> int:
        """Bytes of the file, all of them on the disk."""
        if self._file is None:
            return self._kept
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def go_back(self, size: int) -> None:
        """Forget what was written behind so many bytes: it is going to be written again."""
        if self._file is not None:
            self._file.seek(size)
            self._file.truncate()


def _create(path: Path, kept: int) -> IO[bytes]:
    try:
        file = path.open("r+b" if kept else "wb")
        file.seek(kept)
        file.truncate()
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be written: {error.strerror}") from error
    return file


def describe_reject(record: Record, refusal: Refusal) -> dict[str, Any]:
    """What is written about one record."""
    if isinstance(refusal, BosError):
        code, message, violations = refusal.code, refusal.message, refusal.violations
    else:
        code, message, violations = "value_unstorable", str(refusal.diag.message_primary or refusal), ()
    told = violations or (Violation("", code, message),)
    return {
        "row": record.number,
        "code": code,
        "message": message,
        "violations": [_describe(violation) for violation in told],
        "values": record.raw[0] if len(record.raw) == 1 else list(record.raw),
    }


def _describe(violation: Violation) -> Mapping[str, Any]:
    described = {"field": violation.pointer, "rule": violation.rule, "message": violation.message}
    return described | ({"expected": violation.expected} if violation.expected else {})
