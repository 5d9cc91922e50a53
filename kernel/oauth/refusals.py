"""Errors as OAuth tells them: RFC 6749 section 5.2, not RFC 9457. Clients are written against those names."""

from __future__ import annotations

BAD_REQUEST = 400
UNAUTHORIZED = 401


class Refusal(Exception):
    """error: a name of the RFC. description: ASCII, for who writes the client; never what was sent.

    leaves_trace: what was done before the refusal is kept, as when a stolen token was found out.
    """

    def __init__(self, error: str, description: str, *, leaves_trace: bool = False) -> None:
        super().__init__(description)
        self.error, self.description, self.leaves_trace = error, description, leaves_trace

    @property
    def status(self) -> int:
        return UNAUTHORIZED if self.error == "invalid_client" else BAD_REQUEST

    def as_json(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


class UnsafeRequest(Exception):
    """An authorization request whose client or redirect URI is not known good: told to the user, never redirected."""
