"""Balances and turnovers by dimensions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, or_, select

from kernel.context import KernelContext
from kernel.db.unit_of_work import compile_statement
from kernel.registers.access import readable_companies
from kernel.registers.cells import ZERO, cell_values, cells, is_one_of, times
from kernel.registers.periods import START_OF_TIME, Boundary, boundary, end_of, start_of
from sdk.registers import Balance, Question, Register

_PARAMETER = re.compile(r"%\((\w+)\)s")

Where = Mapping[str, str | Sequence[str]]
Moment = date | datetime | None


def balance(
    ctx: KernelContext,
    register_name: str,
    *,
    at: Moment = None,
    where: Where | None = None,
    group_by: Sequence[str] = (),
    company_id: str | None = None,
) -> list[Balance]:
    """Sums of all movements up to and including `at` (a date means its whole day; None: everything).

    Grouped: the groups that are not zero, in order of their values. Not grouped: always one. company_id: None means
    all companies that may be read. Raises Forbidden leaves, UnknownDimension.
    """
    boundaries = [boundary(end_of(at), ctx.now)]
    return _sums(ctx, _Question(register_name, where or {}, tuple(group_by), company_id), boundaries)


def balances(ctx: KernelContext, questions: Sequence[Question]) -> list[list[Balance]]:
    """The answer of `balance` to each question, all from one statement and so of one moment. Raises as it does."""
    statements, asked = [], []
    values: dict[str, Any] = {}
    for number, question in enumerate(questions):
        wanted = _Question(question.register, question.where, tuple(question.group_by), question.company_id)
        register, sql, given = _prepare(ctx, wanted, [boundary(end_of(question.at), ctx.now)])
        statements.append(_numbered(number, sql, len(wanted.group_by), len(register.resources)))
        values |= {f"{name}_{number}": value for name, value in given.items()}
        asked.append((register, wanted.group_by))
    answers: list[list[Balance]] = [[] for _ in asked]
    for number, groups, sums in ctx.uow.execute(" UNION ALL ".join(statements), values) if asked else ():
        register, group_by = asked[number]
        answers[number].append(_balance(register, group_by, (*groups, *sums)))
    # A union promises no order.
    return [sorted(answer, key=lambda balance: tuple(balance.dimensions.values())) for answer in answers]


def turnover(
    ctx: KernelContext,
    register_name: str,
    *,
    since: Moment,
    until: Moment,
    where: Where | None = None,
    group_by: Sequence[str] = (),
    company_id: str | None = None,
) -> list[Balance]:
    """Sums of the movements from `since` to `until`, both inclusive and each open when None; as `balance` otherwise."""
    first, end = start_of(since), end_of(until)
    if first is not None and end is not None:
        end = max(first, end)
    boundaries = [START_OF_TIME if first is None else boundary(first, ctx.now), boundary(end, ctx.now)]
    return _sums(ctx, _Question(register_name, where or {}, tuple(group_by), company_id), boundaries)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is the same for a balance and a turnover."""

    register: str
    where: Where
    group_by: tuple[str, ...]
    company_id: str | None


def _sums(ctx: KernelContext, asked: _Question, boundaries: Sequence[Boundary]) -> list[Balance]:
    register, sql, values = _prepare(ctx, asked, boundaries)
    return [_balance(register, asked.group_by, row) for row in ctx.uow.execute(sql, values)]


def _prepare(
    ctx: KernelContext, asked: _Question, boundaries: Sequence[Boundary]
) -> tuple[Register, str, dict[str, Any]]:
    """The text that answers the question, and the values to bind."""
    register = ctx.runtime.catalogue.register(asked.register)
    companies = readable_companies(ctx, register, asked.company_id)
    key = ("sums", register.name, len(boundaries), tuple(asked.where), asked.group_by, companies is not None)
    sql = ctx.runtime.compiled.get(key)
    if sql is None:
        statement = _statement(register, asked, len(boundaries), of_companies=companies is not None)
        sql = ctx.runtime.remember(key, compile_statement(statement)[0])
    values = cell_values(register.name, boundaries, companies, is_total=len(boundaries) == 1)
    values |= {f"where_{name}": texts(value) for name, value in asked.where.items()}
    return register, cast(str, sql), values


def _numbered(number: int, sql: str, groups: int, resources: int) -> str:
    """The text as one of several: rows of its number, its groups and its sums, with parameters of its own names."""
    names = [f"g{position}" for position in range(groups)], [f"r{position}" for position in range(resources)]
    text = _PARAMETER.sub(rf"%(\1_{number})s", sql)
    return (
        f"SELECT {number}, ARRAY[{', '.join(names[0])}]::text[], ARRAY[{', '.join(names[1])}]::numeric[]"
        f" FROM ({text}) AS s{number} ({', '.join([*names[0], *names[1]])})"
    )


def texts(value: str | Sequence[str]) -> list[str]:
    """One value or several, as several."""
    return [value] if isinstance(value, str) else list(value)


def _statement(register: Register, asked: _Question, boundaries: int, *, of_companies: bool) -> Select[Any]:
    slots = {name: register.slot_of_dimension(name) for name in (*asked.where, *asked.group_by)}
    resources = [register.slot_of_resource(resource.name) for resource in register.resources]
    rows = cells(sorted(set(slots.values())), resources, boundaries, of_companies=of_companies).c
    weight = rows.w0 if boundaries == 1 else rows.w1 - rows.w0
    sums = [func.coalesce(func.sum(times(rows[resource], weight)), ZERO) for resource in resources]
    groups = [rows[slots[name]] for name in asked.group_by]
    conditions = [is_one_of(rows[slots[name]], f"where_{name}") for name in asked.where]
    statement = select(*groups, *sums).where(*conditions)
    if not groups:
        return statement
    return (
        statement.group_by(*groups).having(or_(*(total != ZERO for total in sums))).order_by(*_in_code_points(groups))
    )


def _in_code_points(columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.collate("C") for column in columns]


def _balance(register: Register, group_by: Sequence[str], row: Sequence[Any]) -> Balance:
    amounts: list[Decimal] = list(row[len(group_by) :])
    return Balance(
        dict(zip(group_by, row, strict=False)),
        {resource.name: amount for resource, amount in zip(register.resources, amounts, strict=True)},
    )
