"""The application: the edge around the rooms' routes, the documents' and the system plugins'."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from kernel.audit import api as audit
from kernel.auth import api as auth
from kernel.breaker import api as breaker
from kernel.breaker.metrics import HookCollector
from kernel.events import api as events
from kernel.events.listener import Announcer
from kernel.events.worker import Worker
from kernel.http import description, health
from kernel.http.description import API_VERSION
from kernel.http.docs import docs_routes
from kernel.http.edge import Edge
from kernel.http.routing import DocumentRoute, document_table, reserved_segments
from kernel.limits import api as limits
from kernel.oauth import api as oauth
from kernel.oauth.endpoints import oauth_routes
from kernel.permissions import api as permissions
from kernel.privacy import api as privacy
from kernel.registers import api as registers
from kernel.reports import api as reports
from kernel.search import api as search
from kernel.telemetry.metrics import Metrics
from kernel.transfer import api as transfers

if TYPE_CHECKING:
    from kernel.main import Kernel

API_PREFIX = "/api/v1"
# Deliveries, upkeep, search and transfers need connections too, and one thread at a time a second one, for a block of
# numbers.
CONNECTIONS_RESERVED = 5

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(kernel: Kernel, *, has_worker: bool = True, metrics: Metrics | None = None) -> FastAPI:
    """The ASGI application of a kernel. has_worker: run the worker in this process; without, others are told."""
    numbers = metrics or Metrics()
    app = FastAPI(
        title="Bos",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(kernel, numbers, has_worker),
        exception_handlers={HTTPException: _pass_on, RequestValidationError: _pass_on},
    )
    numbers.registry.register(HookCollector(kernel.breaker.measures))
    limit = kernel.settings.body_bytes_max
    app.add_middleware(Edge, metrics=numbers, body_bytes_max=limit, streamed=(transfers.UPLOAD,))
    app.include_router(health.router(kernel, numbers))
    app.include_router(_api(kernel, app), prefix=API_PREFIX)
    for collector in kernel.collectors:
        numbers.registry.register(collector)
    app.router.routes.extend(oauth_routes(kernel))
    app.router.routes.extend(docs_routes())
    fixed = get_openapi(title=app.title, version=API_VERSION, routes=app.routes)
    app.router.routes.insert(0, DocumentRoute(document_table(kernel), reserved_segments(fixed["paths"])))
    return app


def _api(kernel: Kernel, app: FastAPI) -> APIRouter:
    api = APIRouter()
    rooms = (auth, permissions, registers, reports, events, limits, oauth, search, transfers, audit, privacy, breaker)
    for room in rooms:
        api.include_router(room.router(kernel))
    api.include_router(description.router(kernel, app))
    kernel.plugins.hook.register_routes(router=api, kernel=kernel)
    return api


def _lifespan(kernel: Kernel, metrics: Metrics, has_worker: bool) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # A thread without a connection would only wait for one, and time out under load.
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = max(1, kernel.settings.pool_size_max - CONNECTIONS_RESERVED)
        helper = Worker(kernel, metrics) if has_worker else Announcer(kernel)
        helper.start()
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(helper.stop)

    return lifespan


async def _pass_on(request: Request, error: Exception) -> Response:
    """The edge tells all errors; the framework's own way of telling them is left out."""
    raise error
