"""Resetting a password by a token an administrator hands over: good once, for a day, and replaced by the next one.

Nothing is mailed from here, and nobody can ask for one without being logged in: there is no answer to learn from.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, store, trail
from kernel.auth.challenges import PASSWORD_RESET, RESET_TTL_S
from kernel.auth.errors import ChallengeUnknown, ResetTokenInvalid
from kernel.auth.opaque import RESET_TOKEN
from kernel.auth.records import Authority, Origin, User
from kernel.auth.sessions import check_states
from kernel.auth.users import replace_password
from kernel.db.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from kernel.parts import Parts


def issue_reset(uow: UnitOfWork, user: User, now: datetime, *, origin: Origin | None = None) -> dict[str, Any]:
    """A token for the user to set a new password with, told this once. The old password works until then."""
    factor_store.drop_challenges(uow, user.id, PASSWORD_RESET)
    token = challenges.issue(uow, PASSWORD_RESET, now, user_id=user.id, ttl_s=RESET_TTL_S, prefix=RESET_TOKEN)
    trail.record(uow, user.tenant_id, "password_reset.issued", now, user_id=user.id, origin=origin)
    return {"email": user.email, "token": token, "expires_at": now + timedelta(seconds=RESET_TTL_S)}


def use_reset(kernel: Parts, token: str, password: str, origin: Origin) -> None:
    """Set the password and end all sessions; second factors stay. Raises ResetTokenInvalid, PasswordTooWeak."""
    now = kernel.clock()
    with kernel.database.platform() as uow:
        try:
            challenge = challenges.find(uow, PASSWORD_RESET, token, now, prefix=RESET_TOKEN)
            challenges.take(uow, challenge)
        except ChallengeUnknown:
            raise ResetTokenInvalid from None
        found = store.find_credentials_of(uow, challenge.user_id or "")
        if found is None:
            raise ResetTokenInvalid
        check_states(found.user, found.tenant)
        passwords = Authority.of(kernel).passwords
        replace_password(uow, passwords, found.user, password, now, "password_reset.used", origin=origin)
        uow.commit()
