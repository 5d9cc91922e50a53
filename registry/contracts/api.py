"""The route of notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from kernel.http.operations import describe
from kernel.http.requests import run
from kernel.http.shapes import TEXT, items_of, listed, members
from registry.contracts.notices import list_notices

if TYPE_CHECKING:
    from kernel.main import Kernel

_APPLET = members(name=TEXT, version=TEXT, places=listed(TEXT), types=listed(TEXT))
_NOTICES = items_of(members(symbol=TEXT, since=TEXT, removed_in=TEXT, replacement=TEXT, applets=listed(_APPLET)))


def add_notice_routes(router: APIRouter, kernel: Kernel) -> None:
    """`/applets/notices`."""

    @router.get("/applets/notices", openapi_extra=describe(_NOTICES))
    def read_notices(request: Request) -> Response:
        """What the SDK is to take away, and which enabled applets use it, where and for which document types."""
        return run(request, kernel, lambda ctx: {"items": list_notices(ctx)}, read_only=True)
