"""Adding and removing second factors. The first one brings recovery codes; the last one takes them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kernel.auth import challenges, factor_store, passkeys, recovery, store, totp, trail
from kernel.auth.errors import ChallengeUnknown, FactorUnknown, PasskeyTaken, SecondFactorInvalid, TooManyFactors
from kernel.auth.factor_store import Factor
from kernel.auth.methods import TOTP, WEBAUTHN
from kernel.auth.opaque import is_id
from kernel.auth.passkeys import RelyingParty
from kernel.auth.proofs import TOTP_PURPOSE, admit_proof, open_secret
from kernel.auth.records import Identity, Origin, User
from kernel.auth.throttle import FACTOR, forgive
from kernel.auth.users import get_user
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.store import revoke_grants
from kernel.secrets.envelope import seal
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.parts import Parts

FACTORS_MAX = 10


@dataclass(frozen=True, slots=True)
class NewFactor:
    """A factor now in use. recovery_codes: told this once, with the first factor."""

    id: str
    kind: str
    name: str
    recovery_codes: list[str] | None = field(default=None, repr=False)


def list_factors(uow: UnitOfWork, user_id: str) -> dict[str, Any]:
    """What a user has, without any secret."""
    items = [
        {"id": factor.id, "kind": factor.kind, "name": factor.name, "created_at": factor.created_at,
         "used_at": factor.used_at}
        for factor in factor_store.list_factors(uow, user_id)
    ]  # fmt: skip
    return {"items": items, "recovery_codes_left": factor_store.count_codes(uow, user_id)}


def begin_totp(kernel: Parts, identity: Identity, name: str) -> dict[str, Any]:
    """A secret for an authenticator app, told this once; in use when a code of it was confirmed.

    Raises TooManyFactors.
    """
    user_id, secret, id = identity.actor.id, totp.make_secret(), new_id()
    sealed = seal(kernel, TOTP_PURPOSE, secret.encode(), user_id, id)
    with kernel.database.platform() as uow:
        # Those begun before and never confirmed.
        factor_store.delete_factors(uow, user_id, is_confirmed=False)
        _check_count(uow, user_id)
        factor_store.insert_factor(uow, Factor(id, user_id, TOTP, name, kernel.clock(), secret=sealed))
        uow.commit()
    uri = totp.provisioning_uri(secret, f"{identity.actor.email} ({identity.tenant.name})")
    return {"id": id, "kind": TOTP, "secret": secret, "uri": uri}


def confirm_totp(kernel: Parts, identity: Identity, id: str, code: str, origin: Origin) -> NewFactor:
    """Take it into use. Raises FactorUnknown, SecondFactorInvalid, TooManyAttempts."""
    user_id, now = identity.actor.id, kernel.clock()
    admit_proof(kernel, user_id)
    with kernel.database.platform() as uow:
        begun = factor_store.list_factors(uow, user_id, is_confirmed=False)
        factor = next((f for f in begun if f.id == id and f.confirmed_at is None and f.kind == TOTP), None)
        if factor is None:
            raise FactorUnknown(id=id)
        step = totp.find_step(open_secret(kernel, factor), code, now, None)
        if step is None or not factor_store.use_step(uow, factor.id, step, now):
            raise SecondFactorInvalid
        forgive(uow, FACTOR, user_id)
        factor_store.confirm_factor(uow, factor.id, now)
        added = _note_added(kernel, uow, identity, factor, origin)
        uow.commit()
    return added


def begin_passkey(kernel: Parts, identity: Identity) -> dict[str, Any]:
    """A challenge and what to give `navigator.credentials.create`. Raises TooManyFactors."""
    nonce, party = passkeys.make_nonce(), RelyingParty.of(kernel.settings)
    with kernel.database.platform() as uow:
        _check_count(uow, identity.actor.id)
        user = get_user(uow, identity.tenant.id, identity.actor.id)
        known = [f for f in factor_store.list_factors(uow, user.id) if f.kind == WEBAUTHN]
        token = challenges.issue(uow, challenges.PASSKEY_REGISTRATION, kernel.clock(), user_id=user.id, nonce=nonce)
        uow.commit()
    options = passkeys.registration_options(party, f"Bos: {identity.tenant.title}", user, nonce, known)
    return {"challenge": token, "expires_in_s": challenges.CHALLENGE_TTL_S, "webauthn": options}


def add_passkey(
    kernel: Parts, identity: Identity, token: str, name: str, credential: Mapping[str, Any], origin: Origin
) -> NewFactor:
    """Take a new passkey into use. Raises ChallengeUnknown, PasskeyRefused, PasskeyTaken, TooManyFactors."""
    user_id, now = identity.actor.id, kernel.clock()
    with kernel.database.platform() as uow:
        challenge = challenges.find(uow, challenges.PASSKEY_REGISTRATION, token, now)
        if challenge.user_id != user_id or challenge.nonce is None:
            raise ChallengeUnknown
        challenges.take(uow, challenge)
        _check_count(uow, user_id)
        party = RelyingParty.of(kernel.settings)
        credential_id, public_key, count = passkeys.verify_registration(party, bytes(challenge.nonce), credential)
        factor = Factor(
            new_id(), user_id, WEBAUTHN, name, now, now, credential_id=credential_id, public_key=public_key,
            sign_count=count,
        )  # fmt: skip
        if not factor_store.insert_factor(uow, factor):
            raise PasskeyTaken
        added = _note_added(kernel, uow, identity, factor, origin)
        uow.commit()
    return added


def remove_factor(kernel: Parts, identity: Identity, id: str, origin: Origin) -> None:
    """Raises FactorUnknown."""
    user_id, now = identity.actor.id, kernel.clock()
    with kernel.database.platform() as uow:
        if not is_id(id) or not factor_store.delete_factors(uow, user_id, id):
            raise FactorUnknown(id=id)
        if not factor_store.list_factors(uow, user_id):
            factor_store.replace_codes(uow, user_id, [])
        trail.record(uow, identity.tenant.id, "factor.removed", now, user_id=user_id, origin=origin, factor=id)
        uow.commit()


def renew_codes(kernel: Parts, identity: Identity, origin: Origin) -> list[str]:
    """New recovery codes, told this once; those before stop working. Raises FactorUnknown without any factor."""
    with kernel.database.platform() as uow:
        if not factor_store.list_factors(uow, identity.actor.id):
            raise FactorUnknown(id="to recover")
        codes = _give_codes(kernel, uow, identity, origin)
        uow.commit()
    return codes


def reset_factors(uow: UnitOfWork, user: User, now: Any, origin: Origin) -> int:
    """Take all of a user's factors and codes away, for whoever lost them; how many there were.

    Sessions end, and so does what programs were allowed.
    """
    removed = factor_store.delete_factors(uow, user.id)
    factor_store.replace_codes(uow, user.id, [])
    factor_store.drop_challenges(uow, user.id)
    store.revoke_sessions(uow, user.id, now, because="factors_reset")
    revoke_grants(uow, user.id, now)
    trail.record(uow, user.tenant_id, "factors.reset", now, user_id=user.id, origin=origin, removed=removed)
    return removed


def _check_count(uow: UnitOfWork, user_id: str) -> None:
    if len(factor_store.list_factors(uow, user_id)) >= FACTORS_MAX:
        raise TooManyFactors(maximum=FACTORS_MAX)


def _note_added(kernel: Parts, uow: UnitOfWork, identity: Identity, factor: Factor, origin: Origin) -> NewFactor:
    now, user_id = kernel.clock(), identity.actor.id
    trail.record(
        uow, identity.tenant.id, "factor.added", now, user_id=user_id, session_id=identity.session_id,
        origin=origin, factor=factor.id, kind=factor.kind,
    )  # fmt: skip
    assert identity.session_id is not None
    store.end_enrolment(uow, identity.session_id, factor.kind)
    is_first = factor_store.count_codes(uow, user_id) == 0
    codes = _give_codes(kernel, uow, identity, origin) if is_first else None
    return NewFactor(factor.id, factor.kind, factor.name, codes)


def _give_codes(kernel: Parts, uow: UnitOfWork, identity: Identity, origin: Origin) -> list[str]:
    user_id, codes = identity.actor.id, recovery.make_codes()
    factor_store.replace_codes(uow, user_id, [recovery.digest(user_id, code) for code in codes])
    trail.record(uow, identity.tenant.id, "recovery_codes.made", kernel.clock(), user_id=user_id, origin=origin)
    return codes
