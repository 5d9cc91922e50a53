"""What a browser holds while somebody logs in: sealed cookies that say what was begun, and tokens against CSRF.

No session stays in the browser: each authorization asks for the log-in anew, so nobody finds another's open.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request, Response

from kernel.oauth.derived import derive_key
from kernel.oauth.issuer import issuer_of
from kernel.secrets.cipher import DoesNotOpen, decrypt, encrypt

if TYPE_CHECKING:
    from kernel.parts import Parts

LOG_IN_S_MAX = 600
TICKET = "bos_oauth"
EXTERNAL = "bos_oidc"
_NONCE_BYTES = 16
_COOKIE_CHARACTERS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Ticket:
    """nonce: the browser's own. request: of which authorization request the user logged in for, as a digest."""

    nonce: str = field(repr=False)
    request: str = ""
    user_id: str = ""
    authenticated_at: int = 0

    @classmethod
    def fresh(cls) -> Ticket:
        return cls(secrets.token_urlsafe(_NONCE_BYTES))


class Browser:
    """Makes and reads them, with a key of the installation."""

    def __init__(self, kernel: Parts) -> None:
        self._key = derive_key(kernel, "browser")
        self._clock = kernel.clock
        self.is_secure = issuer_of(kernel.settings).startswith("https:")

    def read_ticket(self, request: Request) -> Ticket | None:
        held = self.read(request, TICKET)
        return Ticket(held["n"], held["q"], held["u"], held["t"]) if held else None

    def write_ticket(self, response: Response, ticket: Ticket) -> None:
        held = {"n": ticket.nonce, "q": ticket.request, "u": ticket.user_id, "t": ticket.authenticated_at}
        self.write(response, TICKET, held)

    def csrf_token(self, ticket: Ticket, query: bytes) -> str:
        """Goes into forms of this browser for this request, and fits nowhere else."""
        message = f"{ticket.nonce}\0{digest_of(query)}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def is_csrf_token(self, ticket: Ticket | None, query: bytes, sent: str) -> bool:
        return ticket is not None and hmac.compare_digest(self.csrf_token(ticket, query).encode(), sent.encode())

    def read(self, request: Request, name: str) -> dict[str, Any] | None:
        """What the cookie holds, None when it is not ours, or too old."""
        text = request.cookies.get(self._name(name), "")
        if not text or len(text) > _COOKIE_CHARACTERS_MAX:
            return None
        try:
            held: dict[str, Any] = orjson.loads(decrypt(self._key, urlsafe_b64decode(text), name.encode()))
        except (ValueError, DoesNotOpen):
            return None
        return held if held["until"] > self._clock().timestamp() else None

    def write(self, response: Response, name: str, held: dict[str, Any]) -> None:
        until = int(self._clock().timestamp()) + LOG_IN_S_MAX
        sealed = encrypt(self._key, orjson.dumps({**held, "until": until}), name.encode())
        # Lax: a provider's answer comes from another site. Writing from there is what the CSRF tokens refuse.
        value = urlsafe_b64encode(sealed).decode()
        response.set_cookie(
            self._name(name), value, max_age=LOG_IN_S_MAX, path="/", secure=self.is_secure, httponly=True,
            samesite="lax",
        )  # fmt: skip

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self._name(name), path="/", secure=self.is_secure, httponly=True, samesite="lax")

    def _name(self, name: str) -> str:
        # With this prefix browsers take it from this very host over TLS only (RFC 6265bis).
        return f"__Host-{name}" if self.is_secure else name


def digest_of(query: bytes) -> str:
    """Names an authorization request."""
    return hashlib.sha256(query).hexdigest()


def as_ticket(nonce: str, query: bytes, user_id: str, authenticated_at: datetime) -> Ticket:
    """The ticket of somebody who has just logged in for this request."""
    return Ticket(nonce, digest_of(query), user_id, int(authenticated_at.timestamp()))
