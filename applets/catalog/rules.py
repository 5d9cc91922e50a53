"""Pure rules of prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .errors import PriceLineDuplicate, ValidityReversed


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One price of a product. Days are inclusive, None is open."""

    price: Decimal
    minimum_quantity: Decimal = Decimal(0)
    valid_from: date | None = None
    valid_until: date | None = None

    def applies(self, quantity: Decimal, on: date) -> bool:
        return self.minimum_quantity <= abs(quantity) and is_valid(self.valid_from, self.valid_until, on)


def is_valid(valid_from: date | None, valid_until: date | None, on: date) -> bool:
    """Whether a day lies in a span, both ends inclusive."""
    return (valid_from is None or valid_from <= on) and (valid_until is None or on <= valid_until)


def pick_price(lines: Iterable[PriceLine], quantity: Decimal, on: date) -> Decimal | None:
    """The price of the highest quantity step reached; of equal steps the one valid latest, then the lowest."""
    fitting = [line for line in lines if line.applies(quantity, on)]
    if not fitting:
        return None
    best = max(fitting, key=lambda line: (line.minimum_quantity, line.valid_from or date.min, -line.price))
    return best.price


def read_lines(price_list: Mapping[str, Any], product_id: str) -> list[PriceLine]:
    """A product's lines of a price list."""
    return [
        PriceLine(
            line["price"], line.get("minimum_quantity", Decimal(0)), line.get("valid_from"), line.get("valid_until")
        )
        for line in price_list["lines"]
        if line["product"] == product_id
    ]


def check_price_list(price_list: Mapping[str, Any]) -> None:
    """Raises ValidityReversed, PriceLineDuplicate."""
    check_validity(price_list)
    seen = set()
    for line in price_list["lines"]:
        check_validity(line)
        quantity = line.get("minimum_quantity", Decimal(0))
        key = (line["product"], quantity, line.get("valid_from"), line.get("valid_until"))
        if key in seen:
            raise PriceLineDuplicate(product=line["product"], quantity=quantity)
        seen.add(key)


def check_validity(span: Mapping[str, Any]) -> None:
    """Raises ValidityReversed."""
    first, last = span.get("valid_from"), span.get("valid_until")
    if first and last and last < first:
        raise ValidityReversed(valid_from=first, valid_until=last)
