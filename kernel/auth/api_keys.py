"""/api/v1/api-keys: one's own, and those of others for whoever is granted actions on `kernel.api_key`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import answers, service
from kernel.auth.administration import API_KEY, authorize, authorize_over, find_target, require_log_in
from kernel.auth.freshness import require_step_up
from kernel.auth.origins import origin_of
from kernel.auth.records import Identity, NewApiKey
from kernel.auth.schemas import NewKey
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.parameters import Reader, read_parameters
from kernel.http.requests import Reply, parse_body, run_platform

if TYPE_CHECKING:
    from kernel.main import Kernel

# Whose; the caller's own without.
_OF_USER: dict[str, Reader] = {"user_id": str}


def key_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["api-keys"], prefix="/api-keys")

    @routes.get("", summary="List API keys", openapi_extra=describe(answers.KEYS, query=_OF_USER, refusals=(404,)))
    def list_keys(request: Request) -> Response:
        identity = identify(request, kernel)
        user_id = _holder(request, kernel, identity, "read")
        return run_platform(request, kernel, lambda uow: {"items": service.list_api_keys(uow, user_id)})

    @routes.post(
        "",
        summary="Make an API key",
        status_code=201,
        openapi_extra=describe(answers.NEW_KEY, status=201, body=NewKey, refusals=(404,)),
    )
    def create_key(request: Request) -> Response:
        identity, body = identify(request, kernel), parse_body(request, NewKey)
        user_id = body.user_id or identity.actor.id
        _authorize_making(kernel, identity, user_id)
        require_step_up(kernel, identity)
        given = (user_id, body.name, body.scopes, kernel.clock())
        more: dict[str, Any] = {"expires_at": body.expires_at, "origin": origin_of(request, identity)}
        return run_platform(
            request, kernel, lambda uow: Reply(_shown_once(service.create_api_key(uow, *given, **more)), 201)
        )

    @routes.delete(
        "/{id}", summary="Revoke an API key", status_code=204, openapi_extra=describe(status=204, query=_OF_USER)
    )
    def revoke_key(request: Request, id: str) -> Response:
        identity = identify(request, kernel)
        user_id, origin = _holder(request, kernel, identity, "delete"), origin_of(request, identity)
        return run_platform(
            request, kernel, lambda uow: service.revoke_api_key(uow, user_id, id, kernel.clock(), origin=origin)
        )

    return routes


def _holder(request: Request, kernel: Kernel, identity: Identity, action: str) -> str:
    """Whose keys are meant: `?user_id=`, by default the caller's own."""
    user_id: str = read_parameters(request, _OF_USER).get("user_id", identity.actor.id)
    if user_id != identity.actor.id:
        authorize(kernel, identity, action, API_KEY)
        return find_target(kernel, identity, user_id).id
    require_log_in(identity)
    return user_id


def _authorize_making(kernel: Kernel, identity: Identity, user_id: str) -> None:
    require_log_in(identity)
    if user_id == identity.actor.id:
        return
    authorize(kernel, identity, "create", API_KEY)
    target = find_target(kernel, identity, user_id)
    authorize_over(kernel, identity, "create", API_KEY, target.actor)


def _shown_once(made: NewApiKey) -> dict[str, Any]:
    return {**asdict(made.key), "secret": made.secret}
