"""Who somebody is here whom a provider has vouched for: by issuer and subject, never by email alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from kernel.auth import trail
from kernel.auth.passwords import Passwords
from kernel.auth.records import User
from kernel.auth.schemas import NAME_LENGTH_MAX
from kernel.auth.sessions import check_states
from kernel.auth.users import check_email, create_user, find_user_by_email, get_user
from kernel.db.unit_of_work import UnitOfWork
from kernel.limits.service import admit_user
from kernel.oauth import provider_store as store
from kernel.oauth.errors import ExternalUserUnknown
from kernel.oauth.records import Provider
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.parts import Parts


def find_or_link(
    uow: UnitOfWork, kernel: Parts, tenant: TenantRecord, provider: Provider, claims: dict[str, Any], now: datetime
) -> User:
    """The user. Raises ExternalUserUnknown, EmailInvalid, TenantLimitReached, and leaves of Forbidden."""
    subject = claims["sub"]
    user_id = store.use_link(uow, tenant.id, provider.issuer, subject, now)
    if user_id is not None:
        user = get_user(uow, tenant.id, user_id)
    else:
        user = _find_by_email(uow, kernel, tenant, provider, claims, now)
        store.put_link(uow, tenant.id, provider.issuer, subject, user.id, now)
        trail.record(uow, tenant.id, "oidc.linked", now, user_id=user.id, provider=provider.name, subject=subject)
    check_states(user, tenant)
    return user


def _find_by_email(
    uow: UnitOfWork, kernel: Parts, tenant: TenantRecord, provider: Provider, claims: dict[str, Any], now: datetime
) -> User:
    """By an email the provider says it has verified. Otherwise anybody could take over who is known by it, or a grant
    that names an email before there is a user of it.
    """
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise ExternalUserUnknown
    known = find_user_by_email(uow, tenant.name, check_email(email))
    if known is not None and provider.links_by_email:
        return known
    if known is not None or not provider.creates_users:
        raise ExternalUserUnknown
    admit_user(uow, kernel.quotas.plans, tenant.id)
    name = claims.get("name")
    return create_user(
        uow, Passwords.of(kernel.settings), tenant.id, email, now,
        name=name[:NAME_LENGTH_MAX] if isinstance(name, str) else "",
    )  # fmt: skip
