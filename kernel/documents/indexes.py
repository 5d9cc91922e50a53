"""Indexes on hot keys: fields marked x-index become partial expression indexes, within a budget per tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
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
# Two processes that index one tenant would each drop what the other is building.
_LOCK = 0x626F7369
_DIALECT = make_url("postgresql://").get_dialect()()

_PRESENT = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE i.indrelid = %s::regclass AND c.relname LIKE %s
"""


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


def refresh_indexes(database: Database, tenant: TenantRecord, types: Iterable[DocumentType]) -> IndexReport:
    """Build what is declared and missing, drop what nobody declares any more; without blocking writers. Repeatable."""
    declared = declared_indexes(types)
    wanted = declared[:INDEXES_PER_TENANT_MAX]
    with database.owner(tenant.database) as connection:
        if not _is_alone(connection, tenant):
            return IndexReport(is_elsewhere=True)
        present = _present(connection, tenant.schema)
        names = {index.name for index in wanted}
        # A build that was interrupted leaves an invalid index behind, which serves nobody.
        dropped = [name for name, is_valid in present.items() if name not in names or not is_valid]
        for name in dropped:
            connection.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{tenant.schema}"."{name}"')
        built = [index for index in wanted if not present.get(index.name)]
        for index in built:
            connection.execute(index.sql(tenant.schema))
        if built:
            # Without statistics of the expression the planner would not choose the index.
            connection.execute(f'ANALYZE "{tenant.schema}".documents')
    over_budget = tuple(f"{index.type}.{index.path}" for index in declared[INDEXES_PER_TENANT_MAX:])
    return IndexReport(tuple(f"{index.type}.{index.path}" for index in built), tuple(dropped), over_budget)


def _is_alone(connection: psycopg.Connection[Any], tenant: TenantRecord) -> bool:
    """Whether this connection may work on the tenant's indexes. Tried and not waited for: building concurrently waits
    for everybody who waits within a statement, so two that waited for each other would never end.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, tenant.schema]).fetchone()
    return bool(row and row[0])


def _present(connection: psycopg.Connection[Any], schema: str) -> dict[str, bool]:
    rows = connection.execute(_PRESENT, [f'"{schema}".documents', f"{_PREFIX}%"]).fetchall()
    return dict(rows)


def _expression(type: DocumentType, path: str) -> str:
    """The very text queries compile to, or the planner would not know the index by it."""
    element = element_of(columns_of(type), path)
    compiled = element.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled).replace("documents.", "")
