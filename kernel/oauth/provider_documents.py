"""What providers say of themselves (OpenID Connect Discovery 1.0) and their keys, remembered for a while."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kernel.oauth.errors import ProviderUnreachable
from kernel.oauth.outbound import Outbound
from sdk.errors import BosError

REMEMBERED_FOR = timedelta(minutes=5)
# A token with an unknown key makes us ask again, but not for each such token.
KEYS_ASKED_AGAIN_AFTER = timedelta(seconds=10)
# So long a provider that does not answer is not asked again: each try holds a thread.
FAILURE_REMEMBERED_FOR = timedelta(seconds=10)
PROVIDERS_REMEMBERED_MAX = 256
DISCOVERY_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of a discovery document that is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    auth_methods: tuple[str, ...]
    says_issuer: bool


@dataclass(slots=True)
class _Known:
    metadata: Metadata | BosError
    until: datetime
    keys: list[dict[str, Any]] | None = None
    keys_at: datetime | None = None


class ProviderDocuments:
    """One per process. `outbound` makes the calls, with no lock held while they last."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def find_metadata(self, issuer: str, now: datetime) -> Metadata:
        """Raises ProviderAddressRefused, ProviderUnreachable."""
        metadata = self._find(issuer, now).metadata
        if isinstance(metadata, BosError):
            raise metadata
        return metadata

    def find_keys(self, issuer: str, now: datetime, *, is_anew: bool = False) -> list[dict[str, Any]]:
        """The provider's JWKs. is_anew: a key was not among those known; ask, unless that was done just now."""
        metadata, known = self.find_metadata(issuer, now), self._find(issuer, now)
        age = now - known.keys_at if known.keys_at else REMEMBERED_FOR
        if known.keys is None or age >= (KEYS_ASKED_AGAIN_AFTER if is_anew else REMEMBERED_FOR):
            keys = self._outbound.get(metadata.jwks_uri).get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                raise ProviderUnreachable(reason="its key set is none")
            known.keys, known.keys_at = keys, now
        return known.keys

    def _find(self, issuer: str, now: datetime) -> _Known:
        known = self._known.get(issuer)
        if known is not None and now < known.until:
            return known
        try:
            found = _Known(self._ask(issuer), now + REMEMBERED_FOR)
        except BosError as error:
            found = _Known(error, now + FAILURE_REMEMBERED_FOR)
        with self._lock:
            if len(self._known) >= PROVIDERS_REMEMBERED_MAX:
                self._known.clear()
            self._known[issuer] = found
        return found

    def _ask(self, issuer: str) -> Metadata:
        metadata = _read(issuer, self._outbound.get(issuer.rstrip("/") + DISCOVERY_PATH))
        for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
            self._outbound.check(url)
        return metadata


def _read(issuer: str, document: dict[str, Any]) -> Metadata:
    # Section 4.3: must be identical, or one provider could speak for another.
    if document.get("issuer") != issuer:
        raise ProviderUnreachable(reason="it calls itself by another issuer")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer,
        _address(document, "authorization_endpoint"),
        _address(document, "token_endpoint"),
        _address(document, "jwks_uri"),
        tuple(methods) if isinstance(methods, list) else ("client_secret_basic",),
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(document: dict[str, Any], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str):
        raise ProviderUnreachable(reason=f"its discovery document has no {name}")
    return address
