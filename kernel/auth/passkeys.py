"""Passkeys (WebAuthn level 2): what an authenticator is asked, and whether its answer is good. No database here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from kernel.auth.errors import PasskeyRefused, SecondFactorInvalid
from kernel.auth.factor_store import Factor
from kernel.auth.records import User
from kernel.lazy import LazyModule

if TYPE_CHECKING:
    from kernel.settings import Settings

_webauthn = LazyModule("webauthn")
_structs = LazyModule("webauthn.helpers.structs")
_errors = LazyModule("webauthn.helpers.exceptions")

NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are for. id: a domain; origins: of the pages that may ask for one."""

    id: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> RelyingParty:
        # Browsers accept no address as a domain, so that it is localhost where nothing is said.
        url = urlsplit(settings.public_url or f"http://localhost:{settings.port}")
        origins = settings.webauthn_origins or (f"{url.scheme}://{url.netloc}",)
        return cls(settings.webauthn_rp_id or url.hostname or "localhost", origins)


def make_nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


def registration_options(
    party: RelyingParty, title: str, user: User, nonce: bytes, known: Sequence[Factor]
) -> dict[str, Any]:
    """For `navigator.credentials.create`. A passkey the authenticator keeps is preferred: it logs in by itself."""
    return _as_json(
        _webauthn.generate_registration_options(
            rp_id=party.id,
            rp_name=title,
            user_id=UUID(user.id).bytes,
            user_name=user.email,
            user_display_name=user.name or user.email,
            challenge=nonce,
            authenticator_selection=_structs.AuthenticatorSelectionCriteria(
                resident_key=_structs.ResidentKeyRequirement.PREFERRED,
                user_verification=_structs.UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=_descriptors(known),
        )
    )


def assertion_options(party: RelyingParty, nonce: bytes, known: Sequence[Factor] | None) -> dict[str, Any]:
    """For `navigator.credentials.get`. known: None where nobody is named, so that the answer names none either."""
    needs_verification = known is None
    wanted = _structs.UserVerificationRequirement
    return _as_json(
        _webauthn.generate_authentication_options(
            rp_id=party.id,
            challenge=nonce,
            allow_credentials=_descriptors(known or ()),
            user_verification=wanted.REQUIRED if needs_verification else wanted.PREFERRED,
        )
    )


def verify_registration(party: RelyingParty, nonce: bytes, credential: Mapping[str, Any]) -> tuple[bytes, bytes, int]:
    """Credential id, public key and counter of a new passkey. Raises PasskeyRefused.

    Attestation is neither asked for nor judged: any authenticator will do.
    """
    try:
        made = _webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=nonce,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
        )
    except _errors.WebAuthnException as error:
        raise PasskeyRefused(reason=str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise PasskeyRefused(reason="it cannot be read") from None
    return made.credential_id, made.credential_public_key, made.sign_count


def credential_id(credential: Mapping[str, Any]) -> bytes:
    """Which passkey is meant. Raises SecondFactorInvalid."""
    try:
        return bytes(_webauthn.base64url_to_bytes(credential["rawId"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SecondFactorInvalid from None


def names_user(credential: Mapping[str, Any], user_id: str) -> bool:
    """Whether the user handle in an answer, if there is one, is the user's (WebAuthn level 2, 7.2, step 6)."""
    try:
        handle = credential["response"].get("userHandle")
        return handle is None or _webauthn.base64url_to_bytes(handle) == UUID(user_id).bytes
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def verify_assertion(
    party: RelyingParty, nonce: bytes, credential: Mapping[str, Any], factor: Factor, *, is_alone: bool = False
) -> int:
    """The counter of the answer. is_alone: it must have verified its user, as there is no password beside it.

    Raises SecondFactorInvalid. The counter is held against the stored one where it is stored.
    """
    try:
        verified = _webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=nonce,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=factor.public_key,
            credential_current_sign_count=factor.sign_count,
            require_user_verification=is_alone,
        )
    except (_errors.WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise SecondFactorInvalid from None
    return int(verified.new_sign_count)


def _descriptors(factors: Sequence[Factor]) -> list[Any]:
    return [
        _structs.PublicKeyCredentialDescriptor(id=factor.credential_id) for factor in factors if factor.credential_id
    ]


def _as_json(options: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_webauthn.options_to_json(options))
    return told
