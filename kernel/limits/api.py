"""/api/v1/limits: what the tenant may keep, and how much of it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.context import KernelContext
from kernel.http.operations import describe
from kernel.http.requests import run
from kernel.http.shapes import COUNT, TEXT, items_of, members, nullable, one_of_words
from kernel.limits.service import measure_usage

if TYPE_CHECKING:
    from kernel.main import Kernel

# Asked for as if it were a document type, so that roles can grant it: kernel.admin and kernel.auditor have it anyway.
LIMIT = "kernel.limit"
_LIMITS = items_of(
    members(
        limit=TEXT, used=COUNT, maximum=nullable(COUNT), period=nullable(TEXT),
        level=one_of_words("ok", "warning", "reached"),
    )
)  # fmt: skip


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["limits"])

    @routes.get(
        "/limits", summary="Limits of the tenant, and how much of each is used", openapi_extra=describe(_LIMITS)
    )
    def list_limits(request: Request) -> Response:
        return run(request, kernel, _usage, read_only=True)

    def _usage(ctx: KernelContext) -> dict[str, Any]:
        ctx.permissions.check_resource("read", LIMIT)
        return {"items": [usage.as_json() for usage in measure_usage(ctx, kernel.quotas.plans)]}

    return routes
