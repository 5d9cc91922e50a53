"""/api/v1/auth: logging in and out, one's own sessions and password, step-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import answers, entry, service
from kernel.auth.administration import require_log_in
from kernel.auth.freshness import require_fresh_factor
from kernel.auth.origins import origin_of
from kernel.auth.records import Authority, Identity
from kernel.auth.resets import use_reset
from kernel.auth.rotation import refresh_session
from kernel.auth.schemas import (
    ChangePassword,
    LogIn,
    PasskeyLogIn,
    Refresh,
    ResetPassword,
    SecondFactor,
    StepUp,
)
from kernel.auth.step_up import ask_step_up, step_up
from kernel.auth.users import change_checked_password
from kernel.context import KernelContext
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.requests import answer, parse_body, run, run_platform

if TYPE_CHECKING:
    from kernel.main import Kernel


def session_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["auth"], prefix="/auth")
    for part in (_entry_routes, _own_routes, _proof_routes):
        routes.include_router(part(kernel))
    return routes


def _entry_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/login",
        summary="Log in",
        openapi_extra=describe(answers.TOKENS, refusals=(401, 403, 429), is_open=True, body=LogIn),
    )
    def log_in(request: Request) -> Response:
        body = parse_body(request, LogIn)
        return answer(entry.sign_in(kernel, body.tenant, body.email, body.password, origin_of(request)))

    @routes.post(
        "/second-factor",
        summary="Prove a second factor",
        openapi_extra=describe(answers.TOKENS, refusals=(401, 403, 429), is_open=True, body=SecondFactor),
    )
    def prove_second_factor(request: Request) -> Response:
        body = parse_body(request, SecondFactor)
        return answer(entry.answer_second_factor(kernel, body.challenge, body.proof, origin_of(request)))

    @routes.post(
        "/passkey/challenge",
        summary="Begin to log in by a passkey alone",
        openapi_extra=describe(answers.CHALLENGE, refusals=(429,), is_open=True),
    )
    def ask_passkey(request: Request) -> Response:
        return answer(entry.ask_passkey(kernel, origin_of(request)))

    @routes.post(
        "/passkey",
        summary="Log in by a passkey alone",
        openapi_extra=describe(answers.TOKENS, refusals=(401, 403, 429), is_open=True, body=PasskeyLogIn),
    )
    def log_in_by_passkey(request: Request) -> Response:
        body = parse_body(request, PasskeyLogIn)
        return answer(entry.sign_in_by_passkey(kernel, body.challenge, body.credential, origin_of(request)))

    @routes.post(
        "/refresh",
        summary="Exchange a refresh token for new tokens",
        openapi_extra=describe(answers.TOKENS, refusals=(401, 403, 429), is_open=True, body=Refresh),
    )
    def refresh(request: Request) -> Response:
        token = parse_body(request, Refresh).refresh_token
        return answer(refresh_session(kernel, token, origin_of(request)))

    @routes.post("/logout", summary="End this session", status_code=204, openapi_extra=describe(status=204))
    def log_out(request: Request) -> Response:
        identity = identify(request, kernel, may_enrol=True)
        given = (identity.actor.id, require_log_in(identity), kernel.clock())
        return run_platform(request, kernel, lambda uow: service.log_out(uow, *given, origin=origin_of(request)))

    return routes


def _own_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter()

    @routes.get("/me", summary="Who is logged in", openapi_extra=describe(answers.ME))
    def read_me(request: Request) -> Response:
        return run(request, kernel, _describe, read_only=True)

    @routes.get("/sessions", summary="One's own sessions", openapi_extra=describe(answers.SESSIONS))
    def list_sessions(request: Request) -> Response:
        identity = identify(request, kernel)
        require_log_in(identity)
        return run_platform(
            request, kernel, lambda uow: {"items": service.list_sessions(uow, identity.actor.id, kernel.clock())}
        )

    @routes.delete(
        "/sessions", summary="End all of one's own sessions but this one", openapi_extra=describe(answers.ENDED)
    )
    def revoke_others(request: Request) -> Response:
        identity = identify(request, kernel)
        given: dict[str, Any] = {"except_id": require_log_in(identity), "origin": origin_of(request)}
        return run_platform(
            request,
            kernel,
            lambda uow: {"ended": service.revoke_sessions(uow, identity.actor.id, kernel.clock(), **given)},
        )

    @routes.delete(
        "/sessions/{id}", summary="End one of one's own sessions", status_code=204, openapi_extra=describe(status=204)
    )
    def revoke_session(request: Request, id: str) -> Response:
        identity, origin = identify(request, kernel), origin_of(request)
        require_log_in(identity)
        return run_platform(
            request,
            kernel,
            lambda uow: service.revoke_session(uow, identity.actor.id, id, kernel.clock(), origin=origin),
        )

    return routes


def _proof_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/password",
        summary="Change one's own password",
        status_code=204,
        openapi_extra=describe(status=204, body=ChangePassword),
    )
    def change_password(request: Request) -> Response:
        identity, body = identify(request, kernel, may_enrol=True), parse_body(request, ChangePassword)
        return _change_password(request, kernel, identity, body)

    @routes.post(
        "/password/reset",
        summary="Set a password with a token an administrator gave",
        status_code=204,
        openapi_extra=describe(status=204, refusals=(401, 403, 429), is_open=True, body=ResetPassword),
    )
    def reset_password(request: Request) -> Response:
        body = parse_body(request, ResetPassword)
        use_reset(kernel, body.token, body.password, origin_of(request))
        return answer(None)

    @routes.post("/step-up/challenge", summary="How to prove anew who one is", openapi_extra=describe(answers.STEP_UP))
    def ask(request: Request) -> Response:
        return answer(ask_step_up(kernel, identify(request, kernel, may_enrol=True)))

    @routes.post(
        "/step-up", summary="Prove anew who one is", status_code=204, openapi_extra=describe(status=204, body=StepUp)
    )
    def prove(request: Request) -> Response:
        identity, body = identify(request, kernel, may_enrol=True), parse_body(request, StepUp)
        step_up(kernel, identity, body.proof, body.challenge, origin_of(request))
        return answer(None)

    return routes


def _change_password(request: Request, kernel: Kernel, identity: Identity, body: ChangePassword) -> Response:
    session_id, origin = require_log_in(identity), origin_of(request)
    require_fresh_factor(kernel, identity)
    found = entry.recheck_password(kernel, identity.tenant.name, identity.actor.email, body.current, origin)
    passwords, now = Authority.of(kernel).passwords, kernel.clock()
    return run_platform(
        request,
        kernel,
        lambda uow: change_checked_password(uow, passwords, found, body.new, now, session_id=session_id, origin=origin),
    )


def _describe(ctx: KernelContext) -> dict[str, Any]:
    return {"actor": ctx.actor, "tenant": ctx.tenant, "roles": ctx.permissions.roles}
