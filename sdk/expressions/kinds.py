"""What values an expression sees, and how two of different kind meet. The SQL compiler follows the same rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any, Final

from sdk.values import start_of_day

# Wide enough that + - * never round: 500 parts of 38 + 38 digits. PostgreSQL's numeric is as exact.
EXACT = Context(prec=40_000)
TEXT, DECIMAL, BOOLEAN, DATE, INSTANT, LIST, OBJECT = "text", "decimal", "boolean", "date", "instant", "list", "object"
_KINDS: Final[dict[type, str]] = {
    str: TEXT, Decimal: DECIMAL, int: DECIMAL, float: DECIMAL, bool: BOOLEAN, date: DATE, datetime: INSTANT,
    list: LIST, tuple: LIST, dict: OBJECT,
}  # fmt: skip
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Years 1000 to 8999: within them no offset leaves what Python and PostgreSQL both can hold.
_INSTANT = re.compile(
    r"[1-8][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)


def kind_of(value: Any) -> str | None:
    """The kind of a value that is not None; None for what the language does not know."""
    kind = _KINDS.get(type(value))
    if kind is None and isinstance(value, Mapping):
        return OBJECT
    return kind


def as_number(value: Any) -> Decimal | None:
    """A finite Decimal, or None: a boolean or a text is no number. A float counts as its shortest text."""
    if type(value) is Decimal:
        return value if value.is_finite() else None
    if type(value) is int:
        return Decimal(value)
    if type(value) is float:
        return as_number(Decimal(repr(value)))
    return None


def as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def as_date(value: Any) -> date | None:
    """A date; an ISO text read as one; the UTC day of an instant."""
    if isinstance(value, datetime):
        return as_instant(value).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def as_instant(value: date | datetime) -> datetime:
    """An instant in UTC; a date is its midnight."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return start_of_day(value)


def read_instant(text: str) -> datetime | None:
    """An RFC 3339 text, or an ISO date as its midnight UTC."""
    if not _INSTANT.fullmatch(text):
        day = as_date(text)
        return as_instant(day) if day is not None else None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def align(left: Any, right: Any) -> tuple[Any, Any] | None:
    """The two values as comparable ones, or None where they cannot be compared (which makes the answer unknown)."""
    kinds = {kind_of(left), kind_of(right)}
    if kinds == {DECIMAL}:
        pair: tuple[Any, Any] = (as_number(left), as_number(right))
    elif kinds in ({TEXT}, {BOOLEAN}, {DATE}):
        pair = (left, right)
    elif kinds == {DATE, TEXT}:
        pair = (as_date(left), as_date(right))
    elif INSTANT in kinds and kinds <= {INSTANT, DATE, TEXT}:
        pair = (_instant_of(left), _instant_of(right))
    else:
        return None
    return None if pair[0] is None or pair[1] is None else pair


def _instant_of(value: Any) -> datetime | None:
    return read_instant(value) if isinstance(value, str) else as_instant(value)
