"""Introspection (RFC 7662) and revocation (RFC 7009) of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kernel.auth.errors import TokenInvalid
from kernel.auth.opaque import is_opaque, read_token
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import store
from kernel.oauth.access import AccessClaims, check_grant, read_access_token
from kernel.oauth.clients import authenticate_client
from kernel.oauth.records import KnownClient, KnownGrant, Server
from kernel.oauth.refresh_tokens import REFRESH_TOKEN, was_issued
from kernel.oauth.refusals import Refusal
from sdk.errors import Forbidden, Unauthenticated

INACTIVE = {"active": False}


def introspect(
    uow: UnitOfWork, server: Server, header: str | None, form: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """What a token is worth now. A client learns of its own tokens, or of its tenant's if it was allowed to."""
    known, text = _caller(uow, header, form)
    if not known.client.is_confidential:
        raise Refusal("unauthorized_client", "only confidential clients may introspect")
    if is_opaque(REFRESH_TOKEN, text):
        found = _find_refresh(uow, server, text)
        if found is None or not found.is_active(now) or not _may_see(known, found):
            return INACTIVE
        return _describe(server, found, found.grant.scopes, int(found.grant.expires_at.timestamp()))
    try:
        claims = read_access_token(server.access_key, server.issuer, text, now)
        found = check_grant(uow, claims, now)
    except (Unauthenticated, Forbidden):
        return INACTIVE
    return _describe_access(server, found, claims) if _may_see(known, found) else INACTIVE


def revoke(uow: UnitOfWork, server: Server, header: str | None, form: Mapping[str, str], now: datetime) -> None:
    """End a token and its whole family. What is unknown is as good as revoked (RFC 7009 section 2.2)."""
    known, text = _caller(uow, header, form)
    if is_opaque(REFRESH_TOKEN, text):
        found = _find_refresh(uow, server, text)
    else:
        try:
            found = check_grant(uow, read_access_token(server.access_key, server.issuer, text, now), now)
        except (Unauthenticated, Forbidden):
            found = None
    if found is not None and found.grant.client_id == known.client.id:
        store.revoke_grant(uow, found.grant.id, now)


def find_active(uow: UnitOfWork, server: Server, text: str, now: datetime) -> tuple[KnownGrant, AccessClaims]:
    """The grant of an access token that is for this service. Raises leaves of Unauthenticated and Forbidden."""
    claims = read_access_token(server.access_key, server.issuer, text, now)
    if claims.audience != server.issuer:
        raise TokenInvalid
    return check_grant(uow, claims, now), claims


def _caller(uow: UnitOfWork, header: str | None, form: Mapping[str, str]) -> tuple[KnownClient, str]:
    known = authenticate_client(uow, header, form)
    if "token" not in form:
        raise Refusal("invalid_request", "token is missing")
    return known, form["token"]


def _find_refresh(uow: UnitOfWork, server: Server, text: str) -> KnownGrant | None:
    """By the token of today only; one that was rotated away says nothing."""
    try:
        sent = read_token(REFRESH_TOKEN, text)
    except TokenInvalid:
        return None
    found = store.find_grant(uow, sent.id)
    if found is None or found.grant.refresh_hash is None or not was_issued(server.refresh_key, sent):
        return None
    return found if sent.matches(found.grant.refresh_hash) else None


def _may_see(known: KnownClient, found: KnownGrant) -> bool:
    is_own = found.grant.client_id == known.client.id
    return is_own or (known.client.may_introspect and found.tenant.id == known.client.tenant_id)


def _describe_access(server: Server, found: KnownGrant, claims: AccessClaims) -> dict[str, Any]:
    told = _describe(server, found, claims.scopes, claims.expires_at)
    return {**told, "token_type": "Bearer", "iat": claims.issued_at, "jti": claims.token_id}


def _describe(server: Server, found: KnownGrant, scopes: Any, expires_at: int) -> dict[str, Any]:
    return {
        "active": True,
        "iss": server.issuer,
        "sub": found.user.id,
        "username": found.user.email,
        "client_id": found.grant.client_id,
        "aud": found.grant.resource,
        "scope": " ".join(scopes),
        "exp": expires_at,
        "tid": found.tenant.name,
    }
