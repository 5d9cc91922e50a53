"""Registers in the fake: movements staged while their document is written, held to their rules, summed on demand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sdk.document import Document
from sdk.document_errors import (
    AmountInexact,
    BalanceNegative,
    ForeignRegister,
    MovementOutsideWrite,
)
from sdk.registers import Balance, Movement, Register, check_movements, reverse
from sdk.testing.store import Entry
from sdk.testing.transaction import Transaction
from sdk.values import decimal_text, start_of_day, to_decimal

Where = Mapping[str, str | Sequence[str]]
Cell = tuple[str | None, frozenset[tuple[str, str]]]
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


def stage(ctx: Transaction, document: Document, movement: Movement) -> None:
    """Keep a movement until its document is written; one of nothing but zeros says nothing and is dropped."""
    _check_writing(ctx, document)
    register = ctx.catalogue.register(movement.register)
    if ctx.applet not in (None, register.applet):
        raise ForeignRegister(action="record into", resource=register.name, applet=ctx.applet)
    checked = _checked(register, movement)
    if any(checked.resources.values()):
        ctx.work.staged[document.id].append(checked)


def stage_reversal(ctx: Transaction, document: Document, occurred_at: date | datetime | None) -> None:
    """Stage the opposite of what the document's movements come to: reversing twice reverses once."""
    _check_writing(ctx, document)
    moment = start_of_day(occurred_at) if occurred_at else None
    made = _made(ctx, document.id)
    ctx.work.staged[document.id] += [one for one in reverse(made, moment) if any(one.resources.values())]


def _check_writing(ctx: Transaction, document: Document) -> None:
    if document.id not in ctx.work.writing:
        raise MovementOutsideWrite(type=document.type, id=document.id)


def _made(ctx: Transaction, document_id: str) -> list[Movement]:
    """What a document has written so far, one movement per register, moment and dimensions."""
    sums: dict[Any, Movement] = {}
    for entry in ctx.store.tables.entries:
        if entry.document_id == document_id:
            movement = entry.movement
            key = (movement.register, movement.occurred_at, _cell(movement))
            before = sums[key].resources if key in sums else {}
            names = {**before, **movement.resources}
            zero = Decimal(0)
            amounts = {name: before.get(name, zero) + movement.resources.get(name, zero) for name in names}
            sums[key] = replace(movement, resources=amounts)
    return list(sums.values())


def write_staged(ctx: Transaction, document: Document) -> None:
    """Write what was staged for the document. Raises RegisterUnbalanced, BalanceNegative."""
    movements = ctx.work.staged.pop(document.id, [])
    by_register: defaultdict[str, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_register[movement.register].append(movement)
    for name, group in by_register.items():
        check_movements(ctx.catalogue.register(name), group)
    ctx.store.tables.entries += [Entry(document.id, movement) for movement in movements]
    for name, group in by_register.items():
        _check_non_negative(ctx, ctx.catalogue.register(name), group)


def sum_movements(
    ctx: Transaction,
    name: str,
    since: date | datetime | None,
    until: date | datetime | None,
    where: Where | None,
    group_by: Sequence[str],
    company_id: str | None,
) -> list[Balance]:
    """Grouped: the groups that are not zero, in order of their values. Not grouped: always one."""
    register = ctx.catalogue.register(name)
    ctx.permissions.check_register(name)
    for dimension in (*group_by, *(where or {})):
        register.dimension(dimension)
    sums: dict[tuple[str, ...], list[Decimal]] = {}
    for movement in movements_of(ctx, name, since, until):
        if _is_wanted(movement, where, company_id):
            key = tuple(movement.dimensions.get(dimension, "") for dimension in group_by)
            sums[key] = _add(register, sums.get(key), movement)
    if not group_by:
        return [_balance(register, (), (), sums.get((), [Decimal(0) for _ in register.resources]))]
    return [_balance(register, group_by, key, sums[key]) for key in sorted(sums) if any(sums[key])]


def movements_of(
    ctx: Transaction, name: str, since: date | datetime | None, until: date | datetime | None
) -> Iterable[Movement]:
    """Movements from `since` to `until`, both inclusive; a date means its whole day."""
    first = start_of_day(since) if since else datetime.min.replace(tzinfo=UTC)
    step = _INSTANT if isinstance(until, datetime) else _DAY
    end = start_of_day(until) + step if until else datetime.max.replace(tzinfo=UTC)
    return (
        entry.movement
        for entry in ctx.store.tables.entries
        if entry.movement.register == name and first <= start_of_day(entry.movement.occurred_at) < end
    )


def _checked(register: Register, movement: Movement) -> Movement:
    """As it will be stored: at an instant, with exact amounts and text dimensions; an empty dimension is none."""
    for name, value in movement.dimensions.items():
        register.check_dimension(name, value)
    amounts = {name: _exact(register, name, amount) for name, amount in movement.resources.items()}
    dimensions = {name: value for name, value in movement.dimensions.items() if value}
    moment = start_of_day(movement.occurred_at)
    return replace(movement, occurred_at=moment, dimensions=dimensions, resources=amounts)


def _exact(register: Register, name: str, amount: Decimal) -> Decimal:
    register.resource(name)
    try:
        return to_decimal(amount)
    except ValueError:
        raise AmountInexact(register=register.name, resource=name, amount=amount) from None


def _check_non_negative(ctx: Transaction, register: Register, written: Iterable[Movement]) -> None:
    if register.non_negative is None:
        return
    changes = _sum_cells(register.non_negative, written)
    sums = _sum_cells(register.non_negative, movements_of(ctx, register.name, None, None))
    for cell, change in changes.items():
        if change < 0 and sums[cell] < 0:
            raise BalanceNegative(
                register=register.name,
                resource=register.non_negative,
                dimensions=dict(cell[1]),
                balance=decimal_text(sums[cell]),
            )


def _sum_cells(resource: str, movements: Iterable[Movement]) -> dict[Cell, Decimal]:
    sums: defaultdict[Cell, Decimal] = defaultdict(Decimal)
    for movement in movements:
        sums[_cell(movement)] += movement.resources.get(resource, Decimal(0))
    return sums


def _cell(movement: Movement) -> Cell:
    """What a balance is kept by: company and dimensions."""
    return movement.company_id, frozenset(movement.dimensions.items())


def _is_wanted(movement: Movement, where: Where | None, company_id: str | None) -> bool:
    if company_id is not None and movement.company_id != company_id:
        return False
    for dimension, wanted in (where or {}).items():
        value = movement.dimensions.get(dimension, "")
        if value != wanted if isinstance(wanted, str) else value not in wanted:
            return False
    return True


def _add(register: Register, sums: list[Decimal] | None, movement: Movement) -> list[Decimal]:
    before = sums or [Decimal(0) for _ in register.resources]
    amounts = (movement.resources.get(resource.name, Decimal(0)) for resource in register.resources)
    return [sum_ + amount for sum_, amount in zip(before, amounts, strict=True)]


def _balance(register: Register, group_by: Sequence[str], key: tuple[str, ...], sums: list[Decimal]) -> Balance:
    amounts = {resource.name: amount for resource, amount in zip(register.resources, sums, strict=True)}
    return Balance(dict(zip(group_by, key, strict=True)), amounts)
