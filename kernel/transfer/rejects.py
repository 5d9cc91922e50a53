"""Rows that could not be imported, kept with the reasons so that they can be put right."""

from __future__ import annotations

import json
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
    """A JSONL file made when its first line is written: row, code, message, violations, and the rows themselves."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.count = 0
        self._file: IO[str] | None = None

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
            self._file = _create(self.path)
        line = json.dumps(describe_reject(record, refusal), ensure_ascii=False, default=str)
        self._file.write(line + "\n")


def _create(path: Path) -> IO[str]:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be written: {error.strerror}") from error


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
