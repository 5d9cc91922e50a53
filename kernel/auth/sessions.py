"""Log-ins. A session is a row; its refresh token changes with every use, its access tokens live for minutes.

A refresh token is good once (RFC 9700, 4.14.2). One that was used before ends its session, as it may have been stolen;
`RefreshReused` carries what `rotation.py` needs to do so. There is no second token for a second use within a moment, as
other products give: two live branches of one session could no longer be told from theft. But for REFRESH_RACE the
token just replaced only gets a refusal: two tabs of one browser, or a client that repeats what it got no answer to,
must not log their user out. A thief gains nothing by that but the moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.auth import store, trail
from kernel.auth.errors import (
    InvalidCredentials,
    RefreshReused,
    RefreshSuperseded,
    SessionRevoked,
    SessionUnknown,
    TenantSuspended,
    UserSuspended,
)
from kernel.auth.methods import PASSWORD
from kernel.auth.opaque import REFRESH_TOKEN, OpaqueToken, is_id, make_refresh_token, read_token, was_issued
from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority, Credentials, Origin, SessionRecord, Tokens, User
from kernel.auth.tokens import Claims, sign_access_token
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord
from sdk.identifiers import new_id

REFRESH_RACE = timedelta(seconds=10)


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
    uow: UnitOfWork, authority: Authority, found: Credentials, password: str | None, origin: Origin, now: datetime, *,
    methods: Sequence[str] = (PASSWORD,), is_enrolling: bool = False,
) -> Tokens:  # fmt: skip
    """A new session for credentials that were checked; the password is hashed anew when its cost is out of date.

    methods: by what the user has just proved who they are. is_enrolling: they must add a second factor first.
    Raises InvalidCredentials when password or state were changed since they were looked up: whoever did so has ended
    all sessions there were, and this one would outlive that.
    """
    if not store.touch_user(uow, found.user.id, found.password_hash, now):
        raise InvalidCredentials
    if password and found.password_hash and authority.passwords.is_outdated(found.password_hash):
        store.set_password_hash(uow, found.user.id, authority.passwords.rehash(password))
    token = make_refresh_token(authority.refresh_key, new_id())
    expires_at = now + timedelta(seconds=authority.refresh_token_ttl_s)
    store.insert_session(
        uow, token.id, found.user.id, token.digest, now, expires_at, origin, methods=methods, is_enrolling=is_enrolling
    )
    trail.record(
        uow, found.tenant.id, "session.opened", now, user_id=found.user.id, session_id=token.id, origin=origin,
        methods=list(methods),
    )  # fmt: skip
    return _tokens(authority, found.user, found.tenant, token, now)


def refresh(uow: UnitOfWork, authority: Authority, refresh_token: str, now: datetime) -> Tokens:
    """New tokens; the refresh token that was sent stops working.

    Raises TokenInvalid, SessionRevoked, RefreshSuperseded, RefreshReused. After the last the session still has to be
    ended, in another transaction: `rotation.refresh_session` does it all.
    """
    sent = read_token(REFRESH_TOKEN, refresh_token)
    found = store.find_session(uow, sent.id)
    if found is None:
        raise SessionRevoked
    check_not_over(found, now)
    if not sent.matches(found.digest):
        _refuse(authority, sent, found, now)
    check_states(found.user, found.tenant)
    token = make_refresh_token(authority.refresh_key, sent.id)
    expires_at = now + timedelta(seconds=authority.refresh_token_ttl_s)
    if not store.rotate_session(uow, sent.id, sent.digest, token.digest, now, expires_at):
        # Of two at the same moment this is the second.
        raise RefreshSuperseded
    return _tokens(authority, found.user, found.tenant, token, now)


def _refuse(authority: Authority, sent: OpaqueToken, found: store.Holder, now: datetime) -> None:
    is_previous = found.previous_digest is not None and sent.matches(found.previous_digest)
    if is_previous and found.rotated_at is not None and now - found.rotated_at < REFRESH_RACE:
        raise RefreshSuperseded
    if is_previous or was_issued(authority.refresh_key, sent):
        raise RefreshReused(session_id=sent.id, user=found.user, tenant=found.tenant)
    raise SessionRevoked


def log_out(uow: UnitOfWork, user_id: str, session_id: str, now: datetime, *, origin: Origin | None = None) -> None:
    """End a session; its access and refresh tokens stop working at once. Twice is as good as once."""
    if store.revoke_session(uow, user_id, session_id, now, "logged_out"):
        trail.record(uow, None, "session.closed", now, user_id=user_id, session_id=session_id, origin=origin)


def revoke_session(
    uow: UnitOfWork, user_id: str, session_id: str, now: datetime, *, origin: Origin | None = None
) -> None:
    """End one of a user's other sessions; raises SessionUnknown."""
    if not is_id(session_id) or not store.revoke_session(uow, user_id, session_id, now, "revoked"):
        raise SessionUnknown(id=session_id)
    trail.record(uow, None, "session.revoked", now, user_id=user_id, session_id=session_id, origin=origin)


def revoke_sessions(
    uow: UnitOfWork, user_id: str, now: datetime, *, except_id: str | None = None, origin: Origin | None = None
) -> int:
    """End all of a user's sessions, or all others; how many there were."""
    ended = store.revoke_sessions(uow, user_id, now, except_id, "revoked")
    if ended:
        trail.record(uow, None, "sessions.revoked", now, user_id=user_id, origin=origin, ended=ended)
    return ended


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
