"""/api/v1/events and /api/v1/deliveries."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel.events import service
from kernel.events.service import DeliveryPage, EventFilter, EventPage
from kernel.http.operations import Query, describe
from kernel.http.parameters import Reader, one_of, read_count, read_parameters
from kernel.http.requests import run
from kernel.http.shapes import COUNT, ID, INSTANT, TEXT, fields_of, members, nullable, one_of_words, page_of
from sdk.event import Event
from sdk.values import to_instant

if TYPE_CHECKING:
    from kernel.main import Kernel

DELIVERY_STATES = ("pending", "dead", "waiting")
_EVENTS = page_of(fields_of(Event))
_DELIVERY = members(
    id=COUNT, subscriber=TEXT, state=one_of_words(*DELIVERY_STATES), attempts=COUNT, due_at=nullable(INSTANT),
    last_error=nullable(TEXT), created_at=INSTANT, event_type=TEXT, aggregate_type=TEXT, aggregate_id=ID, event_id=ID,
)  # fmt: skip
_DELIVERIES = page_of(_DELIVERY)


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


_EVENT_PARAMETERS: dict[str, Reader] = {
    "type": str, "aggregate_type": str, "aggregate_id": read_id, "actor": str, "correlation_id": read_id,
    "since": _read_instant, "until": _read_instant, "limit": read_count, "cursor": str,
}  # fmt: skip
_DELIVERY_PARAMETERS: dict[str, Reader] = {"state": one_of(DELIVERY_STATES), "limit": read_count, "cursor": str}
_EVENT_QUERY: Query = {
    **_EVENT_PARAMETERS,
    "aggregate_id": ID,
    "correlation_id": ID,
    "since": INSTANT,
    "until": INSTANT,
}


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.get("/events", summary="List events, newest first", openapi_extra=describe(_EVENTS, query=_EVENT_QUERY))
    def list_events(request: Request) -> Response:
        given = read_parameters(request, _EVENT_PARAMETERS)
        page = {name: given.pop(name) for name in ("limit", "cursor") if name in given}
        wanted = EventFilter(**given)
        return run(request, kernel, lambda ctx: _events(service.list_events(ctx, wanted, **page)), read_only=True)

    @routes.get(
        "/deliveries",
        summary="List what is still to be delivered, oldest first",
        openapi_extra=describe(_DELIVERIES, query=_DELIVERY_PARAMETERS),
    )
    def list_deliveries(request: Request) -> Response:
        given = read_parameters(request, _DELIVERY_PARAMETERS)
        return run(request, kernel, lambda ctx: _deliveries(service.list_deliveries(ctx, **given)), read_only=True)

    @routes.post("/deliveries/{id}/retry", summary="Try a dead delivery anew", openapi_extra=describe(_DELIVERY))
    def retry_delivery(request: Request, id: int) -> Response:
        return run(request, kernel, lambda ctx: service.retry_delivery(ctx, id))

    @routes.post("/deliveries/{id}/drop", summary="Give a delivery up", openapi_extra=describe(_DELIVERY))
    def drop_delivery(request: Request, id: int) -> Response:
        return run(request, kernel, lambda ctx: service.drop_delivery(ctx, id))

    return routes


def _events(page: EventPage) -> dict[str, Any]:
    return {"items": [asdict(event) for event in page.items], "cursor": page.cursor}


def _deliveries(page: DeliveryPage) -> dict[str, Any]:
    return {"items": page.items, "cursor": page.cursor}
