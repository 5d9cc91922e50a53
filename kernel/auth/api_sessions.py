"""/api/v1/auth: logging in and out, one's own sessions and password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import service
from kernel.auth.administration import require_log_in
from kernel.auth.records import Authority, Identity, Origin
from kernel.auth.schemas import ChangePassword, LogIn, Refresh, body_of
from kernel.context import KernelContext
from kernel.http.exchange import exchange_of
from kernel.http.requests import parse_body, run, run_platform

if TYPE_CHECKING:
    from kernel.main import Kernel


def session_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["auth"], prefix="/auth")
    authority = Authority.of(kernel)

    @routes.post("/login", summary="Log in", openapi_extra=body_of(LogIn))
    def log_in(request: Request) -> Response:
        body, origin = parse_body(request, LogIn), _origin(request)
        with kernel.database.platform() as uow:
            found = service.find_credentials(uow, body.tenant, body.email)
        # Checking takes a fifth of a second; no connection waits for it.
        checked = service.check_password(authority.passwords, found, body.password)
        return run_platform(
            request,
            kernel,
            lambda uow: service.open_session(uow, authority, checked, body.password, origin, kernel.clock()),
        )

    @routes.post("/refresh", summary="Exchange a refresh token for new tokens", openapi_extra=body_of(Refresh))
    def refresh(request: Request) -> Response:
        token = parse_body(request, Refresh).refresh_token
        return run_platform(request, kernel, lambda uow: service.refresh(uow, authority, token, kernel.clock()))

    @routes.post("/logout", summary="End this session", status_code=204)
    def log_out(request: Request) -> Response:
        identity = identify(request, kernel)
        session_id = require_log_in(identity)
        return run_platform(
            request, kernel, lambda uow: service.log_out(uow, identity.actor.id, session_id, kernel.clock())
        )

    routes.include_router(_own_routes(kernel, authority))
    return routes


def _own_routes(kernel: Kernel, authority: Authority) -> APIRouter:
    routes = APIRouter()

    @routes.get("/me", summary="Who is logged in")
    def read_me(request: Request) -> Response:
        return run(request, kernel, _describe, read_only=True)

    @routes.get("/sessions", summary="One's own sessions")
    def list_sessions(request: Request) -> Response:
        identity = identify(request, kernel)
        require_log_in(identity)
        return run_platform(
            request, kernel, lambda uow: {"items": service.list_sessions(uow, identity.actor.id, kernel.clock())}
        )

    @routes.delete("/sessions/{id}", summary="End one of one's own sessions", status_code=204)
    def revoke_session(request: Request, id: str) -> Response:
        identity = identify(request, kernel)
        require_log_in(identity)
        return run_platform(
            request, kernel, lambda uow: service.revoke_session(uow, identity.actor.id, id, kernel.clock())
        )

    @routes.post(
        "/password", summary="Change one's own password", status_code=204, openapi_extra=body_of(ChangePassword)
    )
    def change_password(request: Request) -> Response:
        identity, body = identify(request, kernel), parse_body(request, ChangePassword)
        session_id = require_log_in(identity)
        return run_platform(
            request,
            kernel,
            lambda uow: service.change_password(
                uow, authority.passwords, identity, body.current, body.new, kernel.clock(), session_id=session_id
            ),
        )

    return routes


def identify(request: Request, kernel: Kernel) -> Identity:
    """Who sent the request, for endpoints that touch no document; the log line names them too."""
    exchange = exchange_of(request)
    identity = service.authenticate(kernel, request.headers.get("authorization"))
    exchange.log.tenant_id, exchange.log.user_id = identity.tenant.id, identity.actor.id
    return identity


def _origin(request: Request) -> Origin:
    record = exchange_of(request).record
    return Origin(record.address, record.user_agent)


def _describe(ctx: KernelContext) -> dict[str, Any]:
    return {"actor": ctx.actor, "tenant": ctx.tenant, "roles": ctx.permissions.roles}
