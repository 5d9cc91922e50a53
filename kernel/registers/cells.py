"""The rows a sum is made of: monthly totals, movements not folded into them yet, and parts of broken months.

They are read in one statement, which has one snapshot: a movement is in the totals or among those not folded, never
both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from kernel.registers.periods import BEFORE_ALL, ENDLESS, Boundary
from kernel.registers.tables import POSITIVE_SLOTS, RESOURCE_SLOTS, movements, totals

INSTANT = DateTime(timezone=True)
# Written out: what is bound is only what differs from run to run.
ZERO: ColumnElement[int] = literal_column("0", Integer)


def cells(
    slots: Sequence[str], resources: Sequence[str], boundaries: int, *, of_companies: bool, name: str = "cells"
) -> Subquery:
    """Rows with `company_id`, the dimension and resource slots asked for, for `r1` also `p1`, and weights.

    Weight `w0` says how often a row counts in the sum of all before boundary 0: 1, 0, or -1. So a balance is
    `sum(r1 * w0)`, a turnover between two boundaries `sum(r1 * (w1 - w0))`. Values are bound by `cell_values`.
    """
    parts = [_totals(slots, resources, boundaries), _tail(slots, resources, boundaries)]
    parts += [_edge(slots, resources, boundaries, number) for number in range(boundaries)]
    if of_companies:
        parts = [part.where(_is_of_companies(part.selected_columns.company_id)) for part in parts]
    return union_all(*parts).subquery(name)


def cell_values(
    register: str, boundaries: Sequence[Boundary], companies: Sequence[str] | None, *, is_total: bool = True
) -> dict[str, Any]:
    """Values for `cells`. is_total: sums from the beginning are asked for, not only between boundaries."""
    earliest = BEFORE_ALL if is_total else min((b.month for b in boundaries), key=_order)
    latest = max((b.month for b in boundaries), key=_order)
    values: dict[str, Any] = {"register": register, "months_since": earliest, "months_until": latest}
    for number, boundary in enumerate(boundaries):
        values |= {
            f"month_{number}": boundary.month,
            f"since_{number}": boundary.since,
            f"until_{number}": boundary.until,
            f"sign_{number}": boundary.sign,
        }
    return values if companies is None else values | {"companies": list(companies)}


def raw_cells(
    slots: Sequence[str], resources: Sequence[str], boundaries: int, *, of_companies: bool, name: str = "cells"
) -> Subquery:
    """The same from movements alone, with their `id`, `occurred_at` and `document_id`; see `raw_values`."""
    at = movements.c.occurred_at
    weights = (_weight(at < _bind(f"until_{number}"), number) for number in range(boundaries))
    part = _movement_part(slots, resources, weights).add_columns(
        movements.c.id, movements.c.occurred_at, movements.c.document_id
    )
    part = part.where(at >= _bind("months_since"), at < _bind("months_until"))
    if of_companies:
        part = part.where(_is_of_companies(movements.c.company_id))
    return part.subquery(name)


def raw_values(
    register: str,
    since: datetime | None,
    until: datetime | None,
    boundaries: Sequence[datetime | None],
    companies: Sequence[str] | None,
) -> dict[str, Any]:
    """Values for `raw_cells`: movements of [since, until), of which those before each boundary have its weight."""
    values: dict[str, Any] = {
        "register": register,
        "months_since": since or BEFORE_ALL,
        "months_until": until or ENDLESS,
    }
    values |= {f"until_{number}": moment or ENDLESS for number, moment in enumerate(boundaries)}
    return values if companies is None else values | {"companies": list(companies)}


def times(amount: ColumnElement[Any], weight: ColumnElement[Any]) -> ColumnElement[Any]:
    """`amount * weight`, NULL for a weight of 0: nearly all weights are 1, and to multiply numerics takes longer."""
    return case((weight == literal_column("1"), amount), (weight != ZERO, amount * weight))


def _order(month: datetime | str) -> tuple[int, str]:
    """Months in order of time, between the two ends of time."""
    if isinstance(month, str):
        return (0, "") if month == BEFORE_ALL else (2, "")
    return 1, month.isoformat()


def _bind(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=INSTANT)


def _is_of_companies(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == func.any(bindparam("companies", type_=ARRAY(UUID(as_uuid=False))))


def is_one_of(column: ColumnElement[Any], name: str, texts: Sequence[str] | None = None) -> ColumnElement[bool]:
    """The column is among the texts bound as `name`: these, or those given when the statement is run."""
    return column == func.any(bindparam(name, texts, type_=ARRAY(Text())))


def _weight(is_before: ColumnElement[bool], number: int) -> ColumnElement[int]:
    return case((is_before, literal_column("1", Integer)), else_=ZERO).label(f"w{number}")


def _totals(slots: Sequence[str], resources: Sequence[str], boundaries: int) -> Select[Any]:
    weights = (_weight(totals.c.month < cast(_bind(f"month_{n}"), Date), n) for n in range(boundaries))
    return select(
        totals.c.company_id,
        *(totals.c[slot] for slot in slots),
        *(totals.c[resource] for resource in resources),
        *(totals.c[_positive(resource)] for resource in resources),
        *weights,
    ).where(
        totals.c.register == bindparam("register", type_=Text()),
        totals.c.month >= cast(_bind("months_since"), Date),
        totals.c.month < cast(_bind("months_until"), Date),
    )


def _tail(slots: Sequence[str], resources: Sequence[str], boundaries: int) -> Select[Any]:
    at = movements.c.occurred_at
    weights = (_weight(at < _bind(f"month_{number}"), number) for number in range(boundaries))
    return _movement_part(slots, resources, weights).where(
        ~movements.c.folded, at >= _bind("months_since"), at < _bind("months_until")
    )


def _edge(slots: Sequence[str], resources: Sequence[str], boundaries: int, edge: int) -> Select[Any]:
    sign = bindparam(f"sign_{edge}", type_=Integer)
    weights = ((sign if number == edge else ZERO).label(f"w{number}") for number in range(boundaries))
    at = movements.c.occurred_at
    return _movement_part(slots, resources, weights).where(at >= _bind(f"since_{edge}"), at < _bind(f"until_{edge}"))


def _movement_part(slots: Sequence[str], resources: Sequence[str], weights: Any) -> Select[Any]:
    return select(
        movements.c.company_id,
        *(movements.c[slot] for slot in slots),
        *(movements.c[resource] for resource in resources),
        *(func.greatest(movements.c[resource], ZERO).label(_positive(resource)) for resource in resources),
        *weights,
    ).where(movements.c.register == bindparam("register", type_=Text()))


def _positive(resource: str) -> str:
    return POSITIVE_SLOTS[RESOURCE_SLOTS.index(resource)]
