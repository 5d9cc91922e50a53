"""Log-ins. A session is a row; its refresh token changes with every use, its access tokens live for minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.auth import store
from kernel.auth.errors import InvalidCredentials, SessionRevoked, SessionUnknown, TenantSuspended, UserSuspended
from kernel.auth.opaque import REFRESH_TOKEN, OpaqueToken, is_id, make_token, read_token
from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority, Credentials, Origin, SessionRecord, Tokens, User
from kernel.auth.tokens import Claims, sign_access_token
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord
from sdk.identifiers import new_id


def find_credentials(uow: UnitOfWork, tenant: str, email: str) -> Credentials | None:
    """What there is to check a password against; None for an unknown tenant or email."""
    return store.find_credentials(uow, tenant, email.strip().lower())


def check_password(passwords: Passwords, found: Credentials | None, password: str) -> Credentials:
    """The credentials, if the password is theirs. Slow on purpose, so call it with no transaction open.

    Raises InvalidCredentials for an unknown tenant or user too, after the same time. Whether somebody is suspended
    is told only to who knows the password.
    """
    if not passwords.verify(found.password_hash if found else None, password) or found is None:
        raise InvalidCredentials
    check_states(found.user, found.tenant)
    return found


def open_session(
    uow: UnitOfWork, authority: Authority, found: Credentials, password: str, origin: Origin, now: datetime
) -> Tokens:
    """A new session for credentials that were checked; the password is hashed anew when its cost is out of date.

    Raises InvalidCredentials when password or state were changed since they were looked up: whoever did so has ended
    all sessions there were, and this one would outlive that.
    """
    if not store.touch_user(uow, found.user.id, found.password_hash, now):
        raise InvalidCredentials
    if found.password_hash and authority.passwords.is_outdated(found.password_hash):
        store.set_password_hash(uow, found.user.id, authority.passwords.rehash(password))
    token = make_token(REFRESH_TOKEN, new_id())
    expires_at = now + timedelta(seconds=authority.refresh_token_ttl_s)
    store.insert_session(uow, token.id, found.user.id, token.digest, now, expires_at, origin)
    return _tokens(authority, found.user, found.tenant, token, now)


def refresh(uow: UnitOfWork, authority: Authority, refresh_token: str, now: datetime) -> Tokens:
    """New tokens; the refresh token that was sent stops working. Raises TokenInvalid, SessionRevoked."""
    sent = read_token(REFRESH_TOKEN, refresh_token)
    found = store.find_session(uow, sent.id)
    if found is None or not sent.matches(found.digest):
        raise SessionRevoked
    check_not_over(found, now)
    check_states(found.user, found.tenant)
    token = make_token(REFRESH_TOKEN, sent.id)
    expires_at = now + timedelta(seconds=authority.refresh_token_ttl_s)
    if not store.rotate_session(uow, sent.id, sent.digest, token.digest, now, expires_at):
        raise SessionRevoked
    return _tokens(authority, found.user, found.tenant, token, now)


def log_out(uow: UnitOfWork, user_id: str, session_id: str, now: datetime) -> None:
    """End a session; its access and refresh tokens stop working at once. Twice is as good as once."""
    store.revoke_session(uow, user_id, session_id, now)


def revoke_session(uow: UnitOfWork, user_id: str, session_id: str, now: datetime) -> None:
    """End one of a user's other sessions; raises SessionUnknown."""
    if not is_id(session_id) or not store.revoke_session(uow, user_id, session_id, now):
        raise SessionUnknown(id=session_id)


def list_sessions(uow: UnitOfWork, user_id: str, now: datetime) -> list[SessionRecord]:
    """A user's sessions that have not ended, last used first."""
    return store.list_sessions(uow, user_id, now)


def check_not_over(found: store.Holder, now: datetime) -> None:
    if found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= now):
        raise SessionRevoked


def check_states(user: User, tenant: TenantRecord) -> None:
    """Raises UserSuspended, TenantSuspended."""
    if user.state != "active":
        raise UserSuspended
    if tenant.state != "active":
        raise TenantSuspended(tenant=tenant.name)


def _tokens(authority: Authority, user: User, tenant: TenantRecord, token: OpaqueToken, now: datetime) -> Tokens:
    claims = Claims(user.id, tenant.name, token.id)
    access_token = sign_access_token(authority.token_secret, claims, now, authority.access_token_ttl_s)
    return Tokens(access_token, token.text, token.id, authority.access_token_ttl_s)
