"""The verbs of the room. `authenticate` runs with every request, the others in a platform unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.auth import store
from kernel.auth.errors import (
    CredentialsMissing,
    KeyRevoked,
    SecondFactorMissing,
    SecondFactorRequired,
    SessionRevoked,
    TokenInvalid,
)
from kernel.auth.factor_store import list_factors
from kernel.auth.keys import create_api_key, list_api_keys, revoke_api_key
from kernel.auth.opaque import API_KEY, is_opaque, read_token
from kernel.auth.records import Authority, Identity, Origin, Tokens
from kernel.auth.sessions import (
    check_not_over,
    check_password,
    check_states,
    find_credentials,
    list_sessions,
    log_out,
    open_session,
    refresh,
    revoke_session,
    revoke_sessions,
)
from kernel.auth.tokens import Claims, read_access_token
from kernel.auth.users import (
    change_password,
    check_email,
    create_user,
    find_user_by_email,
    get_user,
    list_users,
    rename_user,
    resume_user,
    set_password,
    suspend_user,
)
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.access import authenticate_access, is_access_token

if TYPE_CHECKING:
    from kernel.parts import Parts

__all__ = [
    "authenticate", "log_in", "refresh", "log_out", "find_credentials", "check_password", "open_session",
    "list_sessions", "revoke_session", "revoke_sessions", "create_user", "check_email", "get_user",
    "find_user_by_email", "list_users", "rename_user", "suspend_user", "resume_user", "set_password",
    "change_password", "create_api_key", "list_api_keys", "revoke_api_key",
]  # fmt: skip

# Written that often, not with every request: it is there to find keys nobody uses.
KEY_USE_NOTED_EVERY = timedelta(minutes=5)
_SCHEME = "bearer "


def authenticate(kernel: Parts, header: str | None, *, may_enrol: bool = False) -> Identity:
    """Who sent this `Authorization` header. Raises leaves of Unauthenticated and Forbidden.

    may_enrol: also who must add a second factor before anything else.
    Session or key, user and tenant are read in one statement by primary key each time and never cached, so that
    logging out, revoking and suspending work at once in every process.
    """
    sent, now = _credential(header), kernel.clock()
    if is_opaque(API_KEY, sent):
        return _authenticate_key(kernel, sent, now)
    if is_access_token(sent):
        return authenticate_access(kernel, sent, now)
    claims = read_access_token(lambda kid: kernel.token_keys.find(kid, now), sent, now)
    with kernel.database.glance() as uow:
        return _authenticate_session(uow, claims, now, may_enrol)


def log_in(
    uow: UnitOfWork, authority: Authority, tenant: str, email: str, password: str, now: datetime, *,
    origin: Origin | None = None,
) -> Tokens:  # fmt: skip
    """Find, check, open: for callers who do not mind that the transaction stays open while the password is checked.

    Neither slowed down nor for users with a second factor (SecondFactorRequired): whoever serves people uses
    `entry.sign_in`.
    """
    found = check_password(authority.passwords, find_credentials(uow, tenant, email), password)
    if list_factors(uow, found.user.id):
        raise SecondFactorRequired
    return open_session(uow, authority, found, password, origin or Origin(), now)


def _credential(header: str | None) -> str:
    if not header:
        raise CredentialsMissing
    if not header.lower().startswith(_SCHEME):
        raise TokenInvalid
    return header[len(_SCHEME) :].strip()


def _authenticate_session(uow: UnitOfWork, claims: Claims, now: datetime, may_enrol: bool) -> Identity:
    found = store.find_session(uow, claims.session_id)
    if found is None:
        raise SessionRevoked
    if (found.user.id, found.tenant.name) != (claims.user_id, claims.tenant):
        raise TokenInvalid
    check_not_over(found, now)
    check_states(found.user, found.tenant)
    if found.is_enrolling and not may_enrol:
        raise SecondFactorMissing
    return Identity(
        found.user.actor,
        found.tenant,
        _limits(claims.scopes),
        session_id=claims.session_id,
        authenticated_at=found.authenticated_at,
        methods=tuple(found.methods),
    )


def _authenticate_key(kernel: Parts, text: str, now: datetime) -> Identity:
    sent = read_token(API_KEY, text)
    # Each of the two statements is a transaction by itself.
    with kernel.database.glance() as uow:
        found = store.find_key(uow, sent.id)
        if found is None or not sent.matches(found.digest):
            raise TokenInvalid
        if found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= now):
            raise KeyRevoked
        check_states(found.user, found.tenant)
        if found.used_at is None or now - found.used_at >= KEY_USE_NOTED_EVERY:
            store.touch_key(uow, sent.id, now)
    return Identity(replace(found.user.actor, kind="key"), found.tenant, _limits(found.scopes), key_id=sent.id)


def _limits(scopes: Sequence[str]) -> frozenset[str] | None:
    return None if "*" in scopes else frozenset(scopes)
