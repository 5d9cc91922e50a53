"""The endpoints programs call, outside of /api/v1: they answer in the shapes of OAuth's RFCs, errors included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request, Response
from starlette.routing import BaseRoute, Route

from kernel.db.unit_of_work import UnitOfWork
from kernel.http.bodies import render_json
from kernel.http.exchange import exchange_of
from kernel.oauth.authorize_page import AuthorizePage
from kernel.oauth.external_pages import ExternalPages
from kernel.oauth.forms import read_form
from kernel.oauth.id_tokens import describe_user
from kernel.oauth.inspection import find_active, introspect, revoke
from kernel.oauth.issuer import (
    AUTHORIZE_PATH,
    CALLBACK_PATH,
    INTROSPECT_PATH,
    KEYS_PATH,
    LOG_IN_PATH,
    REVOKE_PATH,
    TOKEN_PATH,
    USERINFO_PATH,
    issuer_of,
)
from kernel.oauth.keys import publish_keys
from kernel.oauth.metadata import describe_server
from kernel.oauth.records import Server
from kernel.oauth.refusals import UNAUTHORIZED, Refusal
from kernel.oauth.scopes import OPENID
from kernel.oauth.token_endpoint import answer_token_request
from sdk.errors import Forbidden, Unauthenticated

if TYPE_CHECKING:
    from kernel.main import Kernel

Found = TypeVar("Found")
# Relying parties may keep keys and metadata for as long.
PUBLIC_S = 300
FORBIDDEN = 403
_BEARER = "bearer "
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


def oauth_routes(kernel: Kernel) -> list[BaseRoute]:
    """All of them. They are described by the discovery documents, not by OpenAPI."""
    endpoints, page, external = Endpoints(kernel), AuthorizePage(kernel), ExternalPages(kernel)
    return [
        Route("/.well-known/oauth-authorization-server", endpoints.show_metadata),
        Route("/.well-known/openid-configuration", endpoints.show_metadata),
        Route(KEYS_PATH, endpoints.show_keys),
        Route(AUTHORIZE_PATH, page.show, methods=["GET"]),
        Route(AUTHORIZE_PATH, page.step, methods=["POST"]),
        Route(TOKEN_PATH, endpoints.exchange, methods=["POST"]),
        Route(INTROSPECT_PATH, endpoints.introspect, methods=["POST"]),
        Route(REVOKE_PATH, endpoints.revoke, methods=["POST"]),
        Route(USERINFO_PATH, endpoints.show_user, methods=["GET", "POST"]),
        Route(LOG_IN_PATH + "/{tenant}/{provider}", external.begin),
        Route(CALLBACK_PATH, external.finish),
    ]


class Endpoints:
    """Each commits what it did, a refusal that found a thief out too."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def show_metadata(self, request: Request) -> Response:
        return _json(describe_server(issuer_of(self._kernel.settings)), headers=_public())

    def show_keys(self, request: Request) -> Response:
        server, now = Server.of(self._kernel), self._kernel.clock()
        return _json(self._work(lambda uow: publish_keys(uow, server, now)), headers=_public())

    def exchange(self, request: Request) -> Response:
        return self._answer(request, answer_token_request)

    def introspect(self, request: Request) -> Response:
        return self._answer(request, introspect)

    def revoke(self, request: Request) -> Response:
        return self._answer(request, revoke)

    def show_user(self, request: Request) -> Response:
        """RFC 6750 section 3.1 says how it refuses."""
        header, server, now = request.headers.get("authorization", ""), Server.of(self._kernel), self._kernel.clock()
        if not header.lower().startswith(_BEARER):
            return _json({}, UNAUTHORIZED, {"www-authenticate": "Bearer"})
        try:
            found, claims = self._work(lambda uow: find_active(uow, server, header[len(_BEARER) :].strip(), now))
        except (Unauthenticated, Forbidden) as error:
            return _refuse_bearer("invalid_token", error.message, UNAUTHORIZED)
        if OPENID not in claims.scopes:
            return _refuse_bearer("insufficient_scope", "the token lacks the scope openid", FORBIDDEN)
        return _json(describe_user(found, claims.scopes))

    def _answer(self, request: Request, verb: Callable[..., Any]) -> Response:
        """verb: takes unit of work, server, Authorization header, form, and the moment."""
        server, header, now = Server.of(self._kernel), request.headers.get("authorization"), self._kernel.clock()
        try:
            form = read_form(exchange_of(request).body, request.headers.get("content-type"))
            return _json(self._work(lambda uow: verb(uow, server, header, form, now)))
        except Refusal as refusal:
            headers = {"www-authenticate": 'Basic realm="bos"'} if refusal.status == UNAUTHORIZED else {}
            return _json(refusal.as_json(), refusal.status, headers)

    def _work(self, verb: Callable[[UnitOfWork], Found]) -> Found:
        with self._kernel.database.platform() as uow:
            try:
                found = verb(uow)
            except Refusal as refusal:
                if refusal.leaves_trace:
                    uow.commit()
                raise
            uow.commit()
        return found


def _refuse_bearer(error: str, description: str, status: int) -> Response:
    return _json(
        {"error": error, "error_description": description}, status, {"www-authenticate": f'Bearer error="{error}"'}
    )


def _public() -> dict[str, str]:
    return {"cache-control": f"public, max-age={PUBLIC_S}", "access-control-allow-origin": "*"}


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    content = render_json(body) if body is not None else b""
    return Response(content, status, {**_NO_STORE, **(headers or {})}, "application/json")
