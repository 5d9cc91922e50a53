"""The blind index: equal values of an encrypted field have equal marks, which tell nothing else of them."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kernel.context import KernelContext
from kernel.secrets.cipher import bind
from kernel.secrets.tenant_keys import active_key
from sdk.schema import DocumentType
from sdk.values import decimal_text, instant_text, to_decimal, to_instant

# 128 bits: two different values of a field do not meet by chance.
MARK_BYTES = 16

# (field path, value) -> its mark; None for a value no field of that kind has.
Blinder = Callable[[str, Any], str | None]


def blinder(ctx: KernelContext, type: DocumentType) -> Blinder:
    """Marks of values of the type's fields, under the tenant's key for them."""
    _, key = active_key(ctx, "blind")

    def mark(path: str, value: Any) -> str | None:
        text = normalised(type.fields[path].kind, value)
        if text is None:
            return None
        return hmac.digest(key, bind(type.name, path, text), hashlib.sha256)[:MARK_BYTES].hex()

    return mark


def normalised(kind: str, value: Any) -> str | None:
    """One text for all ways in which a value is written: 1.5 and 1.50, é as one character and as two."""
    try:
        return _normalised(kind, value)
    except ValueError:
        return None


def _normalised(kind: str, value: Any) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if kind in ("decimal", "integer"):
        # In expressions a text is never a number, but stored decimals are texts.
        return decimal_text(to_decimal(value)) if isinstance(value, str | int | Decimal) else None
    if kind == "instant":
        return instant_text(value if isinstance(value, datetime) else to_instant(value))
    if kind == "date" and isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return None
    return value.lower() if kind == "uuid" else unicodedata.normalize("NFC", value)
