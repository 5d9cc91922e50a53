"""All SQL about users, sessions and API keys. Every function takes a unit of work on the platform schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kernel.auth.records import ApiKey, Credentials, Origin, SessionRecord, User
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.directory import TENANT_COLUMNS
from kernel.tenancy.record import TenantRecord

_USER = "u.id::text, u.tenant_id::text, u.email, u.name, u.state, u.created_at, u.last_login_at"
_USER_WIDTH = len(User.__dataclass_fields__)
_TENANT = f"JOIN LATERAL (SELECT {TENANT_COLUMNS} FROM {{p}}.tenants WHERE tenants.id = u.tenant_id) t ON true"
_KEY = "id::text, user_id::text, name, scopes, created_at, expires_at, used_at"
_SESSION = "id::text, created_at, used_at, expires_at, address, user_agent, methods, authenticated_at"
# What differs between the two kinds of holder; nobody ever proved who they are by a key.
_OF_SESSION = (
    "h.refresh_hash, '{*}'::text[], h.authenticated_at, h.methods, h.is_enrolling, h.previous_hash, h.rotated_at"
)
_OF_KEY = "h.secret_hash, h.scopes, NULL::timestamptz, '{}'::text[], false, NULL::bytea, NULL::timestamptz"


class Holder(NamedTuple):
    """A session or key with its user and tenant: all that decides whether it is still good."""

    revoked_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None
    digest: bytes
    scopes: Sequence[str]
    authenticated_at: datetime | None
    methods: Sequence[str]
    is_enrolling: bool
    previous_digest: bytes | None
    rotated_at: datetime | None
    user: User
    tenant: TenantRecord


_HOLDER_WIDTH = len(Holder._fields) - 2


def find_session(uow: UnitOfWork, id: str) -> Holder | None:
    return _holder(uow, "sessions", _OF_SESSION, id)


def find_key(uow: UnitOfWork, id: str) -> Holder | None:
    return _holder(uow, "api_keys", _OF_KEY, id)


def _holder(uow: UnitOfWork, table: str, columns: str, id: str) -> Holder | None:
    row: Any = uow.execute(
        f"SELECT h.revoked_at, h.expires_at, h.used_at, {columns}, {_USER}, t.*"
        f" FROM {{p}}.{table} h JOIN {{p}}.users u ON u.id = h.user_id {_TENANT} WHERE h.id = %s",
        [id],
    ).fetchone()
    if row is None:
        return None
    rest = row[_HOLDER_WIDTH:]
    return Holder._make([*row[:_HOLDER_WIDTH], User(*rest[:_USER_WIDTH]), TenantRecord(*rest[_USER_WIDTH:])])


def find_credentials(uow: UnitOfWork, tenant: str, email: str) -> Credentials | None:
    return _credentials(uow, "t.name = %s AND u.email = %s", [tenant, email])


def find_credentials_of(uow: UnitOfWork, user_id: str) -> Credentials | None:
    return _credentials(uow, "u.id = %s", [user_id])


def _credentials(uow: UnitOfWork, condition: str, values: list[str]) -> Credentials | None:
    row: Any = uow.execute(
        f"SELECT u.password_hash, {_USER}, t.* FROM {{p}}.users u {_TENANT} WHERE {condition}", values
    ).fetchone()
    if row is None:
        return None
    rest = row[1:]
    return Credentials(User(*rest[:_USER_WIDTH]), TenantRecord(*rest[_USER_WIDTH:]), row[0])


def find_user(uow: UnitOfWork, tenant_id: str, id: str) -> User | None:
    row: Any = uow.execute(
        f"SELECT {_USER} FROM {{p}}.users u WHERE u.tenant_id = %s AND u.id = %s", [tenant_id, id]
    ).fetchone()
    return User(*row) if row else None


def list_users(uow: UnitOfWork, tenant_id: str, after: str, limit: int) -> list[User]:
    rows = uow.execute(
        f"SELECT {_USER} FROM {{p}}.users u WHERE u.tenant_id = %s AND u.email > %s ORDER BY u.email LIMIT %s",
        [tenant_id, after, limit],
    ).fetchall()
    return [User(*row) for row in rows]


def insert_user(uow: UnitOfWork, user: User, password_hash: str | None) -> bool:
    """False when the tenant has a user with this email."""
    inserted = uow.execute(
        "INSERT INTO {p}.users (id, tenant_id, email, name, password_hash, state, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, email) DO NOTHING",
        [user.id, user.tenant_id, user.email, user.name, password_hash, user.state, user.created_at],
    )
    return inserted.rowcount == 1


def set_name(uow: UnitOfWork, id: str, name: str) -> None:
    uow.execute("UPDATE {p}.users SET name = %s WHERE id = %s", [name, id])


def set_state(uow: UnitOfWork, id: str, state: str) -> None:
    uow.execute("UPDATE {p}.users SET state = %s WHERE id = %s", [state, id])


def set_password_hash(uow: UnitOfWork, user_id: str, password_hash: str) -> None:
    uow.execute("UPDATE {p}.users SET password_hash = %s WHERE id = %s", [password_hash, user_id])


def touch_user(uow: UnitOfWork, user_id: str, password_hash: str | None, now: datetime) -> bool:
    """False when the user has another password than this by now, or is not active any more."""
    touched = uow.execute(
        "UPDATE {p}.users SET last_login_at = %s"
        " WHERE id = %s AND state = 'active' AND password_hash IS NOT DISTINCT FROM %s",
        [now, user_id, password_hash],
    )
    return touched.rowcount == 1


def hold_password(uow: UnitOfWork, user_id: str, password_hash: str | None) -> bool:
    """The same without noting a log-in: until the transaction ends nobody changes password or state."""
    held = uow.execute(
        "SELECT 1 FROM {p}.users WHERE id = %s AND state = 'active' AND password_hash IS NOT DISTINCT FROM %s"
        " FOR NO KEY UPDATE",
        [user_id, password_hash],
    )
    return held.rowcount == 1


def insert_session(
    uow: UnitOfWork, id: str, user_id: str, digest: bytes, now: datetime, expires_at: datetime, origin: Origin, *,
    methods: Sequence[str] = (), is_enrolling: bool = False,
) -> None:  # fmt: skip
    """methods: by what the user has just proved who they are."""
    uow.execute(
        "INSERT INTO {p}.sessions (id, user_id, refresh_hash, created_at, used_at, expires_at, address, user_agent,"
        " methods, authenticated_at, is_enrolling) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            id, user_id, digest, now, now, expires_at, origin.address, origin.user_agent,
            list(methods), now if methods else None, is_enrolling,
        ],
    )  # fmt: skip


def rotate_session(uow: UnitOfWork, id: str, old: bytes, new: bytes, now: datetime, expires_at: datetime) -> bool:
    """False when somebody else rotated it since it was read: of two uses of one token only the first counts."""
    rotated = uow.execute(
        "UPDATE {p}.sessions SET previous_hash = refresh_hash, rotated_at = %(now)s, refresh_hash = %(new)s,"
        " used_at = %(now)s, expires_at = %(expires_at)s"
        " WHERE id = %(id)s AND refresh_hash = %(old)s AND revoked_at IS NULL",
        {"new": new, "now": now, "expires_at": expires_at, "id": id, "old": old},
    )
    return rotated.rowcount == 1


def prove_session(uow: UnitOfWork, id: str, method: str, now: datetime) -> None:
    """The user has proved anew, by this method, who they are."""
    uow.execute(
        "UPDATE {p}.sessions SET authenticated_at = %s, methods = array_append(array_remove(methods, %s), %s)"
        " WHERE id = %s",
        [now, method, method, id],
    )


def end_enrolment(uow: UnitOfWork, id: str, method: str) -> None:
    """The factor the session waited for is there."""
    uow.execute(
        "UPDATE {p}.sessions SET is_enrolling = false, methods = array_append(array_remove(methods, %s), %s)"
        " WHERE id = %s",
        [method, method, id],
    )


def is_known_address(uow: UnitOfWork, user_id: str, address: str | None, since: datetime) -> bool:
    """Whether the user has logged in from there."""
    known = uow.execute(
        "SELECT 1 FROM {p}.sessions WHERE user_id = %s AND address = %s AND created_at > %s LIMIT 1",
        [user_id, address, since],
    )
    return known.rowcount == 1


def list_sessions(uow: UnitOfWork, user_id: str, now: datetime) -> list[SessionRecord]:
    rows = uow.execute(
        f"SELECT {_SESSION} FROM {{p}}.sessions"
        " WHERE user_id = %s AND revoked_at IS NULL AND expires_at > %s ORDER BY used_at DESC, id",
        [user_id, now],
    ).fetchall()
    return [SessionRecord(*row) for row in rows]


def revoke_session(uow: UnitOfWork, user_id: str, id: str, now: datetime, because: str = "ended") -> bool:
    revoked = uow.execute(
        "UPDATE {p}.sessions SET revoked_at = %s, revoked_because = %s"
        " WHERE id = %s AND user_id = %s AND revoked_at IS NULL",
        [now, because, id, user_id],
    )
    return revoked.rowcount == 1


def revoke_sessions(
    uow: UnitOfWork, user_id: str, now: datetime, except_id: str | None = None, because: str = "ended"
) -> int:
    """How many there were."""
    revoked = uow.execute(
        "UPDATE {p}.sessions SET revoked_at = %s, revoked_because = %s"
        " WHERE user_id = %s AND revoked_at IS NULL AND id IS DISTINCT FROM %s::uuid",
        [now, because, user_id, except_id],
    )
    return revoked.rowcount


def insert_key(uow: UnitOfWork, key: ApiKey, digest: bytes) -> None:
    uow.execute(
        "INSERT INTO {p}.api_keys (id, user_id, name, secret_hash, scopes, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [key.id, key.user_id, key.name, digest, list(key.scopes), key.created_at, key.expires_at],
    )


def list_keys(uow: UnitOfWork, user_id: str) -> list[ApiKey]:
    rows = uow.execute(
        f"SELECT {_KEY} FROM {{p}}.api_keys WHERE user_id = %s AND revoked_at IS NULL ORDER BY id", [user_id]
    ).fetchall()
    return [ApiKey(*row) for row in rows]


def touch_key(uow: UnitOfWork, id: str, now: datetime) -> None:
    uow.execute("UPDATE {p}.api_keys SET used_at = %s WHERE id = %s", [now, id])


def revoke_key(uow: UnitOfWork, user_id: str, id: str, now: datetime) -> bool:
    revoked = uow.execute(
        "UPDATE {p}.api_keys SET revoked_at = %s WHERE id = %s AND user_id = %s AND revoked_at IS NULL",
        [now, id, user_id],
    )
    return revoked.rowcount == 1
