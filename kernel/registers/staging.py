"""Movements on their way: staged while a document is being written, and written in its own statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from kernel.context import KernelContext
from kernel.registers.tables import DIMENSION_SLOTS, RESOURCE_SLOTS
from kernel.series.service import NO_COMPANY
from sdk.document import Document
from sdk.document_errors import AmountInexact, ForeignRegister, MovementOutsideWrite
from sdk.registers import Movement, Register, check_movements
from sdk.registers import reverse as opposite
from sdk.values import start_of_day, to_decimal

# What a document has made so far, one line per register, moment and dimensions: reversing twice reverses once.
_MADE = f"""
SELECT register, company_id::text, occurred_at, {", ".join(DIMENSION_SLOTS)},
       {", ".join(f"sum({slot})" for slot in RESOURCE_SLOTS)}
  FROM {{t}}.movements WHERE document_id = %s
 GROUP BY register, company_id, occurred_at, {", ".join(DIMENSION_SLOTS)}
 ORDER BY min(id)
"""


def stage(ctx: KernelContext, document: Document, movement: Movement) -> None:
    """Keep a movement until `document` is written. One of nothing but zeros says nothing and is dropped.

    Raises MovementOutsideWrite, ForeignRegister, UnknownDimension, DimensionNotText, DimensionTooLong, UnknownResource,
    AmountInexact.
    """
    if document.id not in ctx.work.writing:
        raise MovementOutsideWrite(type=document.type, id=document.id)
    register = _own_register(ctx, movement.register)
    checked = _checked(register, movement, document.company_id)
    if any(checked.resources.values()):
        ctx.work.staged[document.id].append(checked)


def reverse(ctx: KernelContext, document: Document, at: date | datetime | None = None) -> None:
    """Stage the opposite of what the movements of `document` come to; at their own moments unless one is given."""
    if document.id not in ctx.work.writing:
        raise MovementOutsideWrite(type=document.type, id=document.id)
    moment = start_of_day(at) if at is not None else None
    for movement in opposite(_made(ctx, document.id), moment):
        if any(movement.resources.values()):
            _own_register(ctx, movement.register)
            ctx.work.staged[document.id].append(movement)


def take_staged(ctx: KernelContext, document: Document) -> list[Movement]:
    """The movements to be written with `document`, which are no longer staged. Raises RegisterUnbalanced."""
    taken = ctx.work.staged.pop(document.id, [])
    for name, movements in groupby(sorted(taken, key=attrgetter("register")), attrgetter("register")):
        check_movements(ctx.runtime.catalogue.register(name), movements)
    return taken


def write_columns(ctx: KernelContext, movements: Sequence[Movement]) -> Mapping[str, Sequence[Any]]:
    """Arrays by column of `movements`, for the statement that writes the document; empty when there are none.

    Slots that no movement uses are left out: their default is "" for dimensions and NULL for resources.
    """
    if not movements:
        return {}
    registers = [ctx.runtime.catalogue.register(movement.register) for movement in movements]
    dimensions = max(len(register.dimensions) for register in registers)
    resources = max(len(register.resources) for register in registers)
    rows = [
        _row(register, movement, dimensions, resources) for register, movement in zip(registers, movements, strict=True)
    ]
    names = ("register", "company_id", "occurred_at", "balanced")
    columns = (*names, *DIMENSION_SLOTS[:dimensions], *RESOURCE_SLOTS[:resources])
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


def key_of(register: Register, movement: Movement) -> tuple[str, ...]:
    """Company and dimensions of a movement: what its balance is kept by."""
    values = (movement.dimensions.get(dimension.name, "") for dimension in register.dimensions)
    return (movement.company_id or NO_COMPANY, *values)


def _own_register(ctx: KernelContext, name: str) -> Register:
    """The register, which applet code may write into only when it is the applet's."""
    register = ctx.runtime.catalogue.register(name)
    if ctx.applet is not None and ctx.applet != register.applet:
        raise ForeignRegister(action="record into", resource=register.name, applet=ctx.applet)
    return register


def _row(register: Register, movement: Movement, dimensions: int, resources: int) -> tuple[Any, ...]:
    company_id, *values = key_of(register, movement)
    amounts = [movement.resources.get(resource.name, 0) for resource in register.resources]
    return (
        register.name,
        company_id,
        movement.occurred_at,
        register.balanced is not None,
        *values,
        *[""] * (dimensions - len(values)),
        *amounts,
        *[None] * (resources - len(amounts)),
    )


def _checked(register: Register, movement: Movement, company_id: str | None) -> Movement:
    for name, value in movement.dimensions.items():
        register.check_dimension(name, value)
    amounts = {}
    for name, amount in movement.resources.items():
        register.resource(name)
        try:
            amounts[name] = to_decimal(amount)
        except ValueError:
            raise AmountInexact(register=register.name, resource=name, amount=amount) from None
    return replace(
        movement,
        occurred_at=start_of_day(movement.occurred_at),
        resources=amounts,
        company_id=movement.company_id or company_id,
    )


def _made(ctx: KernelContext, document_id: str) -> list[Movement]:
    return [_movement(ctx, *row) for row in ctx.uow.execute(_MADE, [document_id])]


def _movement(ctx: KernelContext, name: str, company_id: str, occurred_at: datetime, *slots: Any) -> Movement:
    register = ctx.runtime.catalogue.register(name)
    values, amounts = slots[: len(DIMENSION_SLOTS)], slots[len(DIMENSION_SLOTS) :]
    return Movement(
        name,
        occurred_at,
        {d.name: value for d, value in zip(register.dimensions, values, strict=False) if value},
        {r.name: amount for r, amount in zip(register.resources, amounts, strict=False) if amount is not None},
        company_id,
    )
