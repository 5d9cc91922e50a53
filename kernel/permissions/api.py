"""/api/v1/permissions/explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth.administration import authorize
from kernel.auth.service import find_user_by_email, get_user
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.parameters import read_parameters
from kernel.http.requests import run
from kernel.http.shapes import FLAG, ID, TEXT, listed, members, nullable
from kernel.permissions.inquiry import GRANT, ExplanationRequest, explain_for
from sdk.context import Actor

if TYPE_CHECKING:
    from kernel.main import Kernel

_STEP = members({"grant": TEXT, "role": TEXT}, outcome=TEXT, reason=TEXT)
_EXPLANATION = members(
    allowed=FLAG, action=TEXT, type=TEXT, document_id=nullable(ID), masked=listed(TEXT), because=listed(_STEP)
)
_PARAMETERS: dict[str, Any] = {"action": str, "type": str, "id": str, "actor_id": str}


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["permissions"])

    @routes.get(
        "/permissions/explain",
        summary="Why an action is allowed or not",
        openapi_extra=describe(_EXPLANATION, query=_PARAMETERS, required=("action", "type"), refusals=(404,)),
    )
    def explain(request: Request) -> Response:
        given = read_parameters(request, _PARAMETERS)
        actor = _find_actor(request, kernel, given.pop("actor_id", None))
        wanted = ExplanationRequest.read(given, actor)
        return run(request, kernel, lambda ctx: explain_for(ctx, wanted).as_json(), read_only=True)

    return routes


def _find_actor(request: Request, kernel: Kernel, actor_id: str | None) -> Actor | None:
    """The user of this id or email, None for the caller. Who may not read grants does not learn who there is."""
    identity = identify(request, kernel)
    if actor_id in (None, identity.actor.id, identity.actor.email):
        return None
    authorize(kernel, identity, "read", GRANT)
    with kernel.database.platform() as uow:
        by_email = find_user_by_email(uow, identity.tenant.name, actor_id or "")
        return (by_email or get_user(uow, identity.tenant.id, actor_id or "")).actor
