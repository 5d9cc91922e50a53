"""Routes of pins. Rollouts move many tenants: they are the operator's, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel.http.operations import describe
from kernel.http.requests import parse_body, run
from kernel.http.shapes import TEXT, members
from registry.releases import Releases
from registry.rollouts.pins import pin_applet, unpin_applet

if TYPE_CHECKING:
    from kernel.main import Kernel

VERSION_LENGTH_MAX = 40
_PIN = members(name=TEXT, version=TEXT, pinned_to={"type": ["string", "null"]})


class NewPin(BaseModel):
    """Which version to stay at; the present one when left out."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: str | None = Field(default=None, max_length=VERSION_LENGTH_MAX)


def add_pin_routes(router: APIRouter, kernel: Kernel, releases: Releases) -> None:
    """Below `/applets/{name}`."""

    @router.post("/applets/{name}/pin", openapi_extra=describe(_PIN, body=NewPin, refusals=(404, 409)))
    def pin(request: Request, name: str) -> Response:
        """Keep the applet at a version, whatever is rolled out."""
        version = parse_body(request, NewPin).version
        return run(request, kernel, lambda ctx: pin_applet(ctx, releases, name, version))

    @router.post("/applets/{name}/unpin", openapi_extra=describe(_PIN, refusals=(409,)))
    def unpin(request: Request, name: str) -> Response:
        """Let rollouts and upgrades of everything move it again."""
        return run(request, kernel, lambda ctx: unpin_applet(ctx, name))
