"""Redirect URIs: which may be registered, and that a request names one of them exactly (RFC 9700 section 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

URI_CHARACTERS_MAX = 2_000
_PRINTABLE = re.compile(r"[!-~]+")
# A reversed domain name, as RFC 8252 section 7.1 demands of an app's own scheme.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
# What may stand in a header as it is.
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
_LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")


def find_fault(uri: str, *, is_public: bool) -> str | None:
    """Why a URI cannot be registered, None if it can."""
    if not _PRINTABLE.fullmatch(uri) or len(uri) > URI_CHARACTERS_MAX:
        return f"1 to {URI_CHARACTERS_MAX} printable ASCII characters without spaces"
    parts = _split(uri)
    if parts is None or "#" in uri or "*" in uri:
        return "an absolute URI without a fragment or wildcard"
    if parts.netloc and not _AUTHORITY.fullmatch(parts.netloc):
        return "a URI with a host and perhaps a port, without user and password"
    if _is_safe(parts) or (is_public and _PRIVATE_SCHEME.fullmatch(parts.scheme)):
        return None
    return "https, http on a loopback address, or (public clients) a scheme of one's own like com.example.app"


def _is_safe(parts: SplitResult) -> bool:
    is_here = parts.scheme == "http" and parts.hostname in (*_LOOPBACK_ADDRESSES, "localhost")
    return is_here or (parts.scheme == "https" and bool(parts.hostname))


def is_registered(registered: Iterable[str], uri: str) -> bool:
    """Character for character; only the port of a loopback address is free, as apps cannot know it before."""
    return any(uri == one or _is_same_but_port(one, uri) for one in registered)


def add_parameters(uri: str, parameters: dict[str, str | None]) -> str:
    """The URI with parameters in its query, those that are None left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def form_target(uri: str) -> str:
    """The URI as a source of a Content-Security-Policy: browsers hold redirects after a form to `form-action` too."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _is_same_but_port(registered: str, uri: str) -> bool:
    if len(uri) > URI_CHARACTERS_MAX or not _PRINTABLE.fullmatch(uri) or "#" in uri:
        return False
    one, other = _split(registered), _split(uri)
    if one is None or other is None or one.scheme != "http" or one.hostname not in _LOOPBACK_ADDRESSES:
        return False
    return _without_port(one) == _without_port(other)


def _without_port(parts: SplitResult) -> tuple[str | None, ...]:
    return parts.scheme, parts.hostname, parts.username, parts.password, parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        # Asking for the port is what finds a bad one.
        return parts if parts.scheme and parts.port is not False else None
    except ValueError:
        return None
