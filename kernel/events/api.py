"""/api/v1/events and /api/v1/deliveries."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel.events import service
from kernel.events.service import DeliveryPage, EventFilter, EventPage
from kernel.http.parameters import Reader, read_count, read_parameters
from kernel.http.requests import run
from sdk.values import to_instant

if TYPE_CHECKING:
    from kernel.main import Kernel

DELIVERY_STATES = ("pending", "dead", "waiting")


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.get("/events", summary="List events, newest first")
    def list_events(request: Request) -> Response:
        given = read_parameters(request, _EVENT_PARAMETERS)
        page = {name: given.pop(name) for name in ("limit", "cursor") if name in given}
        wanted = EventFilter(**given)
        return run(request, kernel, lambda ctx: _events(service.list_events(ctx, wanted, **page)), read_only=True)

    @routes.get("/deliveries", summary="List what is still to be delivered, oldest first")
    def list_deliveries(request: Request) -> Response:
        given = read_parameters(request, _DELIVERY_PARAMETERS)
        return run(request, kernel, lambda ctx: _deliveries(service.list_deliveries(ctx, **given)), read_only=True)

    @routes.post("/deliveries/{id}/retry", summary="Try a dead delivery anew")
    def retry_delivery(request: Request, id: int) -> Response:
        return run(request, kernel, lambda ctx: service.retry_delivery(ctx, id))

    @routes.post("/deliveries/{id}/drop", summary="Give a delivery up")
    def drop_delivery(request: Request, id: int) -> Response:
        return run(request, kernel, lambda ctx: service.drop_delivery(ctx, id))

    return routes


def _events(page: EventPage) -> dict[str, Any]:
    return {"items": [asdict(event) for event in page.items], "cursor": page.cursor}


def _deliveries(page: DeliveryPage) -> dict[str, Any]:
    return {"items": page.items, "cursor": page.cursor}


def read_id(text: str) -> str:
    """A UUID, in its canonical form."""
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("an id") from None


def _read_instant(text: str) -> datetime:
    try:
        return to_instant(text)
    except ValueError:
        raise ValueError("an instant with an offset, e.g. 2026-01-31T12:00:00Z") from None


def _read_state(text: str) -> str:
    if text not in DELIVERY_STATES:
        raise ValueError(", ".join(DELIVERY_STATES))
    return text


_EVENT_PARAMETERS: dict[str, Reader] = {
    "type": str, "aggregate_type": str, "aggregate_id": read_id, "actor": str, "correlation_id": read_id,
    "since": _read_instant, "until": _read_instant, "limit": read_count, "cursor": str,
}  # fmt: skip
_DELIVERY_PARAMETERS: dict[str, Reader] = {"state": _read_state, "limit": read_count, "cursor": str}
