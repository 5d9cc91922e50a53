"""Challenges: handed out as opaque tokens, kept as hashes, answered once, good for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.auth import factor_store as store
from kernel.auth.errors import ChallengeUnknown, TokenInvalid
from kernel.auth.factor_store import Challenge
from kernel.auth.opaque import CHALLENGE, make_token, read_token
from kernel.db.unit_of_work import UnitOfWork
from sdk.identifiers import new_id

# Long enough to look for a phone.
CHALLENGE_TTL_S = 300
RESET_TTL_S = 24 * 60 * 60

SECOND_FACTOR = "second_factor"
PASSKEY_LOG_IN = "passkey_log_in"
PASSKEY_REGISTRATION = "passkey_registration"
STEP_UP = "step_up"
PASSWORD_RESET = "password_reset"


def issue(
    uow: UnitOfWork, kind: str, now: datetime, *,
    user_id: str | None = None, nonce: bytes | None = None, ttl_s: int = CHALLENGE_TTL_S, prefix: str = CHALLENGE,
) -> str:  # fmt: skip
    """A new challenge; the token its answer is sent with."""
    token = make_token(prefix, new_id())
    expires_at = now + timedelta(seconds=ttl_s)
    store.insert_challenge(uow, Challenge(token.id, kind, user_id, token.digest, nonce, expires_at), now)
    return token.text


def find(uow: UnitOfWork, kind: str, text: str, now: datetime, *, prefix: str = CHALLENGE) -> Challenge:
    """The challenge a token belongs to, still to be answered. Raises ChallengeUnknown."""
    try:
        token = read_token(prefix, text)
    except TokenInvalid:
        raise ChallengeUnknown from None
    found = store.find_challenge(uow, token.id)
    if found is None or not token.matches(found.digest) or found.kind != kind or found.expires_at <= now:
        raise ChallengeUnknown
    return found


def take(uow: UnitOfWork, challenge: Challenge) -> None:
    """It has been answered. Raises ChallengeUnknown when it was so already, at the same moment."""
    if not store.take_challenge(uow, challenge.id):
        raise ChallengeUnknown
