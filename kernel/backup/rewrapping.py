"""Keys of a tenant that got another id: they are bound to the id, so that a row copied elsewhere does not unwrap."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from kernel.parts import Parts
from kernel.secrets.tenant_keys import bound_to
from kernel.tenancy.record import TenantRecord


def rewrap_keys(parts: Parts, tenant: TenantRecord, old_id: str) -> int:
    """Wrap the keys for the tenant's id as it is now; how many. Those of events are bound to other things and stay.

    Raises MasterKeyWrong, MasterKeyMissing and their like when the master key is not the one they were wrapped by.
    """
    if tenant.id == old_id:
        return 0
    table = sql.Identifier(tenant.schema, "cipher_keys")
    was = replace(tenant, id=old_id)
    with parts.database.owner(tenant.database) as connection, connection.transaction():
        asked = sql.SQL("SELECT id::text, kind, wrapped, wrapped_by FROM {} WHERE kind <> 'subject' FOR UPDATE")
        rows = connection.execute(asked.format(table)).fetchall()
        for id, kind, wrapped, wrapped_by in rows:
            if wrapped is None:
                continue
            master = parts.keyring.master()
            key = master.unwrap(bytes(wrapped), wrapped_by, bound_to(was, id, kind))
            fresh_by, fresh = master.wrap(key, bound_to(tenant, id, kind))
            change = sql.SQL("UPDATE {} SET wrapped = %s, wrapped_by = %s WHERE id = %s").format(table)
            connection.execute(change, [fresh, fresh_by, id])
    return len(rows)
