"""All SQL about clients, grants, consents and signing keys, in units of work on the platform schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from kernel.auth.records import User
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.records import Client, Consent, Grant, KnownClient, KnownGrant
from kernel.tenancy.directory import TENANT_COLUMNS
from kernel.tenancy.record import TenantRecord

# Rows of grants that ended are swept up by those that begin, a few at a time.
SWEPT_MAX = 20
# Arbitrary but fixed.
_KEYS_LOCK = 7_203_156

_CLIENT = (
    "c.id::text, c.tenant_id::text, c.name, c.kind, c.redirect_uris, c.grant_types, c.scopes, c.resources,"
    " c.user_id::text, c.may_introspect, c.created_at, c.created_by"
)
_GRANT = (
    "g.id::text, g.client_id::text, g.user_id::text, g.grant_type, g.scopes, g.resource, g.created_at, g.expires_at,"
    " g.revoked_at, g.authenticated_at, g.nonce, g.redirect_uri, g.code_challenge, g.code_hash, g.code_used_at,"
    " g.refresh_hash"
)
_USER = "u.id::text, u.tenant_id::text, u.email, u.name, u.state, u.created_at, u.last_login_at"
_TENANT = "JOIN LATERAL (SELECT {columns} FROM {{p}}.tenants WHERE tenants.id = {of}.tenant_id) t ON true"
_CLIENT_WIDTH = len(Client.__dataclass_fields__)
_GRANT_WIDTH = len(Grant.__dataclass_fields__)
_USER_WIDTH = _USER.count(",") + 1


def insert_client(uow: UnitOfWork, client: Client, secret_hash: bytes | None) -> None:
    uow.execute(
        "INSERT INTO {p}.oauth_clients (id, tenant_id, name, kind, redirect_uris, grant_types, scopes, resources,"
        " user_id, may_introspect, created_at, created_by, secret_hash)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            client.id, client.tenant_id, client.name, client.kind, list(client.redirect_uris),
            list(client.grant_types), list(client.scopes), list(client.resources), client.user_id,
            client.may_introspect, client.created_at, client.created_by, secret_hash,
        ],
    )  # fmt: skip


def find_client(uow: UnitOfWork, id: str) -> KnownClient | None:
    tenant = _TENANT.format(columns=TENANT_COLUMNS, of="c")
    row: Any = uow.execute(
        f"SELECT c.secret_hash, c.revoked_at, {_CLIENT}, t.* FROM {{p}}.oauth_clients c {tenant} WHERE c.id = %s", [id]
    ).fetchone()
    if row is None:
        return None
    client = Client(*row[2 : 2 + _CLIENT_WIDTH])
    return KnownClient(client, TenantRecord(*row[2 + _CLIENT_WIDTH :]), row[0], row[1])


def list_clients(uow: UnitOfWork, tenant_id: str) -> list[Client]:
    rows = uow.execute(
        f"SELECT {_CLIENT} FROM {{p}}.oauth_clients c WHERE c.tenant_id = %s AND c.revoked_at IS NULL ORDER BY c.id",
        [tenant_id],
    ).fetchall()
    return [Client(*row) for row in rows]


def set_secret_hash(uow: UnitOfWork, client_id: str, secret_hash: bytes) -> None:
    uow.execute("UPDATE {p}.oauth_clients SET secret_hash = %s WHERE id = %s", [secret_hash, client_id])


def revoke_client(uow: UnitOfWork, tenant_id: str, id: str, now: datetime) -> bool:
    revoked = uow.execute(
        "UPDATE {p}.oauth_clients SET revoked_at = %s WHERE id = %s AND tenant_id = %s AND revoked_at IS NULL",
        [now, id, tenant_id],
    )
    return revoked.rowcount == 1


def insert_grant(uow: UnitOfWork, grant: Grant) -> None:
    """And sweep away a few of the same client that ended."""
    uow.execute(
        "INSERT INTO {p}.oauth_grants (id, client_id, user_id, grant_type, scopes, resource, created_at, expires_at,"
        " authenticated_at, nonce, redirect_uri, code_challenge, code_hash)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            grant.id, grant.client_id, grant.user_id, grant.grant_type, list(grant.scopes), grant.resource,
            grant.created_at, grant.expires_at, grant.authenticated_at, grant.nonce, grant.redirect_uri,
            grant.code_challenge, grant.code_hash,
        ],
    )  # fmt: skip
    uow.execute(
        "DELETE FROM {p}.oauth_grants WHERE id IN (SELECT id FROM {p}.oauth_grants"
        " WHERE client_id = %s AND expires_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
        [grant.client_id, grant.created_at, SWEPT_MAX],
    )


def find_grant(uow: UnitOfWork, id: str) -> KnownGrant | None:
    tenant = _TENANT.format(columns=TENANT_COLUMNS, of="u")
    row: Any = uow.execute(
        f"SELECT c.revoked_at, {_GRANT}, {_USER}, t.* FROM {{p}}.oauth_grants g"
        f" JOIN {{p}}.oauth_clients c ON c.id = g.client_id JOIN {{p}}.users u ON u.id = g.user_id {tenant}"
        " WHERE g.id = %s",
        [id],
    ).fetchone()
    if row is None:
        return None
    rest = row[1 + _GRANT_WIDTH :]
    user, tenant_record = User(*rest[:_USER_WIDTH]), TenantRecord(*rest[_USER_WIDTH:])
    return KnownGrant(Grant(*row[1 : 1 + _GRANT_WIDTH]), user, tenant_record, row[0])


def use_code(uow: UnitOfWork, id: str, now: datetime, expires_at: datetime, refresh_hash: bytes | None) -> bool:
    """False when it was used or revoked since it was read: of two uses of one code only the first counts."""
    used = uow.execute(
        "UPDATE {p}.oauth_grants SET code_used_at = %s, expires_at = %s, refresh_hash = %s"
        " WHERE id = %s AND code_used_at IS NULL AND revoked_at IS NULL",
        [now, expires_at, refresh_hash, id],
    )
    return used.rowcount == 1


def rotate_refresh(uow: UnitOfWork, id: str, old: bytes, new: bytes, expires_at: datetime) -> bool:
    """False when somebody else rotated it since it was read."""
    rotated = uow.execute(
        "UPDATE {p}.oauth_grants SET refresh_hash = %s, expires_at = %s"
        " WHERE id = %s AND refresh_hash = %s AND revoked_at IS NULL",
        [new, expires_at, id, old],
    )
    return rotated.rowcount == 1


def revoke_grant(uow: UnitOfWork, id: str, now: datetime) -> bool:
    """False when it was revoked before."""
    revoked = uow.execute("UPDATE {p}.oauth_grants SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL", [now, id])
    return revoked.rowcount == 1


def revoke_grants(uow: UnitOfWork, user_id: str, now: datetime, client_id: str | None = None) -> None:
    """Whatever a user has let one client do, or all of them; not what clients do by their own credentials."""
    uow.execute(
        "UPDATE {p}.oauth_grants SET revoked_at = %(now)s WHERE user_id = %(user)s AND revoked_at IS NULL"
        " AND grant_type = 'authorization_code' AND (%(client)s::uuid IS NULL OR client_id = %(client)s)",
        {"now": now, "user": user_id, "client": client_id},
    )


def put_consent(uow: UnitOfWork, user_id: str, client_id: str, scopes: list[str], now: datetime) -> None:
    """What was allowed last, with what was allowed before."""
    uow.execute(
        "INSERT INTO {p}.oauth_consents AS known (user_id, client_id, scopes, given_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (user_id, client_id) DO UPDATE SET given_at = excluded.given_at, scopes ="
        " ARRAY(SELECT DISTINCT unnest(known.scopes || excluded.scopes) ORDER BY 1)",
        [user_id, client_id, scopes, now],
    )


def list_consents(uow: UnitOfWork, user_id: str) -> list[Consent]:
    rows = uow.execute(
        "SELECT c.id::text, c.name, k.scopes, k.given_at FROM {p}.oauth_consents k"
        " JOIN {p}.oauth_clients c ON c.id = k.client_id WHERE k.user_id = %s AND c.revoked_at IS NULL ORDER BY c.name",
        [user_id],
    ).fetchall()
    return [Consent(*row) for row in rows]


def delete_consent(uow: UnitOfWork, user_id: str, client_id: str) -> bool:
    deleted = uow.execute("DELETE FROM {p}.oauth_consents WHERE user_id = %s AND client_id = %s", [user_id, client_id])
    return deleted.rowcount == 1


def insert_key(uow: UnitOfWork, id: str, sealed: bytes, public: dict[str, Any], now: datetime) -> None:
    uow.execute(
        "INSERT INTO {p}.oauth_keys (id, sealed, public, created_at) VALUES (%s, %s, %s, %s)",
        [id, sealed, Jsonb(public), now],
    )


def find_signing_key(uow: UnitOfWork) -> tuple[str, bytes] | None:
    """The newest key that was not retired."""
    row: Any = uow.execute(
        "SELECT id, sealed FROM {p}.oauth_keys WHERE retired_at IS NULL ORDER BY created_at DESC, id LIMIT 1"
    ).fetchone()
    return (row[0], bytes(row[1])) if row else None


def retire_keys(uow: UnitOfWork, now: datetime) -> None:
    uow.execute("UPDATE {p}.oauth_keys SET retired_at = %s WHERE retired_at IS NULL", [now])


def list_public_keys(uow: UnitOfWork, retired_after: datetime) -> list[dict[str, Any]]:
    """Keys in use, and those retired so lately that tokens signed with them are still about."""
    rows = uow.execute(
        "SELECT public FROM {p}.oauth_keys WHERE retired_at IS NULL OR retired_at > %s ORDER BY created_at DESC, id",
        [retired_after],
    ).fetchall()
    return [row[0] for row in rows]


def hold_keys(uow: UnitOfWork) -> None:
    """Until the transaction ends nobody else makes keys: two processes that start at once make one."""
    uow.execute("SELECT pg_advisory_xact_lock(%s)", [_KEYS_LOCK])
