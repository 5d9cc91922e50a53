"""Logging in with an identity provider: code flow with PKCE and nonce (OpenID Connect Core 1.0, section 3.1)."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kernel.oauth.errors import ExternalLogInExpired, ExternalLogInFailed
from kernel.oauth.id_verification import Expected, verify_id_token
from kernel.oauth.issuer import CALLBACK_PATH
from kernel.oauth.outbound import Outbound
from kernel.oauth.pkce import challenge_of
from kernel.oauth.provider_documents import Metadata, ProviderDocuments
from kernel.oauth.records import Provider
from kernel.oauth.redirects import add_parameters

if TYPE_CHECKING:
    from kernel.parts import Parts

SCOPE = "openid profile email"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that was begun; the browser holds it, sealed, until the provider answers."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def fresh(cls) -> Begun:
        return cls(*(secrets.token_urlsafe(_SECRET_BYTES) for _ in range(3)))


class ExternalLogIn:
    """One per process: it remembers what providers say of themselves. issuer: ours."""

    def __init__(self, kernel: Parts, issuer: str) -> None:
        self._clock = kernel.clock
        self.outbound = Outbound(kernel.settings.oidc_private_addresses)
        self._documents = ProviderDocuments(self.outbound)
        self._redirect_uri = issuer + CALLBACK_PATH

    def begin(self, provider: Provider, begun: Begun) -> str:
        """Where to send the browser. Raises ProviderAddressRefused, ProviderUnreachable."""
        metadata = self._documents.find_metadata(provider.issuer, self._clock())
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
        }
        return add_parameters(metadata.authorization_endpoint, parameters)

    def finish(self, provider: Provider, secret: str | None, begun: Begun, answer: Mapping[str, str]) -> dict[str, Any]:
        """The claims of the ID token, verified. answer: the parameters the browser came back with.

        Raises ExternalLogInExpired, ExternalLogInFailed, ProviderUnreachable.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise ExternalLogInExpired
        now = self._clock()
        metadata = self._documents.find_metadata(provider.issuer, now)
        _check_answer(metadata, answer)
        told = self._exchange(metadata, provider, secret, begun, answer["code"])
        return verify_id_token(
            told.get("id_token"),
            lambda is_anew: self._documents.find_keys(provider.issuer, now, is_anew=is_anew),
            Expected(provider.issuer, provider.client_id, begun.nonce),
            told.get("access_token"),
            now,
        )

    def _exchange(
        self, metadata: Metadata, provider: Provider, secret: str | None, begun: Begun, code: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": begun.verifier,
        }
        headers = {}
        if secret is not None and "client_secret_basic" in metadata.auth_methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": provider.client_id} | ({"client_secret": secret} if secret is not None else {})
        told = self.outbound.post(metadata.token_endpoint, form, headers)
        if "error" in told:
            raise ExternalLogInFailed(reason="it refused the code")
        return told


def _check_answer(metadata: Metadata, answer: Mapping[str, str]) -> None:
    """RFC 9207: an answer of another provider must not be taken for this one's (mix-up)."""
    if ("iss" in answer or metadata.says_issuer) and answer.get("iss") != metadata.issuer:
        raise ExternalLogInFailed(reason="another provider answered")
    if "error" in answer:
        is_refusal = answer["error"] == "access_denied"
        raise ExternalLogInFailed(reason="you or it refused" if is_refusal else "it answered with an error")
    if not answer.get("code"):
        raise ExternalLogInFailed(reason="it sent no code")
