"""Users of a tenant. What they may do is said by grants, which are documents of the tenant."""

from __future__ import annotations

import re
from datetime import datetime

from kernel.auth import factor_store, store, trail
from kernel.auth.errors import EmailInvalid, EmailTaken, InvalidCredentials, UserUnknown
from kernel.auth.opaque import is_id
from kernel.auth.passwords import Passwords
from kernel.auth.records import Credentials, Identity, Origin, User
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.store import revoke_grants
from sdk.errors import Violation
from sdk.identifiers import new_id

EMAIL_LENGTH_MAX = 254
USERS_PAGE_MAX = 500
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


def create_user(
    uow: UnitOfWork, passwords: Passwords, tenant_id: str, email: str, now: datetime, *,
    name: str = "", password: str | None = None, origin: Origin | None = None,
) -> User:  # fmt: skip
    """A new user, who may do nothing until granted a role. Without a password nobody can log in as them: API keys only.

    Raises EmailInvalid, EmailTaken, PasswordTooWeak.
    """
    user = User(new_id(), tenant_id, check_email(email), name, "active", now)
    hashed = passwords.hash(password, _context(uow, user)) if password is not None else None
    if not store.insert_user(uow, user, hashed):
        raise EmailTaken(email=user.email)
    trail.record(uow, tenant_id, "user.created", now, user_id=user.id, origin=origin)
    return user


def get_user(uow: UnitOfWork, tenant_id: str, user_id: str) -> User:
    """Raises UserUnknown."""
    found = store.find_user(uow, tenant_id, user_id) if is_id(user_id) else None
    if found is None:
        raise UserUnknown(id=user_id)
    return found


def find_user_by_email(uow: UnitOfWork, tenant: str, email: str) -> User | None:
    """The user of a tenant, by its name and the email."""
    found = store.find_credentials(uow, tenant, email.strip().lower())
    return found.user if found else None


def list_users(uow: UnitOfWork, tenant_id: str, *, after: str = "", limit: int = 50) -> list[User]:
    """Users by email, beginning after one of them. limit: 1 to 500."""
    return store.list_users(uow, tenant_id, after, max(1, min(limit, USERS_PAGE_MAX)))


def rename_user(uow: UnitOfWork, tenant_id: str, user_id: str, name: str) -> User:
    """The email stays: grants may name it, so whoever could change it could take over a grant."""
    user = get_user(uow, tenant_id, user_id)
    store.set_name(uow, user.id, name)
    return get_user(uow, tenant_id, user_id)


def suspend_user(uow: UnitOfWork, tenant_id: str, user_id: str, now: datetime, *, origin: Origin | None = None) -> User:
    """Refuse everything the user sends from now on and end the sessions; keys rest until the user is resumed."""
    user = get_user(uow, tenant_id, user_id)
    store.set_state(uow, user.id, "suspended")
    store.revoke_sessions(uow, user.id, now, because="suspended")
    trail.record(uow, tenant_id, "user.suspended", now, user_id=user.id, origin=origin)
    return get_user(uow, tenant_id, user_id)


def resume_user(uow: UnitOfWork, tenant_id: str, user_id: str, now: datetime, *, origin: Origin | None = None) -> User:
    user = get_user(uow, tenant_id, user_id)
    store.set_state(uow, user.id, "active")
    trail.record(uow, tenant_id, "user.resumed", now, user_id=user.id, origin=origin)
    return get_user(uow, tenant_id, user_id)


def set_password(
    uow: UnitOfWork, passwords: Passwords, user: User, password: str, now: datetime, *, origin: Origin | None = None
) -> None:
    """A new password, for whoever may administer the user. Ends all sessions. Raises PasswordTooWeak."""
    replace_password(uow, passwords, user, password, now, "password.set", origin=origin)


def change_password(
    uow: UnitOfWork,
    passwords: Passwords,
    identity: Identity,
    current: str,
    new: str,
    now: datetime,
    *,
    session_id: str | None = None,
) -> None:
    """A user's own change. Ends all sessions but the one at hand. Raises InvalidCredentials, PasswordTooWeak."""
    found = store.find_credentials(uow, identity.tenant.name, identity.actor.email)
    if found is None or not passwords.verify(found.password_hash, current):
        raise InvalidCredentials
    change_checked_password(uow, passwords, found, new, now, session_id=session_id)


def change_checked_password(
    uow: UnitOfWork, passwords: Passwords, found: Credentials, new: str, now: datetime, *,
    session_id: str | None = None, origin: Origin | None = None,
) -> None:  # fmt: skip
    """The same after the current one was checked. Raises InvalidCredentials when it was changed meanwhile."""
    if not store.hold_password(uow, found.user.id, found.password_hash):
        raise InvalidCredentials
    replace_password(uow, passwords, found.user, new, now, "password.changed", kept=session_id, origin=origin)


def replace_password(
    uow: UnitOfWork, passwords: Passwords, user: User, password: str, now: datetime, event: str, *,
    kept: str | None = None, origin: Origin | None = None,
) -> None:  # fmt: skip
    """Whatever the old one has opened is closed, to programs too, but the session `kept`. Raises PasswordTooWeak."""
    store.set_password_hash(uow, user.id, passwords.hash(password, _context(uow, user)))
    store.revoke_sessions(uow, user.id, now, kept, "password_changed")
    factor_store.drop_challenges(uow, user.id)
    revoke_grants(uow, user.id, now)
    trail.record(uow, user.tenant_id, event, now, user_id=user.id, session_id=kept, origin=origin)


def _context(uow: UnitOfWork, user: User) -> list[str]:
    """Names a password must not be made of."""
    tenant = uow.execute("SELECT name, title FROM {p}.tenants WHERE id = %s", [user.tenant_id]).fetchone()
    return [user.email, user.name, *(tenant or ())]


def check_email(email: str) -> str:
    """The email as it is stored; raises EmailInvalid."""
    normal = email.strip().lower()
    if len(normal) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(normal):
        fault = Violation("/email", "email", "this is no email address", "name@example.com")
        raise EmailInvalid(email=normal[:EMAIL_LENGTH_MAX], violations=[fault])
    return normal
