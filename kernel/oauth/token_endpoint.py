"""The token endpoint: codes, refresh tokens and client credentials are exchanged for access tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from kernel.auth import trail
from kernel.auth.errors import TokenInvalid
from kernel.auth.opaque import OpaqueToken, read_token
from kernel.auth.users import get_user
from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth import store
from kernel.oauth.access import sign_access_token
from kernel.oauth.authorization import CODE, choose_resource
from kernel.oauth.clients import authenticate_client
from kernel.oauth.id_tokens import sign_id_token
from kernel.oauth.pkce import is_proven
from kernel.oauth.records import CODE_GRANT, CREDENTIALS_GRANT, REFRESH_GRANT, Grant, KnownClient, KnownGrant, Server
from kernel.oauth.refresh_tokens import REFRESH_TOKEN, make_refresh_token, was_issued
from kernel.oauth.refusals import Refusal
from kernel.oauth.scopes import OPENID, narrow, permission_scopes
from sdk.identifiers import new_id

Answer = dict[str, Any]
# RFC 7636 section 4.1.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def answer_token_request(
    uow: UnitOfWork, server: Server, header: str | None, form: Mapping[str, str], now: datetime
) -> Answer:
    """The body of a token response (RFC 6749 section 5.1). Raises Refusal."""
    known = authenticate_client(uow, header, form)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise Refusal("invalid_request", "grant_type is missing")
    exchange = _EXCHANGES.get(grant_type)
    if exchange is None:
        raise Refusal("unsupported_grant_type", "grant_type must be one of " + " ".join(_EXCHANGES))
    if grant_type not in known.client.grant_types:
        raise Refusal("unauthorized_client", "the client may not use this grant type")
    return exchange(uow, server, known, form, now)


def _exchange_code(
    uow: UnitOfWork, server: Server, known: KnownClient, form: Mapping[str, str], now: datetime
) -> Answer:
    sent, found = _find(uow, CODE, form.get("code"), "code", known)
    if found.grant.code_hash is None or not sent.matches(found.grant.code_hash):
        raise _bad_grant()
    if found.grant.code_used_at is not None:
        raise _revoke_family(uow, found, now)
    if not found.is_active(now) or form.get("redirect_uri", found.grant.redirect_uri) != found.grant.redirect_uri:
        raise _bad_grant()
    _check_verifier(form.get("code_verifier"), found.grant.code_challenge or "")
    _check_resource(server, found.grant, form)
    token = make_refresh_token(server.refresh_key, sent.id) if REFRESH_GRANT in known.client.grant_types else None
    lives_s = server.refresh_token_ttl_s if token else server.access_token_ttl_s
    if not store.use_code(uow, sent.id, now, now + timedelta(seconds=lives_s), token.digest if token else None):
        # Somebody was faster with the same code: one of the two is a thief.
        raise _revoke_family(uow, found, now)
    return _tokens(uow, server, found, tuple(found.grant.scopes), token, now, nonce=found.grant.nonce)


def _refresh(uow: UnitOfWork, server: Server, known: KnownClient, form: Mapping[str, str], now: datetime) -> Answer:
    sent, found = _find(uow, REFRESH_TOKEN, form.get("refresh_token"), "refresh_token", known)
    current = found.grant.refresh_hash
    if current is None or not was_issued(server.refresh_key, sent):
        raise _bad_grant()
    if not sent.matches(current):
        raise _revoke_family(uow, found, now)
    if not found.is_active(now):
        raise _bad_grant()
    scopes = narrow(found.grant.scopes, form.get("scope"))
    _check_resource(server, found.grant, form)
    token = make_refresh_token(server.refresh_key, sent.id)
    expires_at = now + timedelta(seconds=server.refresh_token_ttl_s)
    if not store.rotate_refresh(uow, sent.id, sent.digest, token.digest, expires_at):
        raise _revoke_family(uow, found, now)
    return _tokens(uow, server, found, scopes, token, now)


def _use_credentials(
    uow: UnitOfWork, server: Server, known: KnownClient, form: Mapping[str, str], now: datetime
) -> Answer:
    """As the user the client was registered with; what that user may not do, the token cannot either."""
    client = known.client
    scopes = narrow(permission_scopes(client.scopes), form.get("scope"))
    resource = choose_resource(server, client.resources, form.get("resource"))
    user = get_user(uow, client.tenant_id, client.user_id or "")
    if user.state != "active":
        raise Refusal("unauthorized_client", "the user this client acts as is suspended")
    expires_at = now + timedelta(seconds=server.access_token_ttl_s)
    grant = Grant(new_id(), client.id, user.id, CREDENTIALS_GRANT, scopes, resource, now, expires_at)
    store.insert_grant(uow, grant)
    return _tokens(uow, server, KnownGrant(grant, user, known.tenant, None), scopes, None, now)


Exchange = Callable[[UnitOfWork, Server, KnownClient, Mapping[str, str], datetime], Answer]
_EXCHANGES: Mapping[str, Exchange] = {
    CODE_GRANT: _exchange_code,
    REFRESH_GRANT: _refresh,
    CREDENTIALS_GRANT: _use_credentials,
}


def _find(
    uow: UnitOfWork, prefix: str, text: str | None, name: str, known: KnownClient
) -> tuple[OpaqueToken, KnownGrant]:
    """What was sent and its grant; of another client's nothing is told."""
    if text is None:
        raise Refusal("invalid_request", f"{name} is missing")
    try:
        sent = read_token(prefix, text)
    except TokenInvalid:
        raise _bad_grant() from None
    found = store.find_grant(uow, sent.id)
    if found is None or found.grant.client_id != known.client.id:
        raise _bad_grant()
    return sent, found


def _check_verifier(verifier: str | None, challenge: str) -> None:
    if verifier is None:
        raise Refusal("invalid_request", "code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise Refusal("invalid_request", "code_verifier has 43 to 128 unreserved characters")
    if not is_proven(verifier, challenge):
        raise _bad_grant()


def _check_resource(server: Server, grant: Grant, form: Mapping[str, str]) -> None:
    wanted = form.get("resource")
    if wanted is not None and choose_resource(server, [grant.resource], wanted) != grant.resource:
        raise Refusal("invalid_target", "the user allowed another resource")


def _revoke_family(uow: UnitOfWork, found: KnownGrant, now: datetime) -> Refusal:
    """Used twice: whoever has the tokens that came of it, they are good no more (RFC 9700 section 4.14.2)."""
    if store.revoke_grant(uow, found.grant.id, now):
        trail.record(
            uow, found.tenant.id, "oauth.token_reused", now, user_id=found.user.id, client_id=found.grant.client_id
        )
    return Refusal("invalid_grant", "it was used before, so all that came of it is revoked", leaves_trace=True)


def _bad_grant() -> Refusal:
    return Refusal("invalid_grant", "it is not valid, has expired, was revoked, or was not issued to this client")


def _tokens(
    uow: UnitOfWork,
    server: Server,
    found: KnownGrant,
    scopes: tuple[str, ...],
    refresh_token: OpaqueToken | None,
    now: datetime,
    *,
    nonce: str | None = None,
) -> Answer:
    access_token = sign_access_token(server, found.grant, found.tenant.name, scopes, now)
    answer: Answer = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": server.access_token_ttl_s,
        "scope": " ".join(scopes),
    }
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token.text
    if OPENID in scopes:
        answer["id_token"] = sign_id_token(uow, server, found, scopes, access_token, now, nonce=nonce)
    return answer
