"""/api/v1/auth/mfa: one's own second factors and recovery codes; /api/v1/auth/events: what happened to accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.auth import answers, factors, trail
from kernel.auth.administration import authorize, require_log_in
from kernel.auth.freshness import require_step_up
from kernel.auth.origins import origin_of
from kernel.auth.records import Identity
from kernel.auth.schemas import ConfirmTotp, NewPasskey, NewTotp
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.parameters import read_count, read_parameters
from kernel.http.requests import Reply, answer, parse_body, run_platform

if TYPE_CHECKING:
    from kernel.main import Kernel

AUTH_EVENT = "kernel.auth_event"
_PARAMETERS: dict[str, Any] = {"limit": read_count, "cursor": str, "user_id": str}
_LIMIT = 50


def factor_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["auth"], prefix="/auth/mfa")

    @routes.get("", summary="One's own second factors", openapi_extra=describe(answers.FACTORS))
    def list_factors(request: Request) -> Response:
        identity = identify(request, kernel, may_enrol=True)
        require_log_in(identity)
        return run_platform(request, kernel, lambda uow: factors.list_factors(uow, identity.actor.id))

    @routes.delete(
        "/factors/{id}", summary="Remove a second factor", status_code=204, openapi_extra=describe(status=204)
    )
    def remove_factor(request: Request, id: str) -> Response:
        identity = _identify_anew(request, kernel)
        factors.remove_factor(kernel, identity, id, origin_of(request))
        return answer(None)

    @routes.post(
        "/recovery-codes",
        summary="New recovery codes; told this once",
        openapi_extra=describe(answers.RECOVERY_CODES, refusals=(404,)),
    )
    def renew_codes(request: Request) -> Response:
        identity = _identify_anew(request, kernel)
        return answer({"recovery_codes": factors.renew_codes(kernel, identity, origin_of(request))})

    @routes.post(
        "/totp",
        summary="Begin to add an authenticator app",
        status_code=201,
        openapi_extra=describe(answers.TOTP_SECRET, status=201, body=NewTotp),
    )
    def begin_totp(request: Request) -> Response:
        identity, body = _identify_anew(request, kernel), parse_body(request, NewTotp)
        return answer(Reply(factors.begin_totp(kernel, identity, body.name), 201))

    @routes.post(
        "/totp/{id}/confirm", summary="Take it into use", openapi_extra=describe(answers.NEW_FACTOR, body=ConfirmTotp)
    )
    def confirm_totp(request: Request, id: str) -> Response:
        identity, body = _identify_anew(request, kernel), parse_body(request, ConfirmTotp)
        return answer(factors.confirm_totp(kernel, identity, id, body.code, origin_of(request)))

    @routes.post("/webauthn/challenge", summary="Begin to add a passkey", openapi_extra=describe(answers.CHALLENGE))
    def begin_passkey(request: Request) -> Response:
        return answer(factors.begin_passkey(kernel, _identify_anew(request, kernel)))

    @routes.post(
        "/webauthn",
        summary="Add a passkey",
        status_code=201,
        openapi_extra=describe(answers.NEW_FACTOR, status=201, body=NewPasskey),
    )
    def add_passkey(request: Request) -> Response:
        identity, body = _identify_anew(request, kernel), parse_body(request, NewPasskey)
        given = (body.challenge, body.name, body.credential, origin_of(request))
        return answer(Reply(factors.add_passkey(kernel, identity, *given), 201))

    return routes


def event_routes(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["auth"], prefix="/auth/events")

    @routes.get(
        "",
        summary="Log-ins, failures and changes of what lets users in; newest first",
        openapi_extra=describe(answers.AUTH_EVENTS, query=_PARAMETERS),
    )
    def list_events(request: Request) -> Response:
        identity, given = identify(request, kernel), read_parameters(request, _PARAMETERS)
        user_id, limit = given.get("user_id"), min(given.get("limit", _LIMIT), trail.EVENTS_PAGE_MAX)
        if user_id == identity.actor.id:
            require_log_in(identity)
        else:
            authorize(kernel, identity, "read", AUTH_EVENT)
        wanted: dict[str, Any] = {"user_id": user_id, "before": given.get("cursor"), "limit": limit}
        return run_platform(
            request, kernel, lambda uow: _page(trail.list_events(uow, identity.tenant.id, **wanted), limit)
        )

    return routes


def _identify_anew(request: Request, kernel: Kernel) -> Identity:
    identity = identify(request, kernel, may_enrol=True)
    require_step_up(kernel, identity)
    return identity


def _page(events: list[trail.AuthEvent], limit: int) -> dict[str, Any]:
    return {"items": events, "cursor": events[-1].id if len(events) == limit else None}
