"""Events in the fake: appended with the change, delivered when asked, one subscriber at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.document import Document
from sdk.document_errors import EventForeign, EventTypeInvalid
from sdk.event import Event
from sdk.hookset import HookSet
from sdk.identifiers import new_id
from sdk.testing.store import Delivery, Store
from sdk.testing.transaction import Transaction
from sdk.values import decimal_text, instant_text

ATTEMPTS_MAX = 10
# More than any test means to cause: two handlers that answer each other for ever stop here.
DELIVERIES_MAX = 10_000

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class DeliveriesEndless(Exception):
    """The handlers go on causing events for each other."""


def append(ctx: Transaction, type: str, document: Document, payload: Mapping[str, Any]) -> Event:
    """Append an event about a document and queue it for its subscribers."""
    event = Event(
        id=new_id(),
        type=type,
        aggregate_type=document.type,
        aggregate_id=document.id,
        version=document.version,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        correlation_id=ctx.correlation_id,
        applet=ctx.applet,
        causation_id=ctx.causation_id,
        payload=_as_json(payload),
    )
    return ctx.store.add_event(event, ctx.catalogue.hooks.subscribers(type))


def emit(ctx: Transaction, type: str, document: Document, payload: Mapping[str, Any]) -> Event:
    """As an applet does: of its own namespace only."""
    if not _EVENT_TYPE.fullmatch(type):
        raise EventTypeInvalid(type=type)
    if ctx.applet is not None and type.partition(".")[0] != ctx.applet:
        raise EventForeign(applet=ctx.applet, type=type, action="emit", resource=type)
    return append(ctx, type, document, payload)


def next_delivery(store: Store, hooks: HookSet) -> Delivery | None:
    """The oldest pending delivery whose applet is enabled and that has no earlier one of its document to wait for."""
    blocked: set[tuple[str, str]] = set()
    for delivery in store.tables.deliveries:
        if delivery.state != "pending":
            continue
        lane = (delivery.subscriber, delivery.event.aggregate_id)
        if lane not in blocked and hooks.subscriber(delivery.subscriber) is not None:
            return delivery
        blocked.add(lane)
    return None


def count_failure(store: Store, delivery: Delivery, error: BaseException) -> None:
    """One failure more; after the last one it is a dead letter."""
    attempts = delivery.attempts + 1
    state = "dead" if attempts >= ATTEMPTS_MAX else "pending"
    failed = replace(delivery, attempts=attempts, state=state, last_error=_told(error))
    store.tables.deliveries = [failed if one.id == delivery.id else one for one in store.tables.deliveries]


def remove(store: Store, delivery: Delivery) -> None:
    store.tables.deliveries = [one for one in store.tables.deliveries if one.id != delivery.id]


def _as_json(payload: Mapping[str, Any]) -> Any:
    """The payload as subscribers will read it: handlers see JSON, never the emitter's own objects."""
    return json.loads(json.dumps(dict(payload), default=_json_text))


def _json_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON")


def _told(error: BaseException) -> str:
    texts = [f"{type(error).__name__}: {error}"]
    if error.__cause__ is not None:
        texts.append(f"{type(error.__cause__).__name__}: {error.__cause__}")
    return " <- ".join(texts)
