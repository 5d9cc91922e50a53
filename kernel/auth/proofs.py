"""Proving a second factor: a code of an app, a passkey, a recovery code. Each proof is good once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, passkeys, recovery, totp, trail
from kernel.auth.errors import SecondFactorInvalid
from kernel.auth.factor_store import Challenge, Factor
from kernel.auth.methods import RECOVERY_CODE, TOTP, WEBAUTHN
from kernel.auth.passkeys import RelyingParty
from kernel.auth.records import Credentials, Origin, User
from kernel.auth.throttle import FACTOR, admit, forgive
from kernel.db.unit_of_work import UnitOfWork
from kernel.secrets.envelope import open_sealed

if TYPE_CHECKING:
    from kernel.parts import Parts

TOTP_PURPOSE = "totp_secret"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was sent; one of these. credential: what `navigator.credentials.get` gave, as JSON."""

    password: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    credential: Mapping[str, Any] | None = None


def ask(kernel: Parts, uow: UnitOfWork, kind: str, user: User, factors: Sequence[Factor]) -> dict[str, Any]:
    """A challenge for a user who has these factors: how to answer, and for how long."""
    known = [factor for factor in factors if factor.kind == WEBAUTHN]
    nonce = passkeys.make_nonce() if known else None
    token = challenges.issue(uow, kind, kernel.clock(), user_id=user.id, nonce=nonce)
    kinds = sorted({factor.kind for factor in factors})
    if kinds and factor_store.count_codes(uow, user.id):
        kinds.append(RECOVERY_CODE)
    asked: dict[str, Any] = {"challenge": token, "factors": kinds, "expires_in_s": challenges.CHALLENGE_TTL_S}
    if nonce is not None:
        asked["webauthn"] = passkeys.assertion_options(RelyingParty.of(kernel.settings), nonce, known)
    return asked


def admit_proof(kernel: Parts, user_id: str) -> None:
    """Count the attempt, whatever becomes of it. Raises TooManyAttempts."""
    with kernel.database.platform() as uow:
        admit(uow, FACTOR, user_id, kernel.clock())
        uow.commit()


def note_failure(kernel: Parts, found: Credentials, origin: Origin, session_id: str | None = None) -> None:
    with kernel.database.platform() as uow:
        trail.record(
            uow, found.tenant.id, "second_factor.failed", kernel.clock(), user_id=found.user.id,
            session_id=session_id, origin=origin,
        )  # fmt: skip
        uow.commit()


def check_factor(kernel: Parts, uow: UnitOfWork, user_id: str, proof: Proof, challenge: Challenge | None) -> str:
    """The method that was proven, and can be no second time. Raises SecondFactorInvalid."""
    now = kernel.clock()
    if proof.credential is not None:
        method = _check_passkey(kernel, uow, user_id, proof.credential, challenge, now)
    elif proof.recovery_code is not None:
        method = _check_recovery_code(uow, user_id, proof.recovery_code, now)
    else:
        method = _check_code(kernel, uow, user_id, proof.code or "", now)
    forgive(uow, FACTOR, user_id)
    return method


def open_secret(kernel: Parts, factor: Factor) -> str:
    """The secret an authenticator app has."""
    assert factor.secret is not None
    return open_sealed(kernel, TOTP_PURPOSE, bytes(factor.secret), factor.user_id, factor.id).decode()


def _check_code(kernel: Parts, uow: UnitOfWork, user_id: str, code: str, now: datetime) -> str:
    for factor in factor_store.list_factors(uow, user_id):
        if factor.kind == TOTP:
            step = totp.find_step(open_secret(kernel, factor), code, now, factor.used_step)
            if step is not None and factor_store.use_step(uow, factor.id, step, now):
                return TOTP
    raise SecondFactorInvalid


def _check_recovery_code(uow: UnitOfWork, user_id: str, code: str, now: datetime) -> str:
    if not factor_store.use_code(uow, user_id, recovery.digest(user_id, code), now):
        raise SecondFactorInvalid
    return RECOVERY_CODE


def _check_passkey(
    kernel: Parts, uow: UnitOfWork, user_id: str, credential: Mapping[str, Any], challenge: Challenge | None,
    now: datetime,
) -> str:  # fmt: skip
    factor = factor_store.find_passkey(uow, passkeys.credential_id(credential))
    if factor is None or factor.user_id != user_id or challenge is None or challenge.nonce is None:
        raise SecondFactorInvalid
    use_passkey(kernel, uow, factor, credential, challenge, now)
    return WEBAUTHN


def use_passkey(
    kernel: Parts, uow: UnitOfWork, factor: Factor, credential: Mapping[str, Any], challenge: Challenge, now: datetime,
    *, is_alone: bool = False,
) -> None:  # fmt: skip
    """Verify an answer and move the counter on. Raises SecondFactorInvalid."""
    assert challenge.nonce is not None
    party = RelyingParty.of(kernel.settings)
    count = passkeys.verify_assertion(party, bytes(challenge.nonce), credential, factor, is_alone=is_alone)
    if not factor_store.use_passkey(uow, factor.id, count, now):
        raise SecondFactorInvalid
