"""What a user has let programs do, and taking it back."""

from __future__ import annotations

from datetime import datetime

from kernel.auth.opaque import is_id
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import store
from kernel.oauth.errors import ConsentUnknown
from kernel.oauth.records import Consent


def list_consents(uow: UnitOfWork, user_id: str) -> list[Consent]:
    """By the names of the clients."""
    return store.list_consents(uow, user_id)


def revoke_consent(uow: UnitOfWork, user_id: str, client_id: str, now: datetime) -> None:
    """The client's tokens for this user stop working at once. Raises ConsentUnknown."""
    if not is_id(client_id) or not store.delete_consent(uow, user_id, client_id):
        raise ConsentUnknown(id=client_id[:40])
    store.revoke_grants(uow, user_id, now, client_id)
