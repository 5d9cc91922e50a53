"""API keys: a program acts as a user, limited to scopes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kernel.auth import store, trail
from kernel.auth.errors import ApiKeyUnknown
from kernel.auth.opaque import API_KEY, is_id, make_token
from kernel.auth.records import ApiKey, NewApiKey, Origin
from kernel.db.unit_of_work import UnitOfWork
from kernel.permissions.limits import check_scopes
from sdk.identifiers import new_id


def create_api_key(
    uow: UnitOfWork, user_id: str, name: str, scopes: Sequence[str], now: datetime, *,
    expires_at: datetime | None = None, origin: Origin | None = None,
) -> NewApiKey:  # fmt: skip
    """A key that may do what its user may, within the scopes; its secret is told this once. Raises ScopesInvalid."""
    check_scopes(scopes)
    token = make_token(API_KEY, new_id())
    key = ApiKey(token.id, user_id, name, tuple(scopes), now, expires_at)
    store.insert_key(uow, key, token.digest)
    trail.record(uow, None, "api_key.made", now, user_id=user_id, origin=origin, key=key.id, name=name)
    return NewApiKey(key, token.text)


def list_api_keys(uow: UnitOfWork, user_id: str) -> list[ApiKey]:
    """A user's keys that were not revoked, oldest first."""
    return store.list_keys(uow, user_id)


def revoke_api_key(uow: UnitOfWork, user_id: str, key_id: str, now: datetime, *, origin: Origin | None = None) -> None:
    """The key stops working at once; raises ApiKeyUnknown."""
    if not is_id(key_id) or not store.revoke_key(uow, user_id, key_id, now):
        raise ApiKeyUnknown(id=key_id)
    trail.record(uow, None, "api_key.revoked", now, user_id=user_id, origin=origin, key=key_id)
