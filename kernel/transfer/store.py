"""The table of transfers: all its SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from kernel.db.unit_of_work import UnitOfWork

Kind = Literal["import", "export"]
OPEN = ("waiting", "running")
_CLAIM_LOCK = 0x626F7374

_COLUMNS = (
    "id::text, kind, place, state, type, request, progress, actor, created_at, updated_at, started_at, finished_at,"
    " holder, error"
)


@dataclass(frozen=True)
class Transfer:
    """One import or export. request: what was asked for. progress: how far it is, as of the last batch.

    actor: who asked: id, and for users email, name, scopes and key.
    """

    id: str
    kind: Kind
    place: str
    state: str
    type: str
    request: Mapping[str, Any]
    progress: Mapping[str, Any]
    actor: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    holder: str | None = None
    error: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class NewTransfer:
    """What a transfer begins with. holder: who works on it from the start; without, it waits for a worker."""

    id: str
    kind: Kind
    type: str
    request: Mapping[str, Any]
    actor: Mapping[str, Any]
    place: str = "worker"
    progress: Mapping[str, Any] = field(default_factory=dict)
    holder: str | None = None


def insert(uow: UnitOfWork, new: NewTransfer, now: datetime) -> None:
    uow.execute(
        "INSERT INTO {t}.transfers (id, kind, place, state, type, request, progress, actor, created_at, updated_at,"
        " started_at, holder) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            new.id, new.kind, new.place, "running" if new.holder else "waiting", new.type, Jsonb(new.request),
            Jsonb(new.progress), Jsonb(new.actor), now, now, now if new.holder else None, new.holder,
        ],
    )  # fmt: skip


def find(uow: UnitOfWork, id: str) -> Transfer | None:
    row = uow.execute(f"SELECT {_COLUMNS} FROM {{t}}.transfers WHERE id = %s", [id]).fetchone()
    return Transfer(*row) if row else None


def list_latest(uow: UnitOfWork, kind: Kind, actor_id: str | None, limit: int) -> list[Transfer]:
    """Newest first; of one actor, or of all."""
    rows = uow.execute(
        f"SELECT {_COLUMNS} FROM {{t}}.transfers WHERE kind = %s AND (%s::text IS NULL OR actor ->> 'id' = %s)"
        " ORDER BY created_at DESC, id DESC LIMIT %s",
        [kind, actor_id, actor_id, limit],
    )
    return [Transfer(*row) for row in rows]


def count_open(uow: UnitOfWork) -> int:
    row = uow.execute(
        "SELECT count(*) FROM {t}.transfers WHERE state IN ('waiting', 'running') AND place = 'worker'"
    ).fetchone()
    return row[0] if row else 0


def find_unfinished(uow: UnitOfWork, type: str, file: str) -> Transfer | None:
    """The last import of a file by a command that has not come to its end."""
    row = uow.execute(
        f"SELECT {_COLUMNS} FROM {{t}}.transfers WHERE kind = 'import' AND place = 'command' AND type = %s"
        " AND state = 'running' AND request ->> 'file' = %s ORDER BY created_at DESC, id DESC LIMIT 1",
        [type, file],
    ).fetchone()
    return Transfer(*row) if row else None


def claim(uow: UnitOfWork, holder: str, now: datetime, leased_until: datetime) -> Transfer | None:
    """The oldest transfer for a worker, held by this one from now on. None while another worker is at one: a tenant's
    transfers are done one after the other.
    """
    if not _is_alone(uow):
        return None
    row = uow.execute(
        "UPDATE {t}.transfers SET state = 'running', holder = %(holder)s, leased_until = %(until)s,"
        " started_at = coalesce(started_at, %(now)s), updated_at = %(now)s"
        " WHERE id = (SELECT id FROM {t}.transfers WHERE place = 'worker' AND state IN ('waiting', 'running')"
        "   AND NOT EXISTS (SELECT FROM {t}.transfers o WHERE o.place = 'worker' AND o.state = 'running'"
        "     AND o.holder <> %(holder)s AND o.leased_until > %(now)s)"
        "   ORDER BY state, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        f" RETURNING {_COLUMNS}",
        {"holder": holder, "now": now, "until": leased_until},
    ).fetchone()
    return Transfer(*row) if row else None


def _is_alone(uow: UnitOfWork) -> bool:
    """Of workers that claim at the same moment each would see that nobody is at work yet."""
    schema = uow.tenant.schema if uow.tenant else ""
    row = uow.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [_CLAIM_LOCK, schema]).fetchone()
    return bool(row and row[0])


def take_over(uow: UnitOfWork, id: str, holder: str, now: datetime) -> None:
    uow.execute("UPDATE {t}.transfers SET holder = %s, updated_at = %s WHERE id = %s", [holder, now, id])


def hold(uow: UnitOfWork, id: str, holder: str) -> bool:
    """Whether the transfer is this holder's still; then nobody else claims it before the transaction ends."""
    row = uow.execute(
        "SELECT true FROM {t}.transfers WHERE id = %s AND holder = %s AND state = 'running' FOR NO KEY UPDATE",
        [id, holder],
    ).fetchone()
    return row is not None


def keep_progress(
    uow: UnitOfWork, id: str, holder: str, progress: Mapping[str, Any], now: datetime, leased_until: datetime | None
) -> bool:
    """False when the transfer is not this holder's any more: nothing may be committed then."""
    cursor = uow.execute(
        "UPDATE {t}.transfers SET progress = %s, updated_at = %s, leased_until = %s"
        " WHERE id = %s AND holder = %s AND state = 'running'",
        [Jsonb(progress), now, leased_until, id, holder],
    )
    return cursor.rowcount == 1


def finish(
    uow: UnitOfWork, id: str, state: str, now: datetime, *, holder: str | None = None,
    error: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """End one that is open; False when it has ended already, or is not this holder's."""
    cursor = uow.execute(
        "UPDATE {t}.transfers SET state = %s, finished_at = %s, updated_at = %s, error = %s, leased_until = NULL"
        " WHERE id = %s AND state IN ('waiting', 'running') AND (%s::text IS NULL OR holder = %s)",
        [state, now, now, Jsonb(error) if error else None, id, holder, holder],
    )
    return cursor.rowcount == 1


def remove_finished(uow: UnitOfWork, before: datetime) -> list[str]:
    """Forget those that ended before this moment; their ids. Commands that were never resumed count as ended."""
    rows = uow.execute(
        "DELETE FROM {t}.transfers WHERE finished_at < %s OR (place = 'command' AND updated_at < %s)"
        " RETURNING id::text",
        [before, before],
    )
    return [id for (id,) in rows]


def list_ids(uow: UnitOfWork) -> set[str]:
    """Of all that are known, ended or not."""
    return {id for (id,) in uow.execute("SELECT id::text FROM {t}.transfers")}
