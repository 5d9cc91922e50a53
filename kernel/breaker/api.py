"""/api/v1/applets/{name}/health and what belongs to it: how an applet does, and what an administrator does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from kernel.breaker.service import AppletHealth, applet_health, resume_applet, tighten_applet
from kernel.http.operations import describe
from kernel.http.requests import parse_body, run
from kernel.http.shapes import fields_of, items_of

if TYPE_CHECKING:
    from kernel.main import Kernel

_HEALTH = fields_of(AppletHealth)


class Tightening(BaseModel):
    """when_suspended: null is what the applet declares."""

    model_config = ConfigDict(extra="forbid")

    when_suspended: Literal["fail_closed", "fail_open"] | None


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["applets"])

    @routes.get("/applets/health", summary="How all enabled applets do", openapi_extra=describe(items_of(_HEALTH)))
    def read_all(request: Request) -> Response:
        return run(request, kernel, lambda ctx: {"items": applet_health(ctx)}, read_only=True)

    @routes.get("/applets/{name}/health", summary="How an applet does", openapi_extra=describe(_HEALTH))
    def read_one(request: Request, name: str) -> Response:
        return run(request, kernel, lambda ctx: applet_health(ctx, name)[0], read_only=True)

    @routes.post("/applets/{name}/resume", summary="Resume a suspended applet", openapi_extra=describe(_HEALTH))
    def resume(request: Request, name: str) -> Response:
        return run(request, kernel, lambda ctx: resume_applet(ctx, name))

    @routes.put(
        "/applets/{name}/when-suspended",
        summary="Be stricter than an applet declares while it is suspended",
        openapi_extra=describe(_HEALTH, body=Tightening),
    )
    def tighten(request: Request, name: str) -> Response:
        wanted = parse_body(request, Tightening).when_suspended
        return run(request, kernel, lambda ctx: tighten_applet(ctx, name, wanted))

    return routes
