"""Routes of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.http.requests import object_body, run
from registry.discovery import Discovery
from registry.lifecycle import disable_applet, enable_applet
from registry.service import list_applets

if TYPE_CHECKING:
    from kernel.context import KernelContext
    from kernel.main import Kernel


def add_routes(router: APIRouter, kernel: Kernel, discovery: Discovery) -> None:
    """`/applets` and what is below it."""

    @router.get("/applets")
    def read_applets(request: Request) -> Response:
        """Every applet here, its state for the tenant, and why it does not fit, if so."""
        return run(request, kernel, lambda ctx: {"items": list_applets(ctx, discovery)}, read_only=True)

    @router.post("/applets/{name}/enable")
    def enable(request: Request, name: str) -> Response:
        """Body: {"with_required": true} enables what it requires too. Hot keys are indexed by the worker."""
        with_required = object_body(request).get("with_required") is True

        def verb(ctx: KernelContext) -> dict[str, Any]:
            return enable_applet(ctx, discovery, name, with_required=with_required).as_json()

        return run(request, kernel, verb)

    @router.post("/applets/{name}/disable")
    def disable(request: Request, name: str) -> Response:
        """Refused while another enabled applet requires it."""
        return run(request, kernel, lambda ctx: disable_applet(ctx, discovery, name).as_json())
