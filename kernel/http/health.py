"""For machines that watch: alive, ready, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Response

from kernel.http.operations import describe
from kernel.http.shapes import members, one_of_words
from kernel.telemetry.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from kernel.main import Kernel

_STATUS = members(status=one_of_words("ok"))
# What system plugins add, where they have something to say.
_ALIVE = members({"sandbox": one_of_words("full", "strong", "wasm", "insecure")}, status=one_of_words("ok"))
_OK = b'{"status":"ok"}'


def router(kernel: Kernel, metrics: Metrics) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="Whether the process is alive", openapi_extra=describe(_ALIVE, is_open=True))
    async def read_health() -> Response:
        told = {name: word for name, tell in kernel.health.items() if (word := tell()) is not None}
        return Response(orjson.dumps({"status": "ok", **told}), media_type="application/json")

    @routes.get(
        "/readyz", summary="Whether it can serve: the database answers", openapi_extra=describe(_STATUS, is_open=True)
    )
    def read_readiness() -> Response:
        with kernel.database.platform() as uow:
            uow.execute("SELECT 1 FROM {p}.tenants LIMIT 1")
        return Response(_OK, media_type="application/json")

    @routes.get(
        "/metrics", summary="Numbers for Prometheus", openapi_extra=describe(media_types=("text/plain",), is_open=True)
    )
    async def read_metrics() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return routes
