"""Routes of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.http.operations import describe
from kernel.http.requests import object_body, run
from kernel.http.shapes import FLAG, TEXT, Schema, items_of, listed, members, named
from registry.contracts.api import add_notice_routes
from registry.guards import describe_guards
from registry.lifecycle import disable_applet, enable_applet
from registry.plans.api import add_plan_routes
from registry.releases import Releases
from registry.rollouts.api import add_pin_routes
from registry.service import list_applets
from registry.sweeps import add_sweep_routes

if TYPE_CHECKING:
    from kernel.context import KernelContext
    from kernel.main import Kernel


_REASON = members({"expected": TEXT}, pointer=TEXT, rule=TEXT, message=TEXT)
_APPLETS = items_of(
    members(
        {
            "enabled_version": TEXT, "title": TEXT, "description": TEXT, "author": TEXT, "license": TEXT, "trust": TEXT,
            "requires": named(TEXT), "capabilities": listed(TEXT), "reasons": listed(_REASON), "versions": listed(TEXT),
            "previous_version": TEXT, "pinned_to": TEXT, "plan": TEXT, "unswept": listed(TEXT),
        },
        name=TEXT, version=TEXT, state=TEXT, fits=FLAG,
    )
)  # fmt: skip
_GUARDS = items_of(members(applet=TEXT, guard=TEXT, state=TEXT, sentences=listed(TEXT)))
_TRANSITION = members(state=TEXT, applets=listed(TEXT))
_ENABLE: Schema = {"type": "object", "properties": {"with_required": FLAG, "consent": FLAG}}


def add_routes(router: APIRouter, kernel: Kernel, releases: Releases) -> None:
    """`/applets` and what is below it."""

    @router.get("/applets", openapi_extra=describe(_APPLETS))
    def read_applets(request: Request) -> Response:
        """Every applet here, its state for the tenant, and why it does not fit, if so."""
        return run(request, kernel, lambda ctx: {"items": list_applets(ctx, releases)}, read_only=True)

    @router.get("/applets/guards", openapi_extra=describe(_GUARDS))
    def read_guards(request: Request) -> Response:
        """What applets say must always hold, and whether it does: `holds`, `broken` or `unknown`, with sentences."""
        return run(request, kernel, lambda ctx: {"items": describe_guards(ctx)}, read_only=True)

    add_notice_routes(router, kernel)
    add_plan_routes(router, kernel, releases)
    add_pin_routes(router, kernel, releases)
    add_sweep_routes(router, kernel)

    @router.post("/applets/{name}/enable", openapi_extra=describe(_TRANSITION, body=_ENABLE))
    def enable(request: Request, name: str) -> Response:
        """`with_required` enables what it requires too, `consent` says yes to what another version asks for anew.

        Hot keys are indexed by the worker.
        """
        given = object_body(request)
        with_required, consent = given.get("with_required") is True, given.get("consent") is True

        def verb(ctx: KernelContext) -> dict[str, Any]:
            return enable_applet(ctx, releases, name, with_required=with_required, consent=consent).as_json()

        return run(request, kernel, verb)

    @router.post("/applets/{name}/disable", openapi_extra=describe(_TRANSITION))
    def disable(request: Request, name: str) -> Response:
        """Refused while another enabled applet requires it."""
        return run(request, kernel, lambda ctx: disable_applet(ctx, releases, name).as_json())
