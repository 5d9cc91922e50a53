"""Figures of a contract by name: a table that grows without new code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sdk import Document

# What a reader may ask for, and where it is found.
TABLE = {"net": "subtotal", "all": "grand_total", "off": "discount_percent", "extra": "surcharge"}
AS_TEXT: dict[type, Callable[[Any], str]] = {Decimal: lambda value: f"{value:.2f}", str: str}


def figure(contract: Document, wanted: str) -> str:
    """Names that the table does not know are fields themselves."""
    value = contract.get(TABLE.get(wanted, wanted))
    if value is None:
        return f"{wanted}: none"
    return f"{wanted}: {AS_TEXT.get(type(value), str)(value)}"


def piece_count(contract: Document) -> int:
    lines = getattr(contract, "fields")["lines"]  # noqa: B009
    return sum(line.get("units", 1) for line in lines)
