"""Where a page ended: the values it is sorted by, as opaque text that is checked when it comes back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Boolean, DateTime, Integer, Numeric, Uuid
from sqlalchemy.types import TypeEngine

from sdk.document_errors import CursorInvalid

INTEGER_MAX = 2**31 - 1
# Every amount a document can hold is far within.
DIGITS_MAX = 1_000


def _read_integer(text: str) -> int:
    number = int(text)
    if abs(number) > INTEGER_MAX:
        raise ValueError(text)
    return number


def _read_decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or max(len(text), abs(number.adjusted())) > DIGITS_MAX:
        raise ValueError(text)
    return number


def _read_instant(text: str) -> datetime:
    """The database's sessions are in UTC, so this is all it gives."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0):
        raise ValueError(text)
    return moment


# PostgreSQL would end the transaction over a value it cannot read, so each is read here first.
_READERS: Sequence[tuple[type[TypeEngine[Any]], Callable[[str], Any]]] = (
    (Uuid, UUID),
    (Integer, _read_integer),
    (Numeric, _read_decimal),
    (DateTime, _read_instant),
    (Boolean, "True".__eq__),
)


def encode_cursor(values: Sequence[Any]) -> str:
    text = orjson.dumps([None if value is None else str(value) for value in values])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Sequence[TypeEngine[Any]]) -> list[str | None]:
    """The values, one of each kind; raises CursorInvalid for anything a list in this order cannot have given."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise CursorInvalid from None
    if not isinstance(values, list) or len(values) != len(kinds):
        raise CursorInvalid
    if not all(value is None or _is_of_kind(value, kind) for value, kind in zip(values, kinds, strict=True)):
        raise CursorInvalid
    return values


def _is_of_kind(value: Any, kind: TypeEngine[Any]) -> bool:
    """Whether the text is just how a value of this kind is written."""
    if not isinstance(value, str):
        return False
    reader = next((reader for each, reader in _READERS if isinstance(kind, each)), None)
    if reader is None:
        return "\0" not in value
    try:
        return str(reader(value)) == value
    except (ValueError, InvalidOperation):
        return False
