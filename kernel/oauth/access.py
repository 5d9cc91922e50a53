"""Access tokens for clients: JWTs of RFC 9068 (`at+jwt`), good only as long as the row of their grant is."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kernel.auth.errors import SessionRevoked, TokenExpired, TokenInvalid
from kernel.auth.records import Identity
from kernel.auth.sessions import check_states
from kernel.db.unit_of_work import UnitOfWork
from kernel.lazy import LazyModule
from kernel.oauth import store
from kernel.oauth.issuer import issuer_of
from kernel.oauth.records import CREDENTIALS_GRANT, Grant, KnownGrant, Server, access_key_of
from kernel.oauth.scopes import EVERYTHING, permission_scopes
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.parts import Parts

jwt = LazyModule("jwt")

ALGORITHM = "HS256"
TYPE = "at+jwt"
TOKEN_CHARACTERS_MAX = 8_192
_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "tid", "gid")
# Times are compared with the clock at hand; the audience is compared by who knows which it must be.
_OPTIONS: Any = {
    "require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False,
}  # fmt: skip
# How each of our tokens begins and no other one does: told apart without parsing twice.
_BEGINNING = urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt"}').rstrip(b"=").decode() + "."


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says: whom, for which audience, until when (seconds since 1970), within which scopes."""

    user_id: str
    audience: str
    client_id: str
    tenant: str
    grant_id: str
    scopes: tuple[str, ...]
    issued_at: int
    expires_at: int
    token_id: str


def is_access_token(text: str) -> bool:
    """Whether it looks like one of ours; nothing is verified."""
    return text.startswith(_BEGINNING)


def sign_access_token(server: Server, grant: Grant, tenant: str, scopes: tuple[str, ...], now: datetime) -> str:
    """A token for a grant, within scopes that may be fewer than the grant's."""
    issued = int(now.timestamp())
    payload = {
        "iss": server.issuer,
        "sub": grant.user_id,
        "aud": grant.resource,
        "iat": issued,
        "exp": issued + server.access_token_ttl_s,
        "jti": new_id(),
        "client_id": grant.client_id,
        "scope": " ".join(scopes),
        "tid": tenant,
        "gid": grant.id,
    }
    signed: str = jwt.encode(payload, server.access_key, ALGORITHM, headers={"typ": TYPE})
    return signed


def read_access_token(key: bytes, issuer: str, token: str, now: datetime) -> AccessClaims:
    """The claims of a token with a good signature; raises TokenInvalid, TokenExpired."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise TokenInvalid
    try:
        payload = jwt.decode(token, key, [ALGORITHM], issuer=issuer, options=_OPTIONS)
    except jwt.InvalidTokenError:
        raise TokenInvalid from None
    if payload["exp"] <= now.timestamp():
        raise TokenExpired
    return AccessClaims(
        payload["sub"], payload["aud"], payload["client_id"], payload["tid"], payload["gid"],
        tuple(payload["scope"].split()), payload["iat"], payload["exp"], payload["jti"],
    )  # fmt: skip


def authenticate_access(kernel: Parts, token: str, now: datetime) -> Identity:
    """Who sent this access token. A token for another service is refused: it was not given to be used here."""
    issuer = issuer_of(kernel.settings)
    claims = read_access_token(access_key_of(kernel), issuer, token, now)
    if claims.audience != issuer:
        raise TokenInvalid
    with kernel.database.glance() as uow:
        found = check_grant(uow, claims, now)
    return identity_of(found, claims.scopes)


def check_grant(uow: UnitOfWork, claims: AccessClaims, now: datetime) -> KnownGrant:
    """The grant a token came of, if it still stands. Raises SessionRevoked, TokenInvalid, leaves of Forbidden."""
    found = store.find_grant(uow, claims.grant_id)
    if found is None:
        raise SessionRevoked
    grant = found.grant
    said = (claims.user_id, claims.client_id, claims.tenant)
    if said != (grant.user_id, grant.client_id, found.tenant.name):
        raise TokenInvalid
    check_states(found.user, found.tenant)
    if not found.is_active(now):
        raise SessionRevoked
    return found


def identity_of(found: KnownGrant, scopes: tuple[str, ...]) -> Identity:
    """The user, limited to the scopes. A client with credentials of its own acts as a key does, not as a person."""
    actor = found.user.actor
    if found.grant.grant_type == CREDENTIALS_GRANT:
        actor = replace(actor, kind="key")
    limits = None if EVERYTHING in scopes else frozenset(permission_scopes(scopes))
    return Identity(actor, found.tenant, limits)
