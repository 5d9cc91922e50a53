"""What is asked of the routes of the room, and answered, for the description of the API."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.http.shapes import (
    AMOUNT,
    COUNT,
    ID,
    INSTANT,
    MOMENT,
    TEXT,
    Schema,
    items_of,
    listed,
    members,
    named,
    nullable,
    page_of,
)
from kernel.registers.listing import LISTING_LIMIT_MAX

# Others are there by the names of dimensions: `where.<dimension>`.
_PARAMETERS: dict[str, Schema] = {
    "at": MOMENT, "since": MOMENT, "until": MOMENT, "group_by": TEXT, "company_id": ID, "cursor": TEXT,
    "limit": {"type": "integer", "minimum": 1, "maximum": LISTING_LIMIT_MAX},
}  # fmt: skip

_DIMENSIONS, _RESOURCES = named(nullable(TEXT)), named(AMOUNT)
REGISTERS = items_of(
    members(
        name=TEXT, title=TEXT, description=TEXT, balanced=nullable(TEXT), non_negative=nullable(TEXT),
        dimensions=listed(members(name=TEXT, title=TEXT, link=nullable(TEXT))),
        resources=listed(members(name=TEXT, title=TEXT, scale=nullable(COUNT))),
    )
)  # fmt: skip
SUMS = items_of(members(dimensions=_DIMENSIONS, resources=_RESOURCES))
MOVEMENTS = page_of(
    members(
        id=COUNT, company_id=nullable(ID), document_id=ID, occurred_at=INSTANT, dimensions=_DIMENSIONS,
        resources=_RESOURCES,
    )
)  # fmt: skip


def query_of(known: Sequence[str]) -> dict[str, Schema]:
    return {name: _PARAMETERS[name] for name in known}
