"""/api/v1/oauth: clients, consents and identity providers. These answer as the rest of the API does (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth.administration import authorize, authorize_over, find_target, require_log_in
from kernel.auth.records import Identity
from kernel.auth.step_up import require_step_up
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.requests import Reply, parse_body, run_platform
from kernel.oauth import answers, clients, consents
from kernel.oauth.api_providers import provider_routes
from kernel.oauth.records import Client, NewClient
from kernel.oauth.schemas import NewOAuthClient
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.main import Kernel

CLIENT = "kernel.oauth_client"


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["oauth"], prefix="/oauth")
    for part in (_client_routes, _consent_routes, provider_routes):
        routes.include_router(part(kernel))
    return routes


def _client_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(prefix="/clients")

    @routes.get("", summary="List OAuth clients", openapi_extra=describe(answers.CLIENTS))
    def list_clients(request: Request) -> Response:
        identity = _administrator(request, kernel, "read")
        return run_platform(request, kernel, lambda uow: {"items": clients.list_clients(uow, identity.tenant.id)})

    @routes.post(
        "",
        summary="Register an OAuth client",
        status_code=201,
        openapi_extra=describe(answers.NEW_CLIENT, status=201, body=NewOAuthClient, refusals=(404,)),
    )
    def create_client(request: Request) -> Response:
        identity, body = _administrator(request, kernel, "create"), parse_body(request, NewOAuthClient)
        if body.user_id is not None:
            user = find_target(kernel, identity, body.user_id)
            authorize_over(kernel, identity, "create", CLIENT, user.actor)
        made = _client(kernel, identity, body)
        return run_platform(
            request, kernel, lambda uow: Reply(show_new_client(clients.register_client(uow, made)), 201)
        )

    @routes.delete(
        "/{id}",
        summary="Delete an OAuth client with all its tokens",
        status_code=204,
        openapi_extra=describe(status=204),
    )
    def delete_client(request: Request, id: str) -> Response:
        identity = _administrator(request, kernel, "delete")
        now = kernel.clock()
        return run_platform(request, kernel, lambda uow: clients.delete_client(uow, identity.tenant.id, id, now))

    @routes.post(
        "/{id}/rotate-secret", summary="Give an OAuth client a new secret", openapi_extra=describe(answers.NEW_CLIENT)
    )
    def rotate_secret(request: Request, id: str) -> Response:
        identity = _administrator(request, kernel, "update")
        return run_platform(
            request, kernel, lambda uow: show_new_client(clients.rotate_secret(uow, identity.tenant.id, id))
        )

    return routes


def _consent_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(prefix="/consents")

    @routes.get("", summary="What one has let OAuth clients do", openapi_extra=describe(answers.CONSENTS))
    def list_consents(request: Request) -> Response:
        identity = identify(request, kernel)
        require_log_in(identity)
        return run_platform(request, kernel, lambda uow: {"items": consents.list_consents(uow, identity.actor.id)})

    @routes.delete(
        "/{client_id}", summary="Take it back, with all tokens", status_code=204, openapi_extra=describe(status=204)
    )
    def revoke_consent(request: Request, client_id: str) -> Response:
        identity, now = identify(request, kernel), kernel.clock()
        require_log_in(identity)
        return run_platform(
            request, kernel, lambda uow: consents.revoke_consent(uow, identity.actor.id, client_id, now)
        )

    return routes


def _administrator(request: Request, kernel: Kernel, action: str) -> Identity:
    """A person who may, and has just proved who they are: a token must not make itself a client that outlives it."""
    identity = identify(request, kernel)
    authorize(kernel, identity, action, CLIENT)
    if action != "read":
        require_step_up(kernel, identity)
    return identity


def _client(kernel: Kernel, identity: Identity, body: NewOAuthClient) -> Client:
    return Client(
        new_id(), identity.tenant.id, body.name, body.kind, tuple(body.redirect_uris), tuple(body.grant_types),
        tuple(body.scopes), tuple(body.resources), body.user_id, body.may_introspect, kernel.clock(), identity.actor.id,
    )  # fmt: skip


def show_new_client(made: NewClient) -> dict[str, Any]:
    """With the secret, this once."""
    return {**show_client(made.client), **({"secret": made.secret} if made.secret else {})}


def show_client(client: Client) -> dict[str, Any]:
    return {name: getattr(client, name) for name in client.__slots__}
