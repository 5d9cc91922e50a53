"""Authorization requests (RFC 6749 section 4.1.1 with PKCE, RFC 7636): what a client asks a user for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.auth.opaque import make_token
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import store
from kernel.oauth.clients import find_known
from kernel.oauth.forms import read_fields
from kernel.oauth.records import CODE_GRANT, Grant, KnownClient, Server
from kernel.oauth.redirects import add_parameters, is_registered
from kernel.oauth.refusals import Refusal, UnsafeRequest
from kernel.oauth.scopes import narrow
from sdk.identifiers import new_id

CODE = "bosa"
CODE_LIFETIME = timedelta(seconds=60)
QUERY_BYTES_MAX = 8_192
STATE_CHARACTERS_MAX = 2_048
NONCE_CHARACTERS_MAX = 512
AGE_DIGITS_MAX = 9
# BASE64URL(SHA-256): RFC 7636 section 4.2.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose client and redirect URI are known good, and whose parameters are."""

    known: KnownClient
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    resource: str
    code_challenge: str
    nonce: str | None
    prompts: frozenset[str]
    age_max: timedelta | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes, once that is known to be right."""

    known: KnownClient
    redirect_uri: str
    state: str | None

    def answer(self, issuer: str, **parameters: str) -> str:
        """The URI to send the browser to; says who answers (RFC 9207), so that no other server's answer is taken."""
        return add_parameters(self.redirect_uri, {**parameters, "state": self.state, "iss": issuer})


def find_target(uow: UnitOfWork, query: bytes) -> tuple[Target, dict[str, str], frozenset[str]]:
    """Client and redirect URI, the parameters, and the repeated ones. Raises UnsafeRequest: never redirect then."""
    if len(query) > QUERY_BYTES_MAX:
        raise UnsafeRequest("The request is too long.")
    try:
        fields, repeated = read_fields(query)
    except Refusal:
        raise UnsafeRequest("The request cannot be read.") from None
    if repeated & {"client_id", "redirect_uri", "state"}:
        raise UnsafeRequest("The request names its client, its way back or its state twice.")
    known = find_known(uow, fields.get("client_id", ""))
    if known is None or not known.is_active:
        raise UnsafeRequest("There is no such client.")
    redirect_uri = fields.get("redirect_uri", "")
    if not is_registered(known.client.redirect_uris, redirect_uri):
        raise UnsafeRequest("The way back to the program is not one that was registered for it.")
    state = fields.get("state")
    if state is not None and len(state) > STATE_CHARACTERS_MAX:
        raise UnsafeRequest("The request is too long.")
    return Target(known, redirect_uri, state), fields, repeated


def read_request(
    server: Server, target: Target, fields: Mapping[str, str], repeated: frozenset[str]
) -> AuthorizationRequest:
    """The rest of it; raises Refusal, which is told to the client by a redirect."""
    if repeated:
        raise Refusal("invalid_request", "a parameter is given twice")
    for name in ("request", "request_uri"):
        if name in fields:
            raise Refusal(f"{name}_not_supported", "send plain parameters")
    if fields.get("response_type") != "code":
        raise Refusal("unsupported_response_type", "response_type must be code")
    if fields.get("response_mode", "query") != "query":
        raise Refusal("invalid_request", "response_mode must be query")
    client = target.known.client
    if CODE_GRANT not in client.grant_types:
        raise Refusal("unauthorized_client", "the client may not ask for codes")
    return AuthorizationRequest(
        target.known,
        target.redirect_uri,
        target.state,
        narrow(client.scopes, fields.get("scope")),
        choose_resource(server, client.resources, fields.get("resource")),
        _read_challenge(fields),
        _read_nonce(fields.get("nonce")),
        _read_prompts(fields.get("prompt", "")),
        _read_age(fields.get("max_age")),
    )


def choose_resource(server: Server, registered: Sequence[str], wanted: str | None) -> str:
    """For which service the token is: this one unless the request names another (RFC 8707)."""
    if wanted is None or wanted in (server.issuer, server.issuer + "/"):
        return server.issuer
    if wanted not in registered:
        raise Refusal("invalid_target", "the client may not ask for tokens for this resource")
    return wanted


def issue_code(
    uow: UnitOfWork, request: AuthorizationRequest, user_id: str, authenticated_at: datetime, now: datetime
) -> str:
    """A code for what the user has just consented to, good once and for a minute."""
    client_id, code = request.known.client.id, make_token(CODE, new_id())
    store.put_consent(uow, user_id, client_id, list(request.scopes), now)
    store.insert_grant(
        uow,
        Grant(
            code.id, client_id, user_id, CODE_GRANT, request.scopes, request.resource, now, now + CODE_LIFETIME,
            authenticated_at=authenticated_at, nonce=request.nonce, redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge, code_hash=code.digest,
        ),
    )  # fmt: skip
    return code.text


def _read_challenge(fields: Mapping[str, str]) -> str:
    """PKCE is demanded of every client, and only by S256: `plain` shows the verifier to who sees the request."""
    challenge = fields.get("code_challenge")
    if challenge is None:
        raise Refusal("invalid_request", "code_challenge is missing: PKCE is required")
    if fields.get("code_challenge_method") != "S256":
        raise Refusal("invalid_request", "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise Refusal("invalid_request", "code_challenge is no SHA-256 in base64url")
    return challenge


def _read_nonce(nonce: str | None) -> str | None:
    if nonce is not None and not (nonce.isprintable() and len(nonce) <= NONCE_CHARACTERS_MAX):
        raise Refusal("invalid_request", f"nonce has more than {NONCE_CHARACTERS_MAX} characters, or unprintable ones")
    return nonce


def _read_prompts(text: str) -> frozenset[str]:
    prompts = frozenset(text.split())
    if "none" in prompts and len(prompts) > 1:
        raise Refusal("invalid_request", "prompt=none stands alone")
    return prompts


def _read_age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > AGE_DIGITS_MAX:
        raise Refusal("invalid_request", "max_age must be a number of seconds")
    return timedelta(seconds=int(text))
