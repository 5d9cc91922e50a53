"""Secrets of the platform itself: what the kernel must be able to read again, unlike a password.

A sealed secret is: version (1 byte), id of its key (16), nonce (12), ciphertext and tag. It is bound to its purpose and
context, so that one user's secret does not open as another's.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from kernel.db.names import PLATFORM_SCHEMA
from kernel.parts import Parts
from kernel.secrets.cipher import DoesNotOpen, bind, decrypt, encrypt, new_key
from kernel.secrets.errors import SecretUnreadable
from sdk.identifiers import new_id

_VERSION = b"\x01"
_KEY_ID_BYTES = 16
_PLATFORM = "platform"
_COLUMNS = f"SELECT id::text, wrapped, wrapped_by FROM {PLATFORM_SCHEMA}.keyring"
_ACTIVE = f"{_COLUMNS} WHERE retired_at IS NULL"
_BY_ID = f"{_COLUMNS} WHERE id = %s"
_INSERT = (
    f"INSERT INTO {PLATFORM_SCHEMA}.keyring (id, wrapped, wrapped_by, created_at) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)


def seal(parts: Parts, purpose: str, plaintext: bytes, *context: str) -> bytes:
    """Encrypt for the database. purpose: what it is, `totp_secret` say; context: whose, ids say.

    Raises MasterKeyMissing, MasterKeyUnreadable, MasterKeyWrong, KmsUnavailable.
    """
    id, key = platform_key(parts)
    return _VERSION + UUID(id).bytes + encrypt(key, plaintext, bind(_PLATFORM, purpose, *context))


def open_sealed(parts: Parts, purpose: str, sealed: bytes, *context: str) -> bytes:
    """What was sealed for the same purpose and context. Raises SecretUnreadable."""
    start = len(_VERSION) + _KEY_ID_BYTES
    if sealed[:1] != _VERSION or len(sealed) < start:
        raise SecretUnreadable(what=purpose)
    id = str(UUID(bytes=bytes(sealed[1:start])))
    key = parts.keyring.recall(id) or _load(parts, id, purpose)
    try:
        return decrypt(key, bytes(sealed[start:]), bind(_PLATFORM, purpose, *context))
    except DoesNotOpen:
        raise SecretUnreadable(what=purpose) from None


def platform_key(parts: Parts) -> tuple[str, bytes]:
    """The key of this installation that seals now: its id and itself; made when there is none.

    That it unwraps says that this process has the master key the installation was made with.
    """
    id = parts.keyring.active_id
    key = parts.keyring.recall(id) if id else None
    if id and key:
        return id, key
    # On a connection of its own: a request must not wait here for a second one of a pool that waits for requests.
    with parts.database.owner() as connection:
        row = connection.execute(_ACTIVE).fetchone() or _make(parts, connection)
    key = unwrap_platform_key(parts, row)
    parts.keyring.active_id = row[0]
    return row[0], parts.keyring.remember(row[0], key)


def unwrap_platform_key(parts: Parts, row: tuple[Any, ...]) -> bytes:
    """row: id, wrapped, wrapped_by."""
    id, wrapped, wrapped_by = row
    return parts.keyring.master().unwrap(bytes(wrapped), wrapped_by, bound_to_platform(id))


def bound_to_platform(id: str) -> bytes:
    """What a key of the platform is wrapped for."""
    return bind(_PLATFORM, id)


def _make(parts: Parts, connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    id = new_id()
    wrapped_by, wrapped = parts.keyring.master(is_new=True).wrap(new_key(), bound_to_platform(id))
    connection.execute(_INSERT, [id, wrapped, wrapped_by, parts.clock()])
    row: tuple[Any, ...] | None = connection.execute(_ACTIVE).fetchone()
    assert row is not None
    return row


def _load(parts: Parts, id: str, purpose: str) -> bytes:
    with parts.database.owner() as connection:
        row = connection.execute(_BY_ID, [id]).fetchone()
    if row is None:
        raise SecretUnreadable(what=purpose)
    return parts.keyring.remember(id, unwrap_platform_key(parts, row))
