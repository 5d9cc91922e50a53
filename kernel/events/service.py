"""The verbs of events: emit one, list them, and look after deliveries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kernel.context import KernelContext
from kernel.documents.numbering import with_numbers
from kernel.events import store
from kernel.events.cursors import decode_cursor, encode_cursor
from kernel.events.errors import DeliveryNotDead, DeliveryUnknown
from kernel.events.sight import DELIVERY, check_operator, sight_of
from kernel.secrets.reveal import ERASED, reveal_events
from sdk.document import Document
from sdk.document_errors import EventForeign, EventTypeInvalid, PageSizeExceeded
from sdk.event import Event
from sdk.identifiers import new_id

PAGE_SIZE = 50
# Events of a longer span are too many to gather before they are sorted.
SPAN_LOOKED_UP_MAX = timedelta(days=31)
# PostgreSQL would walk back from the newest event instead of using the index of times (decision 8).
_IN_SPAN = (
    "e.position = ANY (ARRAY(SELECT s.position FROM {t}.events s"
    " WHERE s.occurred_at >= %(since)s AND s.occurred_at <= %(until)s))"
)

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events. type: exact, or a prefix ending in `*`. since and until: instants, both inclusive."""

    type: str | None = None
    aggregate_type: str | None = None
    aggregate_id: str | None = None
    actor: str | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    items: tuple[Event, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    items: tuple[Mapping[str, Any], ...]
    cursor: str | None


def emit(ctx: KernelContext, type: str, document: Document, payload: Mapping[str, Any]) -> Event:
    """Append an event of the applet's own namespace about a document; its subscribers hear of it after the commit."""
    if not _EVENT_TYPE.fullmatch(type):
        raise EventTypeInvalid(type=type)
    if ctx.applet is not None and type.partition(".")[0] != ctx.applet:
        raise EventForeign(applet=ctx.applet, type=type)
    about = (document.type, document.id, document.version)
    return append(ctx, _event(ctx, type, about, with_numbers(ctx, payload) if ctx.work.late else payload))


def append(ctx: KernelContext, event: Event) -> Event:
    """Write an event with its deliveries, in the transaction at hand."""
    subscribers = ctx.runtime.catalogue.hooks.subscribers(event.type)
    request = ctx.request.as_json() if ctx.request else None
    store.insert_event(ctx.uow, event, request, subscribers)
    if subscribers:
        ctx.uow.after_commit(ctx.announce_deliveries)
    return event


def list_events(ctx: KernelContext, wanted: EventFilter, *, limit: int = PAGE_SIZE, cursor: str = "") -> EventPage:
    """Newest first. Without a document named, for kernel.admin and kernel.auditor only; else for its readers."""
    _check_limit(ctx, limit)
    conditions, values = _event_conditions(wanted)
    if cursor:
        conditions.append("e.position < %(before)s")
        values["before"] = decode_cursor(cursor)
    see = sight_of(ctx, wanted.aggregate_type, wanted.aggregate_id)
    rows = store.select_events(ctx.uow, conditions, {**values, "limit": limit + 1})
    page = reveal_events(ctx, rows[:limit], erased=ERASED)
    following = encode_cursor(page[-1].position or 0) if len(rows) > limit else None
    return EventPage(tuple(see(event) for event in page), following)


def list_deliveries(
    ctx: KernelContext, state: str | None = None, *, limit: int = PAGE_SIZE, cursor: str = ""
) -> DeliveryPage:
    """Oldest first. state: `pending`, `dead` or `waiting` (for an applet that is not enabled now)."""
    check_operator(ctx, "read")
    _check_limit(ctx, limit)
    conditions, values = _delivery_conditions(state)
    if cursor:
        conditions.append("d.id > %(after)s")
        values["after"] = decode_cursor(cursor)
    rows = store.select_deliveries(ctx.uow, conditions, {**values, "limit": limit + 1})
    page = rows[:limit]
    return DeliveryPage(tuple(page), encode_cursor(page[-1]["id"]) if len(rows) > limit else None)


def retry_delivery(ctx: KernelContext, id: int) -> Mapping[str, Any]:
    """Try a dead delivery anew, with all its attempts. Raises DeliveryUnknown, DeliveryNotDead."""
    check_operator(ctx, "update")
    delivery = _locked(ctx, id)
    if delivery["state"] != "dead":
        raise DeliveryNotDead(id=id)
    store.revive_delivery(ctx.uow, id, ctx.now)
    _record(ctx, "retried", delivery)
    ctx.uow.after_commit(ctx.announce_deliveries)
    return _locked(ctx, id)


def drop_delivery(ctx: KernelContext, id: int) -> Mapping[str, Any]:
    """Give a delivery up, dead or not: its subscriber never hears of the event. Returns what was dropped."""
    check_operator(ctx, "delete")
    delivery = _locked(ctx, id)
    store.delete_delivery(ctx.uow, id)
    _record(ctx, "dropped", delivery)
    # Later events of the same document may have waited for this one.
    ctx.uow.after_commit(ctx.announce_deliveries)
    return delivery


def _check_limit(ctx: KernelContext, limit: int) -> None:
    maximum = ctx.kernel.settings.page_size_max
    if not 1 <= limit <= maximum:
        raise PageSizeExceeded(limit=limit, maximum=maximum)


def _locked(ctx: KernelContext, id: int) -> dict[str, Any]:
    delivery = store.lock_delivery(ctx.uow, id)
    if delivery is None:
        raise DeliveryUnknown(id=id)
    return delivery


def _record(ctx: KernelContext, verb: str, delivery: Mapping[str, Any]) -> None:
    """What an operator did to a delivery is part of the audit trail, under the id of the event it carried.

    Not the words of its error: they may tell of a person, and the log keeps them for good.
    """
    kept = {name: delivery[name] for name in ("id", "subscriber", "event_type", "attempts")}
    payload = {name: value for name, value in kept.items() if value is not None}
    append(ctx, _event(ctx, f"{DELIVERY}.{verb}", (DELIVERY, delivery["event_id"], 0), payload))


def _event(ctx: KernelContext, type: str, about: tuple[str, str, int], payload: Mapping[str, Any]) -> Event:
    """about: type, id and version of the aggregate."""
    aggregate_type, aggregate_id, version = about
    return Event(
        id=new_id(),
        type=type,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        version=version,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        correlation_id=ctx.correlation_id,
        applet=ctx.applet,
        causation_id=ctx.causation_id,
        payload=payload,
    )


def _event_conditions(wanted: EventFilter) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for column in ("aggregate_type", "aggregate_id", "actor", "correlation_id"):
        if (value := getattr(wanted, column)) is not None:
            conditions.append(f"e.{column} = %({column})s")
            values[column] = value
    if wanted.type is not None:
        is_prefix = wanted.type.endswith("*")
        conditions.append("starts_with(e.type, %(type)s)" if is_prefix else "e.type = %(type)s")
        values["type"] = wanted.type.rstrip("*") if is_prefix else wanted.type
    for name, operator in (("since", ">="), ("until", "<=")):
        if (value := getattr(wanted, name)) is not None:
            conditions.append(f"e.occurred_at {operator} %({name})s")
            values[name] = value
    if wanted.since and wanted.until and wanted.until - wanted.since <= SPAN_LOOKED_UP_MAX:
        conditions.append(_IN_SPAN)
    return conditions, values


def _delivery_conditions(state: str | None) -> tuple[list[str], dict[str, Any]]:
    if state is None:
        return [], {}
    if state == "waiting":
        return ["d.state = 'pending' AND d.due_at = 'infinity'"], {}
    return ["d.state = %(state)s AND d.due_at < 'infinity'"], {"state": state}
