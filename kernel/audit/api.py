"""/api/v1/audit: for auditors."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel.audit import answers, service
from kernel.http.operations import describe
from kernel.http.parameters import Reader, read_count, read_parameters
from kernel.http.requests import run

if TYPE_CHECKING:
    from kernel.main import Kernel

_PAGE: dict[str, Reader] = {"limit": read_count, "cursor": str}
_SPAN: dict[str, Reader] = {"after": read_count, "limit": read_count}


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["audit"])

    @routes.get(
        "/audit/seals",
        summary="Seals of the event log, newest first: limit, cursor",
        openapi_extra=describe(answers.SEALS, query=_PAGE),
    )
    def list_seals(request: Request) -> Response:
        given = read_parameters(request, _PAGE)
        return run(request, kernel, lambda ctx: service.list_seals(ctx, **given), read_only=True)

    @routes.get(
        "/audit/proof/{event_id}",
        summary="Proof that an event is in the sealed log",
        openapi_extra=describe(answers.PROOF, refusals=(409,)),
    )
    def prove(request: Request, event_id: UUID) -> Response:
        return run(request, kernel, lambda ctx: service.prove(ctx, str(event_id)), read_only=True)

    @routes.get(
        "/audit/trail/{document_id}",
        summary="Events of a document, their seals, and what anchors have of them",
        openapi_extra=describe(answers.TRAIL),
    )
    def read_trail(request: Request, document_id: UUID) -> Response:
        return run(request, kernel, lambda ctx: service.trail(ctx, str(document_id)), read_only=True)

    @routes.get(
        "/audit/verify",
        summary="Compare the event log with its seals: after, limit",
        openapi_extra=describe(answers.VERIFICATION, query=_SPAN),
    )
    def verify(request: Request) -> Response:
        given = read_parameters(request, _SPAN)
        return run(request, kernel, lambda ctx: service.verify(ctx, **given).as_json(), read_only=True)

    return routes
