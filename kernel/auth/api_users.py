"""/api/v1/users: for whoever is granted actions on `kernel.user`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import service
from kernel.auth.administration import USER, authorize, authorize_over, change_user, find_target, require_log_in
from kernel.auth.api_sessions import identify
from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority, Identity, User
from kernel.auth.schemas import NewUser, UserChange, body_of
from kernel.auth.users import USERS_PAGE_MAX
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.parameters import read_count, read_parameters
from kernel.http.requests import Reply, parse_body, run_platform
from sdk.context import Actor

if TYPE_CHECKING:
    from kernel.main import Kernel

_PARAMETERS: dict[str, Any] = {"limit": read_count, "cursor": str}
_LIMIT = 50


def user_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["users"], prefix="/users")
    passwords = Authority.of(kernel).passwords

    @routes.get("", summary="List users by email")
    def list_users(request: Request) -> Response:
        identity, given = identify(request, kernel), read_parameters(request, _PARAMETERS)
        authorize(kernel, identity, "read", USER)
        limit, after = min(given.get("limit", _LIMIT), USERS_PAGE_MAX), given.get("cursor", "")
        return run_platform(
            request,
            kernel,
            lambda uow: _page(service.list_users(uow, identity.tenant.id, after=after, limit=limit), limit),
        )

    @routes.post("", summary="Create a user", status_code=201, openapi_extra=body_of(NewUser))
    def create_user(request: Request) -> Response:
        identity, body = identify(request, kernel), parse_body(request, NewUser)
        # Grants may name an email before there is a user of it.
        authorize_over(kernel, identity, "create", USER, Actor("", "user", service.check_email(body.email)))
        return run_platform(request, kernel, lambda uow: _created(uow, passwords, identity, body, kernel.clock()))

    @routes.get("/{id}", summary="Read a user")
    def read_user(request: Request, id: str) -> Response:
        identity = identify(request, kernel)
        if id != identity.actor.id:
            authorize(kernel, identity, "read", USER)
        return run_platform(request, kernel, lambda uow: service.get_user(uow, identity.tenant.id, id))

    @routes.patch("/{id}", summary="Rename, suspend, resume, set a password", openapi_extra=body_of(UserChange))
    def update_user(request: Request, id: str) -> Response:
        identity, body = identify(request, kernel), parse_body(request, UserChange)
        if body.password is not None:
            # With a password a key could log in, and make keys that outlive it.
            require_log_in(identity)
        authorize(kernel, identity, "update", USER)
        user = find_target(kernel, identity, id)
        authorize_over(kernel, identity, "update", USER, user.actor)
        return run_platform(
            request, kernel, lambda uow: change_user(uow, passwords, identity, user, body, kernel.clock())
        )

    return routes


def _page(users: list[User], limit: int) -> dict[str, Any]:
    return {"items": users, "cursor": users[-1].email if len(users) == limit else None}


def _created(uow: UnitOfWork, passwords: Passwords, identity: Identity, body: NewUser, now: datetime) -> Reply:
    user = service.create_user(
        uow, passwords, identity.tenant.id, body.email, now, name=body.name, password=body.password
    )
    return Reply(user, 201)
