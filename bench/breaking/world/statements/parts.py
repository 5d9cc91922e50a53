"""Parts of a statement: each a class that tells something of a contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from sdk import Context, Document


class Sum(StrEnum):
    NET = "subtotal"
    ALL = "grand_total"


@dataclass(frozen=True)
class Head:
    """Its fields are called as those of the contract."""

    customer_name: str
    starts_on: date
    channel: str

    @classmethod
    def read(cls, contract: Document) -> Head:
        return cls(**{each.name: contract[each.name] for each in fields(cls)})


class Piece(NamedTuple):
    code: str
    city: str


class Part:
    """What all have in common."""

    title: ClassVar[str] = ""

    def __init__(self, ctx: Context, contract: Document) -> None:
        self.ctx, self.contract = ctx, contract

    def __str__(self) -> str:
        return f"{self.title} {self.tell()}"

    def tell(self) -> str:
        raise NotImplementedError


class Where(Part):
    title = "to"

    def tell(self) -> str:
        try:
            return str(self.contract["delivery"]["address"])
        except KeyError:
            return "the desk"


class What(Part):
    title = "of"

    def tell(self) -> str:
        lines = sorted(self.contract["lines"], key=itemgetter("equipment"))
        counted = {item: sum(line["units"] for line in same) for item, same in groupby(lines, itemgetter("equipment"))}
        return ", ".join(f"{counted[item]} {piece.code} in {piece.city}" for item, piece in self._pieces(counted))

    def _pieces(self, wanted: dict[str, int]) -> Iterator[tuple[str, Piece]]:
        for id in wanted:
            item = self.ctx.documents.get("rental.item", id)
            place: dict[str, Any] = item.get("depot", {})
            yield id, Piece(item["code"], place.get("city", "nowhere"))


class How(Part):
    title = "in"

    def tell(self) -> str:
        found: Counter[str] = Counter()
        for line in self.contract["lines"]:
            query = self.ctx.documents.query(
                "rental.inspection", "inspected == param.it", parameters={"it": line["equipment"]}
            )
            found.update(finding["severity"] for one in query.items for finding in one.get("findings", ()))
        severity, count = found.most_common(1)[0] if found else ("no", 0)
        return f"{severity} trouble ({count})"


PARTS: tuple[type[Part], ...] = (Where, What, How)
