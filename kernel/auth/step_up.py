"""Dangerous actions take a fresh proof that it is still the user who sits there (RFC 9470 calls it step-up).

    require_step_up(kernel, identity)

before the action. The proof is remembered in the session, for `BOS_STEP_UP_TTL_S`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, store, trail
from kernel.auth.administration import require_log_in
from kernel.auth.entry import recheck_password
from kernel.auth.errors import InvalidCredentials, SecondFactorInvalid, StepUpRequired
from kernel.auth.proofs import SECOND_FACTORS, Proof, admit_proof, ask, check_factor, note_failure
from kernel.auth.records import Credentials, Identity, Origin
from kernel.auth.sessions import PASSWORD
from kernel.auth.users import get_user

if TYPE_CHECKING:
    from kernel.main import Kernel
    from kernel.parts import Parts


def require_step_up(kernel: Parts, identity: Identity) -> None:
    """Raises StepUpRequired unless the user has just proved who they are, by a factor if they have one.

    An API key proves nothing of the kind: LogInRequired. One statement, and none when the last proof is too old.
    """
    require_log_in(identity)
    ttl_s = kernel.settings.step_up_ttl_s
    proved_at = identity.authenticated_at
    is_fresh = proved_at is not None and (kernel.clock() - proved_at).total_seconds() < ttl_s
    if not is_fresh or not _is_strong(kernel, identity):
        raise StepUpRequired(minutes=max(1, ttl_s // 60))


def require_fresh_factor(kernel: Parts, identity: Identity) -> None:
    """The same for users with a second factor only: where the password is asked for anyway."""
    with kernel.database.glance() as uow:
        has_factors = bool(factor_store.list_factors(uow, identity.actor.id))
    if has_factors:
        require_step_up(kernel, identity)


def ask_step_up(kernel: Kernel, identity: Identity) -> dict[str, Any]:
    """How the user may prove it: the factors they have, else the password."""
    require_log_in(identity)
    with kernel.database.platform() as uow:
        user = get_user(uow, identity.tenant.id, identity.actor.id)
        factors = factor_store.list_factors(uow, user.id)
        asked = ask(kernel, uow, challenges.STEP_UP, user, factors)
        uow.commit()
    return asked if factors else {**asked, "factors": [PASSWORD]}


def step_up(kernel: Kernel, identity: Identity, proof: Proof, token: str | None, origin: Origin) -> None:
    """Remember the proof in the session. token: the challenge a passkey has answered.

    Raises InvalidCredentials, SecondFactorInvalid, ChallengeUnknown, TooManyAttempts, LogInRequired.
    """
    session_id = require_log_in(identity)
    with kernel.database.platform() as uow:
        found = store.find_credentials_of(uow, identity.actor.id)
        has_factors = bool(factor_store.list_factors(uow, identity.actor.id))
    assert found is not None
    if not has_factors:
        _prove_password(kernel, found, session_id, proof, origin)
    else:
        _prove_factor(kernel, found, session_id, proof, token, origin)


def _prove_password(kernel: Kernel, found: Credentials, session_id: str, proof: Proof, origin: Origin) -> None:
    if proof.password is None:
        raise InvalidCredentials
    recheck_password(kernel, found.tenant.name, found.user.email, proof.password, origin)
    with kernel.database.platform() as uow:
        _remember(uow, kernel, found, session_id, PASSWORD, origin)
        uow.commit()


def _prove_factor(
    kernel: Kernel, found: Credentials, session_id: str, proof: Proof, token: str | None, origin: Origin
) -> None:
    admit_proof(kernel, found.user.id)
    try:
        with kernel.database.platform() as uow:
            challenge = challenges.find(uow, challenges.STEP_UP, token, kernel.clock()) if token else None
            if challenge is not None:
                if challenge.user_id != found.user.id:
                    raise SecondFactorInvalid
                challenges.take(uow, challenge)
            method = check_factor(kernel, uow, found.user.id, proof, challenge)
            _remember(uow, kernel, found, session_id, method, origin)
            uow.commit()
    except SecondFactorInvalid:
        note_failure(kernel, found, origin, session_id)
        raise


def _remember(uow: Any, kernel: Kernel, found: Credentials, session_id: str, method: str, origin: Origin) -> None:
    now = kernel.clock()
    store.prove_session(uow, session_id, method, now)
    trail.record(
        uow, found.tenant.id, "step_up.passed", now, user_id=found.user.id, session_id=session_id, origin=origin,
        method=method,
    )  # fmt: skip


def _is_strong(kernel: Parts, identity: Identity) -> bool:
    if not SECOND_FACTORS.isdisjoint(identity.methods):
        return True
    with kernel.database.glance() as uow:
        return not factor_store.list_factors(uow, identity.actor.id)
