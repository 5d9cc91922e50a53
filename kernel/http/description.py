"""/api/v1/openapi.json: the fixed routes for anybody, with a token also the tenant's own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from kernel.context import KernelContext
from kernel.http.bodies import render_json
from kernel.http.openapi import build_openapi
from kernel.http.operations import describe
from kernel.http.requests import Reply, run
from kernel.http.schemas import lower_to_30
from kernel.http.shapes import ANYTHING

if TYPE_CHECKING:
    from kernel.main import Kernel

API_VERSION = "1"
Dialect = Literal["3.1", "3.0"]
_MAY_HAVE_TOKEN: list[dict[str, list[str]]] = [{}, {"bearer": []}]


def router(kernel: Kernel, app: FastAPI) -> APIRouter:
    routes = APIRouter(tags=["description"])
    description = Description(app)

    @routes.get(
        "/openapi.json",
        summary="This description; with a token, with the tenant's document types",
        openapi_extra={**describe(ANYTHING), "security": _MAY_HAVE_TOKEN},
    )
    def read_openapi(request: Request, version: Dialect = "3.1") -> Response:
        if "authorization" not in request.headers:
            return Response(description.anonymous(version), media_type="application/json")
        return run(request, kernel, lambda ctx: Reply(description.of(ctx, version)), read_only=True)

    return routes


class Description:
    """Built when first asked for: by then all routes are there. Kept with the generation it was built from."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.anonymous = lru_cache(maxsize=2)(self._anonymous)

    def _anonymous(self, dialect: Dialect) -> bytes:
        return _render(build_openapi("Bos", API_VERSION, self._fixed(), None), dialect)

    def of(self, ctx: KernelContext, dialect: Dialect) -> bytes:
        """The tenant's description as JSON."""
        key = ("openapi", dialect)
        found: bytes | None = ctx.runtime.compiled.get(key)
        if found is None:
            title = f"Bos: {ctx.tenant.title}"
            found = _render(build_openapi(title, API_VERSION, self._fixed(), ctx.runtime.catalogue), dialect)
            ctx.runtime.remember(key, found)
        return found

    def _fixed(self) -> dict[str, Any]:
        return get_openapi(title="Bos", version=API_VERSION, routes=self._app.routes)


def _render(description: dict[str, Any], dialect: Dialect) -> bytes:
    if dialect == "3.0":
        description = {**lower_to_30(description), "openapi": "3.0.3"}
    return render_json(description)
