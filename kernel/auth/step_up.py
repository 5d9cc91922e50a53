"""Proving anew who one is, in the session at hand; `freshness.py` asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, store, trail
from kernel.auth.administration import require_log_in
from kernel.auth.entry import recheck_password
from kernel.auth.errors import InvalidCredentials, SecondFactorInvalid
from kernel.auth.freshness import has_factors, require_step_up
from kernel.auth.methods import PASSWORD
from kernel.auth.proofs import Proof, admit_proof, ask, check_factor, note_failure
from kernel.auth.records import Credentials, Identity, Origin
from kernel.auth.users import get_user

if TYPE_CHECKING:
    from kernel.main import Kernel

__all__ = ["ask_step_up", "require_step_up", "step_up"]


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
    assert found is not None
    if not has_factors(kernel, identity):
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
