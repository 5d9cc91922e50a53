"""A contract as this applet sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sdk import Context, Document, decimal_text, round_half_up


@dataclass(frozen=True)
class Line:
    label: str
    amount: Decimal


class Sheet:
    """Carries the document, and what belongs to it."""

    def __init__(self, ctx: Context, contract: Document) -> None:
        self._ctx = ctx
        self._contract = contract

    @classmethod
    def load(cls, ctx: Context, contract_id: str) -> Sheet:
        return cls(ctx, ctx.documents.get("rental.contract", contract_id))

    @property
    def total(self) -> Decimal:
        return round_half_up(self._contract["grand_total"] - self.damage, 2)

    @property
    def damage(self) -> Decimal:
        return self._contract.get("damage") or Decimal(0)

    @property
    def tier(self) -> str:
        return str(self._contract["tier"])

    @cached_property
    def lines(self) -> list[Line]:
        return list(self._read_lines())

    def _read_lines(self) -> Iterator[Line]:
        for position in self._contract["lines"]:
            item = self._ctx.documents.get("rental.item", position["equipment"])
            yield Line(f"{item['caption']} ({item['serial']})", position["line_total"])

    def headline(self) -> str:
        amounts = "+".join(decimal_text(line.amount, 2) for line in self.lines)
        email = self._contract["customer_email"]
        return f"{self._contract['customer_name']} <{email}> {self.lines[0].label} {amounts}"
