"""Access tokens: short-lived JWTs, signed HS256 with the installation's secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from kernel.auth.errors import TokenExpired, TokenInvalid
from sdk.identifiers import new_id

ALGORITHM = "HS256"
TOKEN_CHARACTERS_MAX = 4096
_CLAIMS = ("sub", "tid", "sid", "iat", "exp", "jti", "scopes")
# Times are compared with the clock at hand, not with the one PyJWT looks at.
_OPTIONS: Any = {"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False}


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: user, tenant name, session, scopes (`*` is everything the user may)."""

    user_id: str
    tenant: str
    session_id: str
    scopes: tuple[str, ...] = ("*",)


def sign_access_token(secret: str, claims: Claims, now: datetime, ttl_s: int) -> str:
    """The token, valid for `ttl_s` seconds from `now`."""
    issued = int(now.timestamp())
    payload = {
        "sub": claims.user_id,
        "tid": claims.tenant,
        "sid": claims.session_id,
        "iat": issued,
        "exp": issued + ttl_s,
        "jti": new_id(),
        "scopes": list(claims.scopes),
    }
    return jwt.encode(payload, secret, ALGORITHM)


def read_access_token(secret: str, token: str, now: datetime) -> Claims:
    """The claims of a token with a good signature; raises TokenInvalid, TokenExpired."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise TokenInvalid
    try:
        payload = jwt.decode(token, secret, algorithms=[ALGORITHM], options=_OPTIONS)
    except jwt.InvalidTokenError:
        raise TokenInvalid from None
    if payload["exp"] <= now.timestamp():
        raise TokenExpired
    return Claims(payload["sub"], payload["tid"], payload["sid"], tuple(payload["scopes"]))
