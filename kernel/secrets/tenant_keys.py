"""A tenant's keys: data keys and the key of its blind index, wrapped by the master key in the tenant's own schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.parts import Parts
from kernel.secrets.cipher import bind, new_key
from kernel.secrets.envelope import platform_key
from kernel.secrets.errors import SecretUnreadable
from kernel.tenancy.record import TenantRecord
from sdk.identifiers import new_id

Kind = Literal["data", "blind"]

_ACTIVE = """
SELECT id::text, kind, wrapped, wrapped_by FROM {t}.cipher_keys WHERE kind = %s AND retired_at IS NULL
"""
_BY_IDS = """
SELECT id::text, kind, wrapped, wrapped_by FROM {t}.cipher_keys WHERE id = ANY(%s::uuid[]) AND kind <> 'subject'
"""
_INSERT = """
INSERT INTO {t}.cipher_keys (id, kind, wrapped, wrapped_by, created_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


class StoredKey(NamedTuple):
    """A key of a tenant as its row has it."""

    id: str
    kind: str
    wrapped: bytes
    wrapped_by: str


def bound_to(tenant: TenantRecord, id: str, kind: str) -> bytes:
    """What a tenant's key is wrapped for: its row copied into another tenant's schema does not unwrap there."""
    return bind("tenant", tenant.id, kind, id)


def active_key(ctx: KernelContext, kind: Kind) -> tuple[str, bytes]:
    """Id and key for what is written now; made when the tenant has none. Known by id for one generation of the tenant,
    which a rotation raises, so that every process goes over to the new key with its next transaction.
    """
    known = ctx.runtime.key_ids.get(kind)
    key = ctx.kernel.keyring.recall((ctx.runtime.tenant.id, known)) if known else None
    if known and key:
        return known, key
    row = ctx.uow.execute_beside(_ACTIVE, [kind]).fetchone()
    found = StoredKey._make(row) if row else _make_first(ctx, kind)
    ctx.runtime.key_ids[kind] = found.id
    return found.id, _unwrap(ctx.kernel, ctx.runtime.tenant, found)


def data_keys(ctx: KernelContext, ids: Iterable[str]) -> dict[str, bytes]:
    """These keys, retired ones too. Raises SecretUnreadable where one is not the tenant's."""
    wanted = set(ids)
    keys = find_keys(ctx, wanted)
    if wanted - keys.keys():
        raise SecretUnreadable(what="a field")
    return keys


def find_keys(ctx: KernelContext, ids: Iterable[str]) -> dict[str, bytes]:
    """Those of these keys that there are, in one statement for those that are not in memory."""
    keys = {id: ctx.kernel.keyring.recall((ctx.runtime.tenant.id, id)) for id in set(ids)}
    missing = sorted(id for id, key in keys.items() if key is None)
    rows = ctx.uow.execute_beside(_BY_IDS, [missing]).fetchall() if missing else []
    keys |= {row[0]: _unwrap(ctx.kernel, ctx.runtime.tenant, StoredKey._make(row)) for row in rows}
    return {id: key for id, key in keys.items() if key is not None}


def insert_key(uow: UnitOfWork, parts: Parts, tenant: TenantRecord, kind: Kind, now: Any) -> str:
    """A new key of a kind that has none in use; its id. Nothing when another process was faster."""
    # The platform's key unwraps: so this process has the master key of the installation, not one made by mistake.
    platform_key(parts)
    id = new_id()
    wrapped_by, wrapped = parts.keyring.master().wrap(new_key(), bound_to(tenant, id, kind))
    uow.execute(_INSERT, [id, kind, wrapped, wrapped_by, now])
    return id


def _make_first(ctx: KernelContext, kind: Kind) -> StoredKey:
    """In a transaction of its own: a key must be there for good before anything is encrypted with it."""
    tenant = ctx.runtime.tenant
    with ctx.kernel.database.transaction(tenant, aside=True) as uow:
        insert_key(uow, ctx.kernel, tenant, kind, ctx.now)
        row = uow.execute(_ACTIVE, [kind]).fetchone()
        uow.commit()
    assert row is not None
    return StoredKey._make(row)


def _unwrap(parts: Parts, tenant: TenantRecord, row: StoredKey) -> bytes:
    # By tenant as well: what another tenant has unwrapped must not open here.
    name = (tenant.id, row.id)
    key = parts.keyring.recall(name)
    if key is None:
        key = parts.keyring.master().unwrap(bytes(row.wrapped), row.wrapped_by, bound_to(tenant, row.id, row.kind))
        parts.keyring.remember(name, key)
    return key
