"""Movements one by one, in order of time: drill-down from a sum to what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from kernel.context import KernelContext
from kernel.registers.access import readable_companies
from kernel.registers.cells import is_one_of
from kernel.registers.errors import InvalidRegisterQuery
from kernel.registers.periods import end_of, start_of
from kernel.registers.sums import texts
from kernel.registers.tables import DIMENSION_SLOTS, RESOURCE_SLOTS, movements
from sdk.document_errors import CursorInvalid
from sdk.errors import Violation
from sdk.registers import Register
from sdk.values import instant_text, to_instant

LISTING_LIMIT_MAX = 500


@dataclass(frozen=True, slots=True)
class RecordedMovement:
    """A movement as written."""

    id: int
    register: str
    company_id: str
    document_id: str
    occurred_at: datetime
    dimensions: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MovementPage:
    """`cursor` asks for the next page and is None on the last one."""

    items: tuple[RecordedMovement, ...]
    cursor: str | None = None


def listing(
    ctx: KernelContext,
    register_name: str,
    *,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    company_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> MovementPage:
    """Movements from `since` to `until`, both inclusive, oldest first, at most `limit` (1 to 500) of them.

    Raises Forbidden leaves, UnknownDimension, InvalidRegisterQuery, CursorInvalid.
    """
    register = ctx.runtime.catalogue.register(register_name)
    companies = readable_companies(ctx, register, company_id)
    if not 1 <= limit <= LISTING_LIMIT_MAX:
        expected = f"1 to {LISTING_LIMIT_MAX}"
        raise InvalidRegisterQuery(
            register=register.name, violations=[Violation("/limit", "range", f"{limit} is out of range", expected)]
        )
    row = movements.c
    statement = (
        select(
            row.id, row.company_id.cast(row.register.type), row.document_id.cast(row.register.type), row.occurred_at,
            *(row[slot] for slot in (*DIMENSION_SLOTS, *RESOURCE_SLOTS)),
        )
        .where(row.register == register.name)
        .order_by(row.occurred_at, row.id)
        .limit(limit + 1)
    )  # fmt: skip
    for name, value in (where or {}).items():
        column = row[register.slot_of_dimension(name)]
        statement = statement.where(is_one_of(column, f"where_{name}", texts(value)))
    if companies is not None:
        statement = statement.where(row.company_id == _any_of(companies))
    first, end = start_of(since), end_of(until)
    if first is not None:
        statement = statement.where(row.occurred_at >= first)
    if end is not None:
        statement = statement.where(row.occurred_at < end)
    if cursor is not None:
        moment, id = _read_cursor(cursor)
        after = tuple_(bindparam(None, moment, DateTime(timezone=True)), bindparam(None, id, BigInteger))
        statement = statement.where(tuple_(row.occurred_at, row.id) > after)
    found = [_recorded(register, values) for values in ctx.uow.execute_statement(statement)]
    return MovementPage(tuple(found[:limit]), _cursor(found[limit - 1]) if len(found) > limit else None)


def _any_of(companies: Sequence[str]) -> Any:
    return bindparam("companies", list(companies), ARRAY(UUID(as_uuid=False))).any_()


def _cursor(last: RecordedMovement) -> str:
    return f"{instant_text(last.occurred_at)}_{last.id}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    moment, _, id = cursor.partition("_")
    try:
        return to_instant(moment), int(id)
    except ValueError:
        raise CursorInvalid from None


def _recorded(register: Register, row: Sequence[Any]) -> RecordedMovement:
    id, company_id, document_id, occurred_at, *slots = row
    amounts = slots[len(DIMENSION_SLOTS) :]
    return RecordedMovement(
        id,
        register.name,
        company_id,
        document_id,
        occurred_at,
        {d.name: value for d, value in zip(register.dimensions, slots, strict=False)},
        {r.name: Decimal(amount or 0) for r, amount in zip(register.resources, amounts, strict=False)},
    )
