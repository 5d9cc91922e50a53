"""Coming in: password, then a second factor where there is one; or a passkey alone. Answers never say who exists.

Each step commits what must stay even when the attempt fails (that it was counted, that it was recorded).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, passkeys, store, throttle, trail
from kernel.auth.errors import ChallengeUnknown, InvalidCredentials, SecondFactorInvalid, SecondFactorRequired
from kernel.auth.methods import PASSKEY, PASSWORD
from kernel.auth.passkeys import RelyingParty
from kernel.auth.policy import requires_second_factor
from kernel.auth.proofs import Proof, admit_proof, ask, check_factor, note_failure, use_passkey
from kernel.auth.records import Authority, Credentials, Origin, Tokens
from kernel.auth.sessions import check_password, check_states, find_credentials, open_session
from kernel.auth.throttle import ACCOUNT, ADDRESS, PASSKEY_ASKED
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.directory import find_tenant

if TYPE_CHECKING:
    from kernel.main import Kernel

# As long an address counts as one of the user's after a log-in from it.
ADDRESS_KNOWN_FOR = timedelta(days=90)


def sign_in(kernel: Kernel, tenant: str, email: str, password: str, origin: Origin) -> Tokens:
    """Tokens for tenant, email and password.

    Raises InvalidCredentials, TooManyAttempts, UserSuspended, TenantSuspended; SecondFactorRequired with a challenge.
    """
    found, account = _admit(kernel, tenant, email, origin)
    authority = Authority.of(kernel)
    # Checking takes a fifth of a second; no connection waits for it.
    if not authority.passwords.verify(found.password_hash if found else None, password) or found is None:
        _note_failure(kernel, tenant, found, origin)
        raise InvalidCredentials
    check_states(found.user, found.tenant)
    with kernel.database.platform() as uow:
        now = kernel.clock()
        _calm(uow, kernel, account, origin)
        factors = factor_store.list_factors(uow, found.user.id)
        if not factors:
            uow.commit()
        elif store.hold_password(uow, found.user.id, found.password_hash):
            asked = ask(kernel, uow, challenges.SECOND_FACTOR, found.user, factors)
            uow.commit()
            raise SecondFactorRequired(asked)
        else:
            raise InvalidCredentials
    is_enrolling = requires_second_factor(kernel, found.tenant, found.user)
    with kernel.database.platform() as uow:
        tokens = open_session(uow, authority, found, password, origin, now, is_enrolling=is_enrolling)
        uow.commit()
    return tokens


def answer_second_factor(kernel: Kernel, token: str, proof: Proof, origin: Origin) -> Tokens:
    """Tokens for the challenge of a log-in and the proof. Raises ChallengeUnknown, SecondFactorInvalid,
    TooManyAttempts, UserSuspended, TenantSuspended.
    """
    now = kernel.clock()
    with kernel.database.platform() as uow:
        challenge = challenges.find(uow, challenges.SECOND_FACTOR, token, now)
        found = store.find_credentials_of(uow, challenge.user_id or "")
    if found is None:
        raise ChallengeUnknown
    check_states(found.user, found.tenant)
    admit_proof(kernel, found.user.id)
    try:
        with kernel.database.platform() as uow:
            challenges.take(uow, challenge)
            method = check_factor(kernel, uow, found.user.id, proof, challenge)
            methods = (PASSWORD, method)
            tokens = open_session(uow, Authority.of(kernel), found, None, origin, now, methods=methods)
            uow.commit()
    except SecondFactorInvalid:
        note_failure(kernel, found, origin)
        raise
    return tokens


def ask_passkey(kernel: Kernel, origin: Origin) -> dict[str, Any]:
    """A challenge anybody may have; which passkeys there are is for the authenticator to know.

    Raises TooManyAttempts.
    """
    nonce, now = passkeys.make_nonce(), kernel.clock()
    with kernel.database.platform() as uow:
        throttle.admit(uow, PASSKEY_ASKED, throttle.network_of(origin.address), now)
        token = challenges.issue(uow, challenges.PASSKEY_LOG_IN, now, nonce=nonce)
        uow.commit()
    options = passkeys.assertion_options(RelyingParty.of(kernel.settings), nonce, None)
    return {"challenge": token, "expires_in_s": challenges.CHALLENGE_TTL_S, "webauthn": options}


def sign_in_by_passkey(kernel: Kernel, token: str, credential: Mapping[str, Any], origin: Origin) -> Tokens:
    """Tokens for a passkey that has verified its user, by a finger or a PIN: two factors in one.

    Raises ChallengeUnknown, SecondFactorInvalid, TooManyAttempts, UserSuspended, TenantSuspended.
    """
    now = kernel.clock()
    with kernel.database.platform() as uow:
        throttle.admit(uow, ADDRESS, throttle.network_of(origin.address), now)
        challenge = challenges.find(uow, challenges.PASSKEY_LOG_IN, token, now)
        factor = factor_store.find_passkey(uow, passkeys.credential_id(credential))
        if factor is not None and not passkeys.names_user(credential, factor.user_id):
            factor = None
        found = store.find_credentials_of(uow, factor.user_id) if factor else None
        uow.commit()
    if factor is None or found is None:
        raise SecondFactorInvalid
    try:
        with kernel.database.platform() as uow:
            challenges.take(uow, challenge)
            use_passkey(kernel, uow, factor, credential, challenge, now, is_alone=True)
            check_states(found.user, found.tenant)
            throttle.discount(uow, ADDRESS, throttle.network_of(origin.address), now)
            tokens = open_session(uow, Authority.of(kernel), found, None, origin, now, methods=(PASSKEY,))
            uow.commit()
    except SecondFactorInvalid:
        note_failure(kernel, found, origin)
        raise
    return tokens


def recheck_password(kernel: Kernel, tenant: str, email: str, password: str, origin: Origin) -> Credentials:
    """The password of somebody who is logged in, asked again; as slow to guess as at the log-in.

    Raises InvalidCredentials, TooManyAttempts.
    """
    found, account = _admit(kernel, tenant, email, origin)
    try:
        checked = check_password(Authority.of(kernel).passwords, found, password)
    except InvalidCredentials:
        _note_failure(kernel, tenant, found, origin)
        raise
    with kernel.database.platform() as uow:
        _calm(uow, kernel, account, origin)
        uow.commit()
    return checked


def _admit(kernel: Kernel, tenant: str, email: str, origin: Origin) -> tuple[Credentials | None, str]:
    """What is known of them, and under which name attempts at them are counted. Raises TooManyAttempts."""
    now = kernel.clock()
    with kernel.database.platform() as uow:
        found = find_credentials(uow, tenant, email)
        account = f"{tenant}\0{email.strip().lower()}"
        since = now - ADDRESS_KNOWN_FOR
        # From there they are counted apart, so that nobody elsewhere can make their user wait.
        if found is not None and store.is_known_address(uow, found.user.id, origin.address, since):
            account += f"\0{origin.address}"
        throttle.admit(uow, ACCOUNT, account, now)
        throttle.admit(uow, ADDRESS, throttle.network_of(origin.address), now)
        uow.commit()
    return found, account


def _calm(uow: UnitOfWork, kernel: Kernel, account: str, origin: Origin) -> None:
    """It was the right password."""
    now = kernel.clock()
    throttle.forgive(uow, ACCOUNT, account)
    throttle.discount(uow, ADDRESS, throttle.network_of(origin.address), now)
    throttle.purge(uow, now)


def _note_failure(kernel: Kernel, tenant: str, found: Credentials | None, origin: Origin) -> None:
    """Whose email it was, where it was somebody's; an unknown one may be a password typed into the wrong field."""
    with kernel.database.platform() as uow:
        known = found.tenant if found else find_tenant(uow, tenant)
        if known is None:
            return
        user_id = found.user.id if found else None
        trail.record(uow, known.id, "log_in.failed", kernel.clock(), user_id=user_id, origin=origin)
        uow.commit()
