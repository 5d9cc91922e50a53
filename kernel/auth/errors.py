"""Why somebody is not let in. No message says which part of a credential was wrong."""

from __future__ import annotations

from typing import Any

from sdk.errors import Conflict, Forbidden, Invalid, LimitExceeded, NotFound, Unauthenticated


class CredentialsMissing(Unauthenticated):
    """Log in first: send an access token or an API key as "Authorization: Bearer ..."."""


class InvalidCredentials(Unauthenticated):
    """Tenant, email and password do not belong together."""


class TokenInvalid(Unauthenticated):
    """The token or API key is not a valid one: log in again."""


class TokenExpired(Unauthenticated):
    """The token has expired: refresh it, or log in again."""


class SessionRevoked(Unauthenticated):
    """The session has ended: log in again."""


class RefreshReused(Unauthenticated):
    """This refresh token was used before, so somebody else may have it: the session has been ended. Log in again."""


class RefreshSuperseded(Conflict):
    """Another refresh of this session was done just now: use the tokens it got."""


class SecondFactorRequired(Unauthenticated):
    """The password is right. Prove a second factor, with the challenge, at POST /api/v1/auth/second-factor."""

    def __init__(self, asked: dict[str, Any] | None = None) -> None:
        """asked: `challenge`, `factors`, `expires_in_s`, and `webauthn` for those who have a passkey."""
        super().__init__()
        self.extensions = asked or {}


class SecondFactorInvalid(Unauthenticated):
    """The proof is not good: a code is wrong, out of time or used before, or a passkey's answer does not verify."""


class ChallengeUnknown(Unauthenticated):
    """The challenge is not known, has been answered or has expired: begin anew."""


class ResetTokenInvalid(Unauthenticated):
    """The token to reset the password is not known, was used or has expired: ask an administrator for a new one."""


class KeyRevoked(Unauthenticated):
    """The API key was revoked or has expired: make a new one."""


class TenantSuspended(Forbidden):
    """The tenant {tenant} is suspended; ask the operator."""


class UserSuspended(Forbidden):
    """This user is suspended; ask an administrator."""


class LogInRequired(Forbidden):
    """This takes a person who has logged in: an API key cannot do it."""


class SecondFactorMissing(Forbidden):
    """One of your roles takes a second factor: add one below /api/v1/auth/mfa, then go on."""


class StepUpRequired(Forbidden):
    """This takes a proof, no older than {minutes} minutes, that it is you: POST /api/v1/auth/step-up, then repeat."""


class UserTooPowerful(Forbidden):
    """The user {email} may do more than you, so you can neither change the password nor make keys for them."""


class PasswordTooWeak(Invalid):
    """The password is refused."""


class PasskeyRefused(Invalid):
    """The authenticator's answer is not accepted: {reason}."""


class EmailInvalid(Invalid):
    """{email} is not an email address."""


class EmailTaken(Conflict):
    """There is a user {email} already."""


class PasskeyTaken(Conflict):
    """This passkey is registered already."""


class TokenKeyOverlap(Conflict):
    """The token key was changed just now, and tokens of the one before are still good: wait, or say that it leaked."""


class TooManyAttempts(LimitExceeded):
    """Too many attempts: try again in {retry_after_s} s."""


class TooManyFactors(LimitExceeded):
    """There are {maximum} second factors already, which is as many as a user may have: remove one."""


class FactorUnknown(NotFound):
    """There is no second factor {id}."""


class UserUnknown(NotFound):
    """There is no user {id}."""


class SessionUnknown(NotFound):
    """There is no session {id}."""


class ApiKeyUnknown(NotFound):
    """There is no API key {id}."""


class OwnSuspension(Conflict):
    """You cannot suspend yourself: somebody else must."""
