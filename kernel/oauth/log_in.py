"""Logging in by the form of the consent page: with all that a log-in through the API asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.auth.entry import recheck_password
from kernel.auth.errors import SecondFactorInvalid, SecondFactorMissing
from kernel.auth.factor_store import list_factors
from kernel.auth.policy import requires_second_factor
from kernel.auth.proofs import Proof, admit_proof, check_factor, note_failure
from kernel.auth.records import Credentials, Origin, User
from kernel.oauth.errors import CodeRequired

if TYPE_CHECKING:
    from kernel.main import Kernel

CODE_DIGITS = 6


def check_log_in(kernel: Kernel, tenant: str, email: str, password: str, code: str, origin: Origin) -> User:
    """The user. Raises leaves of Unauthenticated, Forbidden and LimitExceeded.

    A passkey takes a script, and the page has none: whoever has nothing else uses a recovery code.
    """
    found = recheck_password(kernel, tenant, email, password, origin)
    with kernel.database.platform() as uow:
        has_factors = bool(list_factors(uow, found.user.id))
    if has_factors:
        _check_code(kernel, found, code.replace(" ", ""), origin)
    elif requires_second_factor(kernel, found.tenant, found.user):
        raise SecondFactorMissing
    return found.user


def _check_code(kernel: Kernel, found: Credentials, code: str, origin: Origin) -> None:
    if not code:
        raise CodeRequired
    is_of_app = len(code) == CODE_DIGITS and code.isdecimal()
    proof = Proof(code=code) if is_of_app else Proof(recovery_code=code)
    admit_proof(kernel, found.user.id)
    try:
        with kernel.database.platform() as uow:
            check_factor(kernel, uow, found.user.id, proof, None)
            uow.commit()
    except SecondFactorInvalid:
        note_failure(kernel, found, origin)
        raise
