"""Under which URL this installation is known: OAuth's issuer. From the settings, never from a request's `Host`."""

from __future__ import annotations

from typing import Protocol

AUTHORIZE_PATH = "/oauth/authorize"
TOKEN_PATH = "/oauth/token"
INTROSPECT_PATH = "/oauth/introspect"
REVOKE_PATH = "/oauth/revoke"
KEYS_PATH = "/oauth/jwks"
USERINFO_PATH = "/oauth/userinfo"
LOG_IN_PATH = "/oauth/login"
CALLBACK_PATH = "/oauth/callback"


class PublicSettings(Protocol):
    """The part of the settings that says where we are."""

    @property
    def public_url(self) -> str | None: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


def issuer_of(settings: PublicSettings) -> str:
    """The URL without a slash at its end."""
    if settings.public_url is not None:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
