"""Trips, built step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdk import Context, Document

TRIP, ITEM = "courier.trip", "rental.item"
HEAVY = frozenset({"vehicle", "scaffold"})


class Trip:
    """A builder: each step returns it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._data: dict[str, Any] = {}

    def of(self, contract: Document) -> Trip:
        lines = contract["lines"]
        self._data |= {"contract": contract.id, "pieces": sum(map(_units, lines))}
        self._data["heavy"] = len(list(self._heavy(lines)))
        return self

    def to(self, **place: Any) -> Trip:
        self._data.update(place)
        return self

    def knowing(self, item_id: str) -> Trip:
        rows = self._ctx.registers.balance("rental.units_out", where={"asset": item_id}, group_by=["site"])
        self._data["outside"] = int(
            sum(row.resources["units_outside"] for row in rows if row.dimensions["site"] == "main")
        )
        options = {"kind_wanted": self._ctx.documents.get(ITEM, item_id)["category"]}
        self._data["fleet"] = sum(int(row["pieces"] or 0) for row in self._ctx.reports.run("rental.fleet", options))
        return self

    def make(self) -> Document:
        return self._ctx.documents.create(TRIP, self._data)

    def _heavy(self, lines: list[dict[str, Any]]) -> Iterator[Document]:
        found = self._ctx.documents.get_many({ITEM: {line["equipment"] for line in lines}})
        yield from filter(lambda item: item.get("category") in HEAVY, found.values())


def _units(line: dict[str, Any]) -> int:
    units: int = line.get("units", 1)
    return units
