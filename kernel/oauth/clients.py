"""Clients: registered by who may administer them, and authenticated at the token endpoint (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote_plus

from kernel.auth.errors import TokenInvalid
from kernel.auth.opaque import is_id, make_token, read_token
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import store
from kernel.oauth.client_rules import check_client
from kernel.oauth.errors import OauthClientPublic, OauthClientUnknown
from kernel.oauth.records import Client, KnownClient, NewClient
from kernel.oauth.refusals import Refusal

CLIENT_SECRET = "boss"
_BASIC = "basic "


def register_client(uow: UnitOfWork, client: Client) -> NewClient:
    """A new client; the secret of a confidential one is told this once. Raises OauthClientInvalid."""
    check_client(client)
    token = make_token(CLIENT_SECRET, client.id) if client.is_confidential else None
    store.insert_client(uow, client, token.digest if token else None)
    return NewClient(client, token.text if token else None)


def get_client(uow: UnitOfWork, tenant_id: str, id: str) -> Client:
    """A client of the tenant that was not deleted; raises OauthClientUnknown."""
    found = find_known(uow, id)
    if found is None or found.client.tenant_id != tenant_id or found.revoked_at is not None:
        raise OauthClientUnknown(id=id)
    return found.client


def list_clients(uow: UnitOfWork, tenant_id: str) -> list[Client]:
    return store.list_clients(uow, tenant_id)


def delete_client(uow: UnitOfWork, tenant_id: str, id: str, now: datetime) -> None:
    """Nothing that was issued to it works any more; its row stays, as events may name it. Raises OauthClientUnknown."""
    if not is_id(id) or not store.revoke_client(uow, tenant_id, id, now):
        raise OauthClientUnknown(id=id)


def rotate_secret(uow: UnitOfWork, tenant_id: str, id: str) -> NewClient:
    """A new secret, told this once; the old one stops working. Raises OauthClientUnknown, OauthClientPublic."""
    client = get_client(uow, tenant_id, id)
    if not client.is_confidential:
        raise OauthClientPublic(id=id)
    token = make_token(CLIENT_SECRET, client.id)
    store.set_secret_hash(uow, client.id, token.digest)
    return NewClient(client, token.text)


def find_known(uow: UnitOfWork, id: str) -> KnownClient | None:
    """By its id, whatever its state; None for what cannot be one."""
    return store.find_client(uow, id) if is_id(id) else None


def authenticate_client(uow: UnitOfWork, header: str | None, form: Mapping[str, str]) -> KnownClient:
    """By HTTP Basic or by the form; a public client only says who it is.

    Raises Refusal invalid_client, which tells nothing of what was wrong, and invalid_request for two ways at once.
    """
    id, secret = _credentials(header, form)
    found = find_known(uow, id)
    if found is None or not found.is_active or not _is_secret(found, secret):
        raise Refusal("invalid_client", "client authentication failed")
    return found


def _credentials(header: str | None, form: Mapping[str, str]) -> tuple[str, str | None]:
    if header is None:
        return form.get("client_id", ""), form.get("client_secret")
    if "client_secret" in form:
        raise Refusal("invalid_request", "the client authenticates in two ways at once")
    id, secret = _read_basic(header)
    if form.get("client_id", id) != id:
        raise Refusal("invalid_request", "client_id is not the client that authenticates")
    return id, secret


def _read_basic(header: str) -> tuple[str, str]:
    try:
        if not header.lower().startswith(_BASIC):
            raise ValueError
        text = base64.b64decode(header[len(_BASIC) :].strip(), validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise Refusal("invalid_client", "client authentication failed") from None
    id, _, secret = text.partition(":")
    return unquote_plus(id), unquote_plus(secret)


def _is_secret(found: KnownClient, secret: str | None) -> bool:
    """A public client has none, and must not send one."""
    if found.secret_hash is None or secret is None:
        return found.secret_hash is None and secret is None
    try:
        sent = read_token(CLIENT_SECRET, secret)
    except TokenInvalid:
        return False
    # Compared in constant time.
    return sent.matches(found.secret_hash) and replace(sent, id=found.client.id) == sent
