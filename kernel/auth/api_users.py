"""/api/v1/users: for whoever is granted actions on `kernel.user`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import answers, service
from kernel.auth.administration import USER, authorize, authorize_over, change_user, find_target
from kernel.auth.factors import reset_factors
from kernel.auth.freshness import require_step_up
from kernel.auth.origins import origin_of
from kernel.auth.passwords import Passwords
from kernel.auth.records import Identity, Origin, User
from kernel.auth.resets import issue_reset
from kernel.auth.schemas import NewUser, UserChange
from kernel.auth.users import USERS_PAGE_MAX
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.parameters import read_count, read_parameters
from kernel.http.requests import Reply, parse_body, run_platform
from kernel.limits.measures import Plans
from kernel.limits.service import admit_user
from sdk.context import Actor

if TYPE_CHECKING:
    from kernel.main import Kernel

_PARAMETERS: dict[str, Any] = {"limit": read_count, "cursor": str}
_LIMIT = 50


def user_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["users"], prefix="/users")
    passwords = Passwords.of(kernel.settings)
    plans = kernel.quotas.plans

    @routes.get("", summary="List users by email", openapi_extra=describe(answers.USERS, query=_PARAMETERS))
    def list_users(request: Request) -> Response:
        identity, given = identify(request, kernel), read_parameters(request, _PARAMETERS)
        authorize(kernel, identity, "read", USER)
        limit, after = min(given.get("limit", _LIMIT), USERS_PAGE_MAX), given.get("cursor", "")
        return run_platform(
            request,
            kernel,
            lambda uow: _page(service.list_users(uow, identity.tenant.id, after=after, limit=limit), limit),
        )

    @routes.post(
        "", summary="Create a user", status_code=201, openapi_extra=describe(answers.USER, status=201, body=NewUser)
    )
    def create_user(request: Request) -> Response:
        identity, body = identify(request, kernel), parse_body(request, NewUser)
        if body.password is not None:
            require_step_up(kernel, identity)
        # Grants may name an email before there is a user of it.
        authorize_over(kernel, identity, "create", USER, Actor("", "user", service.check_email(body.email)))
        given = (passwords, plans, identity, body, kernel.clock(), origin_of(request, identity))
        return run_platform(request, kernel, lambda uow: _created(uow, *given))

    @routes.get("/{id}", summary="Read a user", openapi_extra=describe(answers.USER))
    def read_user(request: Request, id: str) -> Response:
        identity = identify(request, kernel)
        if id != identity.actor.id:
            authorize(kernel, identity, "read", USER)
        return run_platform(request, kernel, lambda uow: service.get_user(uow, identity.tenant.id, id))

    @routes.patch(
        "/{id}",
        summary="Rename, suspend, resume, set a password",
        openapi_extra=describe(answers.USER, body=UserChange),
    )
    def update_user(request: Request, id: str) -> Response:
        identity, body = identify(request, kernel), parse_body(request, UserChange)
        if body.password is not None:
            # With a password a key could log in, and make keys that outlive it.
            require_step_up(kernel, identity)
        authorize(kernel, identity, "update", USER)
        user = find_target(kernel, identity, id)
        authorize_over(kernel, identity, "update", USER, user.actor)
        given = (passwords, plans, identity, user, body, kernel.clock(), origin_of(request, identity))
        return run_platform(request, kernel, lambda uow: change_user(uow, *given))

    routes.include_router(_account_routes(kernel))
    return routes


def _account_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter()

    @routes.get("/{id}/sessions", summary="A user's sessions", openapi_extra=describe(answers.SESSIONS))
    def list_sessions(request: Request, id: str) -> Response:
        identity = identify(request, kernel)
        authorize(kernel, identity, "read", USER)
        user = find_target(kernel, identity, id)
        return run_platform(request, kernel, lambda uow: {"items": service.list_sessions(uow, user.id, kernel.clock())})

    @routes.delete("/{id}/sessions", summary="End all of a user's sessions", openapi_extra=describe(answers.ENDED))
    def revoke_sessions(request: Request, id: str) -> Response:
        identity, user, origin = _over(request, kernel, id)
        except_id = identity.session_id if user.id == identity.actor.id else None
        given: dict[str, Any] = {"except_id": except_id, "origin": origin}
        return run_platform(
            request, kernel, lambda uow: {"ended": service.revoke_sessions(uow, user.id, kernel.clock(), **given)}
        )

    @routes.delete(
        "/{id}/sessions/{session_id}",
        summary="End one of a user's sessions",
        status_code=204,
        openapi_extra=describe(status=204),
    )
    def revoke_session(request: Request, id: str, session_id: str) -> Response:
        _, user, origin = _over(request, kernel, id)
        return run_platform(
            request,
            kernel,
            lambda uow: service.revoke_session(uow, user.id, session_id, kernel.clock(), origin=origin),
        )

    @routes.delete(
        "/{id}/factors",
        summary="Take all second factors of a user away",
        openapi_extra=describe(answers.FACTORS_REMOVED),
    )
    def reset_user_factors(request: Request, id: str) -> Response:
        identity, user, origin = _over(request, kernel, id)
        require_step_up(kernel, identity)
        return run_platform(request, kernel, lambda uow: {"removed": reset_factors(uow, user, kernel.clock(), origin)})

    @routes.post(
        "/{id}/password-reset",
        summary="A token for a new password; told this once",
        status_code=201,
        openapi_extra=describe(answers.PASSWORD_RESET, status=201),
    )
    def begin_reset(request: Request, id: str) -> Response:
        identity, user, origin = _over(request, kernel, id)
        require_step_up(kernel, identity)
        return run_platform(
            request, kernel, lambda uow: Reply(issue_reset(uow, user, kernel.clock(), origin=origin), 201)
        )

    return routes


def _over(request: Request, kernel: Kernel, user_id: str) -> tuple[Identity, User, Origin]:
    """The caller, and a user whom they may change, and who may do no more than they."""
    identity = identify(request, kernel)
    authorize(kernel, identity, "update", USER)
    user = find_target(kernel, identity, user_id)
    authorize_over(kernel, identity, "update", USER, user.actor)
    return identity, user, origin_of(request, identity)


def _page(users: list[User], limit: int) -> dict[str, Any]:
    return {"items": users, "cursor": users[-1].email if len(users) == limit else None}


def _created(
    uow: UnitOfWork, passwords: Passwords, plans: Plans, identity: Identity, body: NewUser, now: datetime,
    origin: Origin,
) -> Reply:  # fmt: skip
    admit_user(uow, plans, identity.tenant.id)
    user = service.create_user(
        uow, passwords, identity.tenant.id, body.email, now, name=body.name, password=body.password, origin=origin
    )
    return Reply(user, 201)
