"""New keys for old, while everybody goes on working: nothing is ever encrypted under a key that is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel.context import KernelContext
from kernel.db.names import PLATFORM_SCHEMA
from kernel.db.unit_of_work import UnitOfWork
from kernel.parts import Parts
from kernel.secrets.cipher import bind, new_key
from kernel.secrets.envelope import bound_to_platform, platform_key
from kernel.secrets.master import FileMaster
from kernel.secrets.tenant_keys import StoredKey, bound_to, insert_key
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.main import Kernel

_PLATFORM_KEYS = f"SELECT id::text, 'platform', wrapped, wrapped_by FROM {PLATFORM_SCHEMA}.keyring"
_REWRAP_PLATFORM = f"UPDATE {PLATFORM_SCHEMA}.keyring SET wrapped = %s, wrapped_by = %s WHERE id = %s"
# Locked, so that two rotations do not undo each other.
_TENANT_KEYS = "SELECT id::text, kind, wrapped, wrapped_by FROM {t}.cipher_keys WHERE kind <> 'subject' FOR UPDATE"
_REWRAP_TENANT = "UPDATE {t}.cipher_keys SET wrapped = %s, wrapped_by = %s WHERE id = %s"
_RETIRE = "UPDATE {t}.cipher_keys SET retired_at = %s WHERE kind = 'data' AND retired_at IS NULL"
_IN_USE = "SELECT id::text FROM {t}.cipher_keys WHERE kind = 'data' AND retired_at IS NULL"
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"
_LIST = """
SELECT k.id::text, k.kind, k.wrapped_by, k.created_at, k.retired_at FROM {t}.cipher_keys k
 WHERE k.kind <> 'subject' ORDER BY k.kind, k.created_at
"""


@dataclass(frozen=True, slots=True)
class MasterRotation:
    """wrapped_by: id of the master key that wraps all keys now. rewrapped: how many were wrapped by another before."""

    wrapped_by: str
    rewrapped: int
    tenants: int


def rotate_master(
    parts: Parts, tenants: Sequence[TenantRecord], *, make_key: bool, progress: Callable[[], None] = lambda: None
) -> MasterRotation:
    """Wrap every key anew: by a new key in the file (make_key), or by the first one there, or by the key service.

    Repeatable: what is wrapped by it already is left alone, so a run that was interrupted goes on where it stopped.
    Old master keys stay in the file, for backups hold what they have wrapped.
    """
    platform_key(parts)
    master = parts.keyring.master()
    if make_key and isinstance(master, FileMaster):
        master.add_key()
    wrapped_by, _ = master.wrap(new_key(), bind("probe"))
    rewrapped = _rewrap_platform(parts, wrapped_by)
    for tenant in tenants:
        with parts.database.transaction(tenant) as uow:
            rewrapped += _rewrap_tenant(parts, uow, tenant, wrapped_by)
            uow.commit()
        progress()
    return MasterRotation(wrapped_by, rewrapped, len(tenants))


def rotate_data_key(kernel: Kernel, tenant: TenantRecord) -> str:
    """A new data key for a tenant; its id. What is written from now on is encrypted under it, in every process.

    What is there is encrypted anew by `reencrypt`; events stay under the keys they were written with, which are kept.
    """
    with kernel.operate(tenant) as ctx:
        ctx.uow.execute(_RETIRE, [ctx.now])
        insert_key(ctx.uow, ctx.kernel, tenant, "data", ctx.now)
        # Another process may have been faster: its key is the one.
        rows = ctx.uow.execute(_IN_USE).fetchall()
        ctx.uow.execute(_RAISE_GENERATION)
    return str(rows[0][0])


def list_keys(ctx: KernelContext) -> list[dict[str, Any]]:
    """A tenant's data keys and the key of its blind index, none of them itself."""
    names = ("id", "kind", "wrapped_by", "created_at", "retired_at")
    return [dict(zip(names, row, strict=True)) for row in ctx.uow.execute(_LIST)]


def _rewrap_platform(parts: Parts, wrapped_by: str) -> int:
    count = 0
    with parts.database.owner() as connection:
        for row in connection.execute(_PLATFORM_KEYS).fetchall():
            key = StoredKey._make(row)
            if key.wrapped_by != wrapped_by:
                by, wrapped = _rewrap(parts, key, bound_to_platform(key.id))
                connection.execute(_REWRAP_PLATFORM, [wrapped, by, key.id])
                count += 1
    return count


def _rewrap_tenant(parts: Parts, uow: UnitOfWork, tenant: TenantRecord, wrapped_by: str) -> int:
    count = 0
    for row in uow.execute(_TENANT_KEYS).fetchall():
        key = StoredKey._make(row)
        if key.wrapped_by != wrapped_by:
            by, wrapped = _rewrap(parts, key, bound_to(tenant, key.id, key.kind))
            uow.execute(_REWRAP_TENANT, [wrapped, by, key.id])
            count += 1
    return count


def _rewrap(parts: Parts, key: StoredKey, bound: bytes) -> tuple[str, bytes]:
    master = parts.keyring.master()
    return master.wrap(master.unwrap(bytes(key.wrapped), key.wrapped_by, bound), bound)
