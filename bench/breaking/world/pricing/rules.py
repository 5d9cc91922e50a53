"""What a tier is worth: pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sdk import round_half_up

TIER = "tier"
STARTS = "starts_on"
DISCOUNTS = {"standard": Decimal(0), "silver": Decimal(5)}
LONG_DAYS = 28


@dataclass(frozen=True)
class Terms:
    """What the price depends on."""

    tier: str
    starts: date
    ends: date | None
    units: int

    @classmethod
    def of(cls, contract: Mapping[str, Any]) -> Terms:
        units = sum(line["units"] for line in contract["lines"])
        return cls(contract[TIER], contract[STARTS], contract.get("ends_on"), units)

    @property
    def is_long(self) -> bool:
        return self.ends is not None and (self.ends - self.starts).days >= LONG_DAYS


def discount(terms: Terms, gold: Decimal) -> Decimal:
    percent = DISCOUNTS.get(terms.tier, gold)
    return percent + (5 if terms.is_long else 0)


def surcharge(terms: Terms, rates: list[Decimal]) -> Decimal:
    """A tenth of the dearest rate for a single piece."""
    return round_half_up(max(rates) / 10, 2) if terms.units == 1 and rates else Decimal(0)
