"""Access tokens: short-lived JWTs (RFC 7519, 9068), signed HS256 with the installation's secret of the day."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from kernel.auth.errors import TokenExpired, TokenInvalid
from kernel.lazy import LazyModule
from sdk.identifiers import new_id

# Needed to sign only, and brings cryptography along.
_jwt = LazyModule("jwt")

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = "bos"
AUDIENCE = "bos-api"
TOKEN_CHARACTERS_MAX = 4096
KEY_ID_CHARACTERS = 16
HEADERS_REMEMBERED_MAX = 64

# The secret with this id, if it is one that is still good.
FindSecret = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: user, tenant name, session, scopes (`*` is everything the user may)."""

    user_id: str
    tenant: str
    session_id: str
    scopes: tuple[str, ...] = ("*",)


@lru_cache(maxsize=8)
def key_id(secret: str) -> str:
    """The `kid` of a secret: told by the secret itself, so that no list of ids has to be kept in step."""
    return _encode(hashlib.sha256(b"bos token key " + secret.encode()).digest())[:KEY_ID_CHARACTERS].decode()


def sign_access_token(secret: str, claims: Claims, now: datetime, ttl_s: int) -> str:
    """The token, valid for `ttl_s` seconds from `now`."""
    issued = int(now.timestamp())
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": claims.user_id,
        "tid": claims.tenant,
        "sid": claims.session_id,
        "iat": issued,
        "exp": issued + ttl_s,
        "jti": new_id(),
        "scopes": list(claims.scopes),
    }
    return str(_jwt.encode(payload, secret, ALGORITHM, headers={"typ": TYPE, "kid": key_id(secret)}))


def read_access_token(find_secret: FindSecret, token: str, now: datetime) -> Claims:
    """The claims of a token that is ours; raises TokenInvalid, TokenExpired.

    Of JWS (RFC 7515, section 5.2) only what we issue is understood: what the header says chooses among our secrets,
    never how the signature is checked. Runs with every request, hence without the library, which takes ten times as
    long to be open to everything else.
    """
    if len(token) > TOKEN_CHARACTERS_MAX or token.count(".") != 2 or not token.isascii():
        raise TokenInvalid
    signed, _, signature = token.encode().rpartition(b".")
    header, _, payload = signed.partition(b".")
    kid = _read_header(header)
    secret = find_secret(kid) if kid is not None else None
    # Compared as it is written, since other characters may stand for the same bytes.
    if secret is None or not hmac.compare_digest(_encode(hmac.digest(secret.encode(), signed, "sha256")), signature):
        raise TokenInvalid
    return _read_claims(_decode(payload), now)


def _read_claims(said: Any, now: datetime) -> Claims:
    try:
        if said["iss"] != ISSUER or said["aud"] != AUDIENCE:
            raise TokenInvalid
        if said["exp"] <= now.timestamp():
            raise TokenExpired
        return Claims(said["sub"], said["tid"], said["sid"], tuple(said["scopes"]))
    except (KeyError, TypeError):
        raise TokenInvalid from None


@lru_cache(maxsize=HEADERS_REMEMBERED_MAX)
def _read_header(segment: bytes) -> str | None:
    """The id of the key, if all else is as we write it (`none`, other algorithms and other kinds of token are not)."""
    match _decode(segment):
        case {"alg": "HS256", "typ": "at+jwt", "kid": str() as kid, **rest} if not rest:
            return kid
    return None


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(segment: bytes) -> Any:
    """The JSON of a segment, None if it is none."""
    try:
        return orjson.loads(urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
    except (binascii.Error, orjson.JSONDecodeError):
        return None
