"""Documents under the newest data key: what a rotation has left behind, and what was there before its field was
declared encrypted. Version and events are left alone: the values are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from kernel.context import KernelContext
from kernel.documents.keys import keys_of
from kernel.secrets.blind import blinder
from kernel.secrets.fields import encrypt_fields
from kernel.secrets.reveal import reveal
from kernel.secrets.tenant_keys import active_key
from kernel.tenancy.record import TenantRecord
from sdk.schema import DocumentType

if TYPE_CHECKING:
    from kernel.main import Kernel

# Rows that are locked together; writers of one of them wait no longer than that takes.
BATCH_DOCUMENTS = 200
_FIRST = "00000000-0000-0000-0000-000000000000"

_READ = """
SELECT id::text, company_id::text, data, deleted_at IS NULL FROM {{t}}.documents
 WHERE type = %(type)s AND id > %(after)s AND ({stale}) ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
"""
_COUNT = "SELECT count(*) FROM {{t}}.documents WHERE type = %(type)s AND ({stale})"
_UPDATE = "UPDATE {t}.documents SET data = %s::jsonb WHERE id = %s"
_DELETE_KEYS = "DELETE FROM {t}.keys WHERE document_id = %s AND type = %s AND field = ANY(%s)"
_INSERT_KEY = "INSERT INTO {t}.keys (type, field, company_id, value, document_id) VALUES (%s, %s, %s, %s, %s)"


def count_stale(ctx: KernelContext) -> int:
    """How many documents are not under the newest key."""
    counts = [ctx.uow.execute(_COUNT.format(stale=_stale(type)), _values(ctx, type)).fetchone() for type in _types(ctx)]
    return sum(row[0] for row in counts if row)


def reencrypt(
    kernel: Kernel, tenant: TenantRecord, *, limit: int | None = None, progress: Callable[[int], None] = lambda n: None
) -> int:
    """Encrypt them anew, a batch a transaction; how many. limit: no more than about so many.

    Repeatable, at any moment, by several at once: what is done is not found again.
    """
    done = 0
    with kernel.operate(tenant) as ctx:
        names = [type.name for type in _types(ctx)]
    for name in names:
        after = _FIRST
        while after and (limit is None or done < limit):
            with kernel.operate(tenant) as ctx:
                after, count = _batch(ctx, ctx.runtime.catalogue.type(name), after)
            done += count
            progress(count)
    return done


def _batch(ctx: KernelContext, type: DocumentType, after: str) -> tuple[str, int]:
    """The id to go on behind, empty at the end; and how many were encrypted."""
    values = {**_values(ctx, type), "after": after, "limit": BATCH_DOCUMENTS}
    rows = ctx.uow.execute(_READ.format(stale=_stale(type)), values).fetchall()
    for id, company_id, data, is_present in rows:
        shown = reveal(ctx, type, id, data)
        ctx.uow.execute(_UPDATE, [orjson.dumps(encrypt_fields(ctx, type, id, shown)).decode(), id])
        _mark_keys(ctx, type, id, company_id, shown if is_present else {})
    return (rows[-1][0] if len(rows) == BATCH_DOCUMENTS else ""), len(rows)


def _mark_keys(
    ctx: KernelContext, type: DocumentType, id: str, company_id: str | None, data: Mapping[str, Any]
) -> None:
    """Unique values that stood there in the clear become marks."""
    fields = [field.path for field in type.encrypted if field.unique]
    if fields:
        ctx.uow.execute(_DELETE_KEYS, [id, type.name, fields])
        for field, company, value in keys_of(type, data, company_id, blinder(ctx, type)):
            if field in fields:
                ctx.uow.execute(_INSERT_KEY, [type.name, field, company, value, id])


def _types(ctx: KernelContext) -> list[DocumentType]:
    return [type for type in ctx.runtime.catalogue.types.values() if type.encrypted]


def _stale(type: DocumentType) -> str:
    """The condition; paths are of the checked catalogue."""
    fields = ("data #>> '{" + field.path.replace(".", ",") + "}'" for field in type.encrypted)
    return " OR ".join(f"NOT starts_with({field}, %(current)s)" for field in fields)


def _values(ctx: KernelContext, type: DocumentType) -> dict[str, Any]:
    key_id, _ = active_key(ctx, "data")
    return {"type": type.name, "current": f"enc:v1:{key_id}:"}
