"""ID tokens and userinfo (OpenID Connect Core 1.0): who somebody is, told to a client they have allowed that."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.keys import sign
from kernel.oauth.records import KnownGrant, Server
from kernel.oauth.scopes import EMAIL, PROFILE

ID_TOKEN_TTL_S = 300


def sign_id_token(
    uow: UnitOfWork,
    server: Server,
    found: KnownGrant,
    scopes: Sequence[str],
    access_token: str,
    now: datetime,
    *,
    nonce: str | None,
) -> str:
    """An ID token for the grant's client; `at_hash` binds it to the access token beside it (section 3.1.3.6)."""
    issued, authenticated_at = int(now.timestamp()), found.grant.authenticated_at
    claims = {
        "iss": server.issuer,
        "aud": found.grant.client_id,
        "azp": found.grant.client_id,
        "iat": issued,
        "exp": issued + ID_TOKEN_TTL_S,
        "at_hash": hash_half(access_token),
        **describe_user(found, scopes),
    }
    if authenticated_at is not None:
        claims["auth_time"] = int(authenticated_at.timestamp())
    if nonce is not None:
        claims["nonce"] = nonce
    return sign(uow, server, claims, now)


def describe_user(found: KnownGrant, scopes: Sequence[str]) -> dict[str, Any]:
    """`sub` always; name and email as the scopes say. No email here was ever verified, so none is called that."""
    claims: dict[str, Any] = {"sub": found.user.id, "tid": found.tenant.name}
    if PROFILE in scopes and found.user.name:
        claims["name"] = found.user.name
    if EMAIL in scopes:
        claims |= {"email": found.user.email, "email_verified": False}
    return claims


def hash_half(token: str) -> str:
    """The left half of the token's SHA-256 in base64url, as `at_hash` is defined for RS256."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
