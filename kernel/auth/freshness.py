"""Dangerous actions take a fresh proof that it is still the user who sits there (RFC 9470 calls it step-up).

    require_step_up(kernel, identity)

before the action; how it is proved is in `step_up.py`, and remembered in the session for `BOS_STEP_UP_TTL_S`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.auth import factor_store
from kernel.auth.errors import LogInRequired, StepUpRequired
from kernel.auth.methods import SECOND_FACTORS
from kernel.auth.records import Identity

if TYPE_CHECKING:
    from kernel.parts import Parts


def require_step_up(kernel: Parts, identity: Identity, *, aside: bool = False) -> None:
    """Raises StepUpRequired unless the user has just proved who they are, by a factor if they have one.

    An API key proves nothing of the kind: LogInRequired. One statement at most, and none in a session of a second
    factor. aside: from within a transaction, which has a connection already (see `Database.transaction`).
    """
    if identity.session_id is None:
        raise LogInRequired
    ttl_s = kernel.settings.step_up_ttl_s
    proved_at = identity.authenticated_at
    is_fresh = proved_at is not None and (kernel.clock() - proved_at).total_seconds() < ttl_s
    if not is_fresh or (SECOND_FACTORS.isdisjoint(identity.methods) and has_factors(kernel, identity, aside=aside)):
        raise StepUpRequired(minutes=max(1, ttl_s // 60))


def require_fresh_factor(kernel: Parts, identity: Identity) -> None:
    """The same for users with a second factor only: where the password is asked for anyway."""
    if has_factors(kernel, identity):
        require_step_up(kernel, identity)


def has_factors(kernel: Parts, identity: Identity, *, aside: bool = False) -> bool:
    with kernel.database.glance(aside=aside) as uow:
        return bool(factor_store.list_factors(uow, identity.actor.id))
