"""/api/v1/privacy: export of a person, erasure, and what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel.auth.freshness import require_step_up
from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.requests import parse_body, run
from kernel.privacy import answers
from kernel.privacy.erasure import erase, show_plan
from kernel.privacy.export import export_subject
from kernel.privacy.retention import show_due
from kernel.privacy.subjects import Subject

if TYPE_CHECKING:
    from kernel.main import Kernel


class ErasureRequest(BaseModel):
    """Whom to erase. dry_run: only say what would go and what would stay."""

    model_config = ConfigDict(extra="forbid", strict=True)

    subject_type: str = Field(max_length=130)
    subject_id: str = Field(max_length=36)
    dry_run: bool = False

    @property
    def subject(self) -> Subject:
        return Subject(self.subject_type, self.subject_id)


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(prefix="/privacy", tags=["privacy"])

    @routes.get(
        "/subjects/{type}/{id}",
        summary="Everything that is known of a person",
        openapi_extra=describe(answers.SUBJECT, refusals=(413,)),
    )
    def export(request: Request, type: str, id: str) -> Response:
        return run(request, kernel, lambda ctx: export_subject(ctx, Subject(type, id)), read_only=True)

    @routes.post(
        "/erasures",
        summary="Erase a person, or with dry_run say what would be erased and what kept",
        openapi_extra=describe(answers.ERASURE, body=ErasureRequest, refusals=(404,)),
    )
    def erase_subject(request: Request) -> Response:
        wanted = parse_body(request, ErasureRequest)
        if wanted.dry_run:
            return run(request, kernel, lambda ctx: show_plan(ctx, wanted.subject), read_only=True)
        require_step_up(kernel, identify(request, kernel))
        return run(request, kernel, lambda ctx: erase(ctx, wanted.subject))

    @routes.get("/retention", summary="What is due by the retention rules", openapi_extra=describe(answers.RETENTION))
    def retention(request: Request) -> Response:
        return run(request, kernel, lambda ctx: show_due(ctx).as_json(), read_only=True)

    return routes
