"""The record of who came in, was refused, and changed what lets them in: the platform's table `auth_events`.

Not events of the tenant: a log-in is refused before any tenant's transaction is open, and whoever guesses passwords
must not be able to fill the log that a tenant seals and delivers. The login of requests may add rows but change none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from kernel.auth.opaque import is_id
from kernel.auth.records import Origin
from kernel.db.unit_of_work import UnitOfWork
from sdk.identifiers import new_id

EVENTS_PAGE_MAX = 500
_COLUMNS = (
    "id::text, type, occurred_at, user_id::text, actor_id, session_id::text, address, user_agent, request_id, detail"
)


@dataclass(frozen=True, slots=True)
class AuthEvent:
    """user_id: whom it is about, None for nobody known. actor_id: who did it, where that is somebody else."""

    id: str
    type: str
    occurred_at: datetime
    user_id: str | None
    actor_id: str | None
    session_id: str | None
    address: str | None
    user_agent: str | None
    request_id: str | None
    detail: Mapping[str, Any]


def record(
    uow: UnitOfWork, tenant_id: str | None, type: str, now: datetime, *,
    user_id: str | None = None, session_id: str | None = None, origin: Origin | None = None, **detail: Any,
) -> None:  # fmt: skip
    """Note that it happened; with the change itself, in one transaction. detail: no secrets.

    tenant_id: None is the user's.
    """
    came = origin or Origin()
    uow.execute(
        "INSERT INTO {p}.auth_events (id, tenant_id, type, occurred_at, user_id, actor_id, session_id, address,"
        " user_agent, request_id, detail) VALUES (%(id)s, coalesce(%(tenant)s::uuid, (SELECT tenant_id FROM {p}.users"
        " WHERE id = %(user)s)), %(type)s, %(now)s, %(user)s, %(actor)s, %(session)s, %(address)s, %(agent)s,"
        " %(request)s, %(detail)s)",
        {
            "id": new_id(), "tenant": tenant_id, "type": type, "now": now, "user": user_id, "actor": came.actor_id,
            "session": session_id, "address": came.address, "agent": came.user_agent, "request": came.request_id,
            "detail": Jsonb(detail),
        },
    )  # fmt: skip


def list_events(
    uow: UnitOfWork, tenant_id: str, *, user_id: str | None = None, before: str | None = None, limit: int = 50
) -> list[AuthEvent]:
    """Newest first, older than `before` (an event's id); of all users, or of one. limit: 1 to 500."""
    if any(id is not None and not is_id(id) for id in (user_id, before)):
        return []
    conditions, values = ["tenant_id = %s"], [tenant_id]
    for column, operator, value in (("user_id", "=", user_id), ("id", "<", before)):
        if value is not None:
            conditions.append(f"{column} {operator} %s::uuid")
            values.append(value)
    rows = uow.execute(
        f"SELECT {_COLUMNS} FROM {{p}}.auth_events WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT %s",
        [*values, max(1, min(limit, EVENTS_PAGE_MAX))],
    ).fetchall()
    return [AuthEvent(*row) for row in rows]
