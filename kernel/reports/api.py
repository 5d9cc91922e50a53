"""/api/v1/reports: what there is, and running one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.context import KernelContext
from kernel.http.bodies import render_json
from kernel.http.operations import describe
from kernel.http.requests import Reply, run
from kernel.reports import answers, service
from kernel.reports.cache import Answer, ReportCache
from kernel.reports.formats import render
from kernel.reports.parameters import read_query
from kernel.reports.schemas import report_json

if TYPE_CHECKING:
    from kernel.main import Kernel


def router(kernel: Kernel) -> APIRouter:
    routes, cache = APIRouter(tags=["reports"]), ReportCache()

    @routes.get("/reports", summary="Reports that may be run", openapi_extra=describe(answers.REPORTS))
    def list_reports(request: Request) -> Response:
        return run(request, kernel, _reports, read_only=True)

    @routes.get(
        "/reports/{name}",
        summary="Run a report; format=json, csv or xlsx, and the report's own parameters",
        openapi_extra=describe(answers.RESULT, query=answers.QUERY, media_types=answers.FILES, refusals=(413,)),
    )
    def run_report(request: Request, name: str) -> Response:
        given, format = read_query(name, request.query_params.multi_items())

        def verb(ctx: KernelContext) -> Reply:
            report = ctx.runtime.catalogue.report(name)
            found = cache.answer(ctx, report, (format, *given.items()), lambda: _run(ctx, name, given, format))
            return Reply(found.body, headers=found.headers, media_type=found.media_type)

        return run(request, kernel, verb, read_only=True)

    return routes


def _run(ctx: KernelContext, name: str, given: Mapping[str, Any], format: str) -> Answer:
    body, media_type, headers = render(service.run(ctx, name, given), format)
    return Answer(body if isinstance(body, bytes) else render_json(body), media_type, headers)


def _reports(ctx: KernelContext) -> dict[str, Any]:
    return {"items": [report_json(report) for report in service.list_reports(ctx)]}
