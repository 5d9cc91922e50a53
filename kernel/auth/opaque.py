"""Secrets handed out once: `<prefix>_<id>_<secret>`. Only the SHA-256 of the secret is stored; it has 256 bits."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from uuid import UUID

from kernel.auth.errors import TokenInvalid

API_KEY = "bos"
REFRESH_TOKEN = "bosr"
CHALLENGE = "bosc"
RESET_TOKEN = "bosp"
_SECRET_BYTES = 32
_HALF_BYTES = 16
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORMAT = re.compile(r"([a-z]+)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """id: of the row that holds its hash."""

    prefix: str
    id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        return f"{self.prefix}_{UUID(self.id).hex}_{self.secret}"

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """In a time that does not depend on where the two differ."""
        return hmac.compare_digest(self.digest, bytes(digest))


def make_token(prefix: str, id: str) -> OpaqueToken:
    """A new secret for the row `id`."""
    return OpaqueToken(prefix, id, secrets.token_urlsafe(_SECRET_BYTES))


def make_refresh_token(key: bytes, id: str) -> OpaqueToken:
    """A new secret for the session `id`: 128 random bits and a seal over them.

    The seal lets a token that was used before be told from one that somebody made up: the first ends the session,
    the second must not, or whoever knows a session's id could end it. No list of used tokens has to be kept.
    """
    nonce = secrets.token_bytes(_HALF_BYTES)
    secret = urlsafe_b64encode(nonce + _seal(key, id, nonce)).rstrip(b"=").decode()
    return OpaqueToken(REFRESH_TOKEN, id, secret)


def derive_refresh_key(root_secret: str) -> bytes:
    """What refresh tokens are sealed with: HKDF-Expand (RFC 5869, 2.3). Its input is random, so Extract is left out."""
    return hmac.digest(root_secret.encode(), b"bos refresh tokens\x01", "sha256")


def was_issued(key: bytes, token: OpaqueToken) -> bool:
    """Whether a refresh token was made here, whatever became of it."""
    made = urlsafe_b64decode(token.secret + "=")
    nonce, seal = made[:_HALF_BYTES], made[_HALF_BYTES:]
    return hmac.compare_digest(seal, _seal(key, token.id, nonce))


def _seal(key: bytes, id: str, nonce: bytes) -> bytes:
    return hmac.digest(key, UUID(id).bytes + nonce, "sha256")[:_HALF_BYTES]


def read_token(prefix: str, text: str) -> OpaqueToken:
    """What was sent, taken apart; raises TokenInvalid."""
    found = _FORMAT.fullmatch(text)
    if found is None or found[1] != prefix:
        raise TokenInvalid
    return OpaqueToken(prefix, str(UUID(hex=found[2])), found[3])


def is_opaque(prefix: str, text: str) -> bool:
    return text.startswith(f"{prefix}_")


def is_id(text: str) -> bool:
    """Whether the text can be the id of a row; anything else would be refused by PostgreSQL with an error."""
    return _ID.fullmatch(text) is not None
