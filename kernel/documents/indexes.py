"""Indexes on hot keys: fields marked x-index become partial expression indexes, within a budget per tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from sqlalchemy import make_url

from kernel.db.database import Database
from kernel.documents.listing import columns_of, element_of
from kernel.tenancy.record import TenantRecord
from sdk.schema import DocumentType

# Every insert evaluates every index's predicate, so a tenant has a dozen at most.
INDEXES_PER_TENANT_MAX = 12
_PREFIX = "hot_"
_STATISTICS_PREFIX = "hots_"
# Two processes that index one tenant would each drop what the other is building.
_LOCK = 0x626F7369
_DIALECT = make_url("postgresql://").get_dialect()()

_PRESENT = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE i.indrelid = %s::regclass AND starts_with(c.relname, %s)
"""
_STATISTICS = "SELECT stxname FROM pg_statistic_ext WHERE stxrelid = %s::regclass AND starts_with(stxname, %s)"


@dataclass(frozen=True)
class HotIndex:
    """One index: of a field, over the documents of one type that are not deleted."""

    type: str
    path: str
    expression: str

    @property
    def name(self) -> str:
        """Tells type, field and expression, so that a changed declaration is another index."""
        digest = hashlib.sha256(f"{self.type} {self.path} {self.expression}".encode()).hexdigest()[:16]
        return f"{_PREFIX}{digest}"

    @property
    def statistics_name(self) -> str:
        """Of the statistics of its expression, shared by all types that have the same one."""
        return f"{_STATISTICS_PREFIX}{hashlib.sha256(self.expression.encode()).hexdigest()[:16]}"

    def statistics_sql(self, schema: str) -> str:
        """The planner takes no statistics from partial indexes: without these every range is a third of all rows."""
        return f'CREATE STATISTICS "{schema}"."{self.statistics_name}" ON ({self.expression}) FROM "{schema}".documents'

    def sql(self, schema: str) -> str:
        return (
            f'CREATE INDEX CONCURRENTLY "{self.name}" ON "{schema}".documents (({self.expression}), id)'
            f" WHERE type = '{self.type}' AND deleted_at IS NULL"
        )


@dataclass(frozen=True)
class IndexReport:
    """What was done. over_budget: declared, but not built because the tenant has its dozen.

    is_elsewhere: nothing, because another process is at it now.
    """

    built: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    over_budget: tuple[str, ...] = ()
    is_elsewhere: bool = False


def declared_indexes(types: Iterable[DocumentType]) -> list[HotIndex]:
    """The indexes these types ask for, in a stable order."""
    return [
        HotIndex(type.name, field.path, _expression(type, field.path))
        for type in sorted(types, key=lambda type: type.name)
        for field in type.indexed
        if not field.in_array
    ]


@dataclass(frozen=True)
class IndexPlan:
    """What `refresh_indexes` would do. invalid: names of those an interrupted build has left, which serve nobody."""

    build: tuple[HotIndex, ...]
    undeclared: tuple[str, ...]
    invalid: tuple[str, ...]
    over_budget: tuple[HotIndex, ...]

    @property
    def drop(self) -> tuple[str, ...]:
        return (*self.undeclared, *self.invalid)


def plan_indexes(connection: psycopg.Connection[Any], schema: str, types: Iterable[DocumentType]) -> IndexPlan:
    """Compare what is declared with what is there."""
    declared = declared_indexes(types)
    wanted, over_budget = declared[:INDEXES_PER_TENANT_MAX], declared[INDEXES_PER_TENANT_MAX:]
    present = _present(connection, schema)
    names = {index.name for index in wanted}
    return IndexPlan(
        build=tuple(index for index in wanted if not present.get(index.name)),
        undeclared=tuple(name for name in present if name not in names),
        invalid=tuple(name for name, is_valid in present.items() if name in names and not is_valid),
        over_budget=tuple(over_budget),
    )


def refresh_indexes(
    database: Database,
    tenant: TenantRecord,
    types: Iterable[DocumentType],
    advance: Callable[[int], None] = lambda done: None,
    *,
    is_building: bool = True,
) -> IndexReport:
    """Build what is declared and missing, drop what nobody declares any more; without blocking writers. Repeatable.

    is_building: False only drops. advance: told of each index that is done.
    """
    types = list(types)
    with database.owner(tenant.database) as connection:
        if not _is_alone(connection, tenant):
            return IndexReport(is_elsewhere=True)
        plan = plan_indexes(connection, tenant.schema, types)
        for name in plan.drop:
            connection.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{tenant.schema}"."{name}"')
            advance(1)
        built = plan.build if is_building else ()
        for index in built:
            connection.execute(index.sql(tenant.schema))
            advance(1)
        declared = declared_indexes(types)[:INDEXES_PER_TENANT_MAX]
        if is_building and (_refresh_statistics(connection, tenant.schema, declared) or built):
            # Until somebody has looked at the values, statistics say nothing.
            connection.execute(f'ANALYZE "{tenant.schema}".documents')
    over_budget = tuple(f"{index.type}.{index.path}" for index in plan.over_budget)
    return IndexReport(tuple(f"{index.type}.{index.path}" for index in built), plan.drop, over_budget)


def _refresh_statistics(connection: psycopg.Connection[Any], schema: str, kept: Sequence[HotIndex]) -> bool:
    """Statistics of the expressions of these indexes and no others; whether there are new ones."""
    rows = connection.execute(_STATISTICS, [f'"{schema}".documents', _STATISTICS_PREFIX]).fetchall()
    present = {name for (name,) in rows}
    wanted = {index.statistics_name: index for index in kept}
    for name in present - wanted.keys():
        connection.execute(f'DROP STATISTICS IF EXISTS "{schema}"."{name}"')
    missing = [index for name, index in wanted.items() if name not in present]
    for index in missing:
        connection.execute(index.statistics_sql(schema))
    return bool(missing)


def _is_alone(connection: psycopg.Connection[Any], tenant: TenantRecord) -> bool:
    """Whether this connection may work on the tenant's indexes. Tried and not waited for: building concurrently waits
    for everybody who waits within a statement, so two that waited for each other would never end.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, tenant.schema]).fetchone()
    return bool(row and row[0])


def _present(connection: psycopg.Connection[Any], schema: str) -> dict[str, bool]:
    rows = connection.execute(_PRESENT, [f'"{schema}".documents', _PREFIX]).fetchall()
    return dict(rows)


def _expression(type: DocumentType, path: str) -> str:
    """The very text queries compile to, or the planner would not know the index by it."""
    # Of the present version alone: what else there is is on its way to it.
    element = element_of(columns_of(replace(type, is_mixed=False) if type.is_mixed else type), path)
    compiled = element.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled).replace("documents.", "")
