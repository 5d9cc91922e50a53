"""All SQL about second factors, recovery codes and challenges. Every function takes a unit of work on the platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel.db.unit_of_work import UnitOfWork

CHALLENGES_PURGED_MAX = 100
_FACTOR = (
    "id::text, user_id::text, kind, name, created_at, confirmed_at, used_at,"
    " secret, used_step, credential_id, public_key, sign_count"
)


@dataclass(frozen=True, slots=True)
class Factor:
    """kind: `totp` (secret: sealed) or `webauthn`. Not in use until confirmed."""

    id: str
    user_id: str
    kind: str
    name: str
    created_at: datetime
    confirmed_at: datetime | None = None
    used_at: datetime | None = None
    secret: bytes | None = field(default=None, repr=False)
    used_step: int | None = None
    credential_id: bytes | None = None
    public_key: bytes | None = None
    sign_count: int | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What waits for its answer. nonce: what an authenticator signs."""

    id: str
    kind: str
    user_id: str | None
    digest: bytes = field(repr=False)
    nonce: bytes | None
    expires_at: datetime


def insert_factor(uow: UnitOfWork, factor: Factor) -> bool:
    """False when its credential is there already."""
    inserted = uow.execute(
        "INSERT INTO {p}.auth_factors (id, user_id, kind, name, created_at, confirmed_at, secret, credential_id,"
        " public_key, sign_count) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (credential_id) DO NOTHING",
        [
            factor.id, factor.user_id, factor.kind, factor.name, factor.created_at, factor.confirmed_at,
            factor.secret, factor.credential_id, factor.public_key, factor.sign_count,
        ],
    )  # fmt: skip
    return inserted.rowcount == 1


def list_factors(uow: UnitOfWork, user_id: str, *, is_confirmed: bool = True) -> list[Factor]:
    """Oldest first. is_confirmed: only those in use."""
    condition = " AND confirmed_at IS NOT NULL" if is_confirmed else ""
    rows = uow.execute(
        f"SELECT {_FACTOR} FROM {{p}}.auth_factors WHERE user_id = %s{condition} ORDER BY id", [user_id]
    ).fetchall()
    return [Factor(*row) for row in rows]


def find_passkey(uow: UnitOfWork, credential_id: bytes) -> Factor | None:
    row: Any = uow.execute(
        f"SELECT {_FACTOR} FROM {{p}}.auth_factors WHERE credential_id = %s AND confirmed_at IS NOT NULL",
        [credential_id],
    ).fetchone()
    return Factor(*row) if row else None


def confirm_factor(uow: UnitOfWork, id: str, now: datetime) -> None:
    uow.execute("UPDATE {p}.auth_factors SET confirmed_at = %s WHERE id = %s", [now, id])


def use_step(uow: UnitOfWork, id: str, step: int, now: datetime) -> bool:
    """False when a code of this step or a later one was used: of two who send one code the first counts."""
    used = uow.execute(
        "UPDATE {p}.auth_factors SET used_step = %(step)s, used_at = %(now)s"
        " WHERE id = %(id)s AND (used_step IS NULL OR used_step < %(step)s)",
        {"step": step, "now": now, "id": id},
    )
    return used.rowcount == 1


def use_passkey(uow: UnitOfWork, id: str, sign_count: int, now: datetime) -> bool:
    """False when the counter has been there before: then there are two of the authenticator. Some do not count: 0."""
    used = uow.execute(
        "UPDATE {p}.auth_factors SET sign_count = %(count)s, used_at = %(now)s"
        " WHERE id = %(id)s AND (sign_count < %(count)s OR (sign_count = 0 AND %(count)s = 0))",
        {"count": sign_count, "now": now, "id": id},
    )
    return used.rowcount == 1


def delete_factors(uow: UnitOfWork, user_id: str, id: str | None = None, *, is_confirmed: bool | None = None) -> int:
    """One or all of a user's factors, or those that were (not) confirmed; how many there were."""
    return uow.execute(
        "DELETE FROM {p}.auth_factors WHERE user_id = %(user)s AND (%(id)s::uuid IS NULL OR id = %(id)s)"
        " AND (%(confirmed)s::boolean IS NULL OR (confirmed_at IS NOT NULL) = %(confirmed)s)",
        {"user": user_id, "id": id, "confirmed": is_confirmed},
    ).rowcount


def replace_codes(uow: UnitOfWork, user_id: str, digests: Sequence[bytes]) -> None:
    uow.execute("DELETE FROM {p}.recovery_codes WHERE user_id = %s", [user_id])
    uow.execute(
        "INSERT INTO {p}.recovery_codes (user_id, code_hash) SELECT %s, unnest(%s::bytea[])", [user_id, list(digests)]
    )


def use_code(uow: UnitOfWork, user_id: str, digest: bytes, now: datetime) -> bool:
    used = uow.execute(
        "UPDATE {p}.recovery_codes SET used_at = %s WHERE user_id = %s AND code_hash = %s AND used_at IS NULL",
        [now, user_id, digest],
    )
    return used.rowcount == 1


def count_codes(uow: UnitOfWork, user_id: str) -> int:
    """How many are left."""
    row: Any = uow.execute(
        "SELECT count(*) FROM {p}.recovery_codes WHERE user_id = %s AND used_at IS NULL", [user_id]
    ).fetchone()
    return int(row[0])


def insert_challenge(uow: UnitOfWork, challenge: Challenge, now: datetime) -> None:
    """Beside it, some of those nobody will answer any more are dropped."""
    uow.execute(
        "DELETE FROM {p}.auth_challenges WHERE id IN (SELECT id FROM {p}.auth_challenges WHERE expires_at < %s"
        " LIMIT %s FOR UPDATE SKIP LOCKED)",
        [now, CHALLENGES_PURGED_MAX],
    )
    uow.execute(
        "INSERT INTO {p}.auth_challenges (id, kind, user_id, secret_hash, nonce, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [challenge.id, challenge.kind, challenge.user_id, challenge.digest, challenge.nonce, challenge.expires_at],
    )


def find_challenge(uow: UnitOfWork, id: str) -> Challenge | None:
    row: Any = uow.execute(
        "SELECT id::text, kind, user_id::text, secret_hash, nonce, expires_at FROM {p}.auth_challenges WHERE id = %s",
        [id],
    ).fetchone()
    return Challenge(*row) if row else None


def take_challenge(uow: UnitOfWork, id: str) -> bool:
    """False when somebody else has answered it meanwhile."""
    return uow.execute("DELETE FROM {p}.auth_challenges WHERE id = %s", [id]).rowcount == 1


def drop_challenges(uow: UnitOfWork, user_id: str, kind: str | None = None) -> None:
    uow.execute(
        "DELETE FROM {p}.auth_challenges WHERE user_id = %(user)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)",
        {"user": user_id, "kind": kind},
    )
