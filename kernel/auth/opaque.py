"""Secrets handed out once: `<prefix>_<id>_<secret>`. Only the SHA-256 of the secret is stored; it has 256 bits."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from kernel.auth.errors import TokenInvalid

API_KEY = "bos"
REFRESH_TOKEN = "bosr"
_SECRET_BYTES = 32
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
