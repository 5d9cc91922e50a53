"""From a completed document to the one statement that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.context import KernelContext
from kernel.documents.errors import AppletUnavailable
from kernel.documents.keys import keys_of
from kernel.documents.write import Write, write
from kernel.registers import service as registers
from kernel.runtime import CACHED_TYPES
from sdk.document import Document
from sdk.event import Event
from sdk.identifiers import new_id
from sdk.schema import DocumentType, collect_links, diff

_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"


@dataclass(frozen=True)
class Change:
    """One change about to be written. stored, before: the JSON of the fields after and before it."""

    type: DocumentType
    document: Document
    stored: Mapping[str, Any]
    before: Mapping[str, Any] | None
    verb: str
    previous: Document | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


def save(ctx: KernelContext, change: Change) -> None:
    """Write the change with all that belongs to it, and tell the worker when something is to be delivered."""
    if ctx.runtime.unavailable:
        raise AppletUnavailable(applet=", ".join(ctx.runtime.unavailable))
    document = change.document
    if change.previous is None:
        document.version = 1
    document.updated_at, document.updated_by = ctx.now, ctx.actor.id
    event = _event(ctx, change)
    movements = registers.take_staged(ctx, document)
    subscribers = ctx.runtime.catalogue.hooks.subscribers(event.type)
    written = Write(
        document,
        change.stored,
        event,
        request=ctx.request.as_json() if ctx.request else None,
        subscribers=subscribers,
        movements=registers.write_columns(ctx, movements),
        **_references(change),
    )
    write(ctx.uow, written)
    # What is recorded from now on would never be written: it is refused instead.
    ctx.work.writing[:] = [id for id in ctx.work.writing if id != document.id]
    registers.check_non_negative(ctx, movements)
    if subscribers:
        ctx.uow.after_commit(ctx.announce_deliveries)
    if document.type in CACHED_TYPES:
        ctx.uow.execute(_RAISE_GENERATION)


def _event(ctx: KernelContext, change: Change) -> Event:
    document, previous = change.document, change.previous
    payload: dict[str, Any] = {"diff": diff(change.before or {}, change.stored)}
    if document.state != (previous.state if previous is not None else None):
        payload["state"] = document.state
    if document.number != (previous.number if previous is not None else None):
        payload["number"] = document.number
    if change.arguments:
        payload["arguments"] = dict(change.arguments)
    if previous is None and document.company_id:
        payload["company_id"] = document.company_id
    return Event(
        id=new_id(),
        type=f"{document.type}.{change.verb}",
        aggregate_type=document.type,
        aggregate_id=document.id,
        version=document.version,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        applet=ctx.applet,
        correlation_id=ctx.correlation_id,
        causation_id=ctx.causation_id,
        payload=payload,
    )


def _references(change: Change) -> dict[str, Any]:
    """Keys and links that come and go. A deleted document holds none: its code is free, its targets are."""
    document, previous = change.document, change.previous
    is_present, was_present = not document.is_deleted, previous is not None and not previous.is_deleted
    if was_present and is_present and change.stored == change.before:
        return {}
    keys = keys_of(change.type, change.stored, document.company_id) if is_present else []
    links = collect_links(change.type, change.stored) if is_present else []
    old_keys = keys_of(change.type, change.before or {}, document.company_id) if was_present else []
    old_links = collect_links(change.type, change.before or {}) if was_present else []
    return {
        "keys": [key for key in keys if key not in old_keys],
        "keys_gone": [key for key in old_keys if key not in keys],
        "links": [link for link in links if link not in old_links],
        "links_gone": [link for link in old_links if link not in links],
    }
