"""The formats of text fields, each with its check; both validators assert them by these functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sdk.values import to_date, to_instant

# ISO 4217 codes, and units of other commodities: shares, points, hours.
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{0,23}")
DECIMAL = re.compile(r"-?[0-9]{1,38}(?:\.[0-9]{1,20})?")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s.\x00-\x1f]+(?:\.[^@\s.\x00-\x1f]+)+")
# The standard library reads more than RFC 3339 allows: week dates, basic form, no seconds.
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
EMAIL_LENGTH_MAX = 254


def is_decimal(value: Any) -> bool:
    return not isinstance(value, str) or bool(DECIMAL.fullmatch(value))


def is_date(value: Any) -> bool:
    return not isinstance(value, str) or (bool(DATE.fullmatch(value)) and _reads(to_date, value))


def is_instant(value: Any) -> bool:
    return not isinstance(value, str) or (bool(INSTANT.fullmatch(value)) and _reads(to_instant, value))


def is_currency(value: Any) -> bool:
    return not isinstance(value, str) or bool(CURRENCY.fullmatch(value))


def is_uuid(value: Any) -> bool:
    return not isinstance(value, str) or bool(UUID.fullmatch(value))


def is_email(value: Any) -> bool:
    return not isinstance(value, str) or (len(value) <= EMAIL_LENGTH_MAX and bool(EMAIL.fullmatch(value)))


def _reads(reader: Callable[[str], Any], value: str) -> bool:
    try:
        reader(value)
    except (ValueError, OverflowError):
        return False
    return True


FORMATS: Mapping[str, Callable[[Any], bool]] = {
    "decimal": is_decimal,
    "date": is_date,
    "date-time": is_instant,
    "currency": is_currency,
    "uuid": is_uuid,
    "email": is_email,
}
EXPECTED: Mapping[str, str] = {
    "decimal": 'a decimal number as text, such as "1250.00"',
    "date": "a date such as 2026-01-31",
    "date-time": "an instant with an offset, such as 2026-01-31T12:00:00Z",
    "currency": "a currency or unit code in capitals, such as EUR",
    "uuid": "an id such as 01890a5d-ac96-774b-bcce-b302099a8057",
    "email": "an address such as ada@example.com",
}
