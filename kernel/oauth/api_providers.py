"""/api/v1/oauth/providers: identity providers of the tenant, and links of their subjects to users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from kernel.auth.administration import USER, authorize, authorize_over, find_target
from kernel.auth.records import Identity
from kernel.auth.step_up import require_step_up
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.parameters import Reader, read_parameters
from kernel.http.requests import Reply, parse_body, run_platform
from kernel.oauth import answers, provider_store, providers
from kernel.oauth.outbound import Outbound
from kernel.oauth.records import Provider
from kernel.oauth.schemas import NewLink, NewProvider
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.main import Kernel

PROVIDER = "kernel.oidc_provider"
_SUBJECT: dict[str, Reader] = {"subject": str}


def provider_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(prefix="/providers")
    outbound = Outbound(kernel.settings.oidc_private_addresses)

    @routes.get("", summary="List identity providers", openapi_extra=describe(answers.PROVIDERS))
    def list_providers(request: Request) -> Response:
        identity = _administrator(request, kernel, "read")
        return run_platform(
            request, kernel, lambda uow: {"items": provider_store.list_providers(uow, identity.tenant.id)}
        )

    @routes.post(
        "",
        summary="Add an identity provider",
        status_code=201,
        openapi_extra=describe(answers.PROVIDER, status=201, body=NewProvider),
    )
    def add_provider(request: Request) -> Response:
        identity, body = _administrator(request, kernel, "create"), parse_body(request, NewProvider)
        made = _provider(kernel, identity, body)
        sealed = providers.seal_secret(kernel, made.id, body.client_secret)
        return run_platform(
            request, kernel, lambda uow: Reply(providers.add_provider(uow, outbound, made, sealed), 201)
        )

    @routes.delete(
        "/{name}", summary="Remove an identity provider", status_code=204, openapi_extra=describe(status=204)
    )
    def remove_provider(request: Request, name: str) -> Response:
        identity = _administrator(request, kernel, "delete")
        return run_platform(request, kernel, lambda uow: providers.remove_provider(uow, identity.tenant.id, name))

    routes.include_router(_link_routes(kernel))
    return routes


def _link_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(prefix="/{name}/links")

    @routes.get("", summary="Who is linked to subjects of an identity provider", openapi_extra=describe(answers.LINKS))
    def list_links(request: Request, name: str) -> Response:
        identity = _administrator(request, kernel, "read")
        return run_platform(
            request, kernel, lambda uow: {"items": providers.list_links(uow, _named(uow, identity, name))}
        )

    @routes.post(
        "", summary="Let a subject log in as a user", status_code=204, openapi_extra=describe(status=204, body=NewLink)
    )
    def link_subject(request: Request, name: str) -> Response:
        identity, body = _administrator(request, kernel, "update"), parse_body(request, NewLink)
        user, now = find_target(kernel, identity, body.user_id), kernel.clock()
        # Whoever the subject is may act as the user from then on: the same as giving a password.
        authorize_over(kernel, identity, "update", USER, user.actor)
        return run_platform(
            request,
            kernel,
            lambda uow: providers.link_subject(uow, _named(uow, identity, name), body.subject, user.id, now),
        )

    @routes.delete(
        "",
        summary="Undo that for the subject in `?subject=`",
        status_code=204,
        openapi_extra=describe(status=204, query=_SUBJECT),
    )
    def unlink_subject(request: Request, name: str) -> Response:
        identity = _administrator(request, kernel, "update")
        # In the query, since subjects may hold slashes.
        subject: str = read_parameters(request, _SUBJECT).get("subject", "")
        return run_platform(
            request, kernel, lambda uow: providers.unlink_subject(uow, _named(uow, identity, name), subject)
        )

    return routes


def _administrator(request: Request, kernel: Kernel, action: str) -> Identity:
    identity = identify(request, kernel)
    authorize(kernel, identity, action, PROVIDER)
    if action != "read":
        require_step_up(kernel, identity)
    return identity


def _named(uow: UnitOfWork, identity: Identity, name: str) -> Provider:
    return providers.get_provider(uow, identity.tenant.id, name)


def _provider(kernel: Kernel, identity: Identity, body: NewProvider) -> Provider:
    return Provider(
        new_id(), identity.tenant.id, body.name, body.title, body.issuer, body.client_id,
        body.client_secret is not None, body.links_by_email, body.creates_users, kernel.clock(),
    )  # fmt: skip
