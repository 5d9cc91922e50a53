"""From a completed document to the one statement that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kernel.context import KernelContext
from kernel.documents.cached import note_change
from kernel.documents.errors import AppletUnavailable
from kernel.documents.keys import keys_of
from kernel.documents.write import Write, write
from kernel.registers import service as registers
from kernel.secrets.fields import blinder_of, protect
from kernel.secrets.subject_keys import SubjectKey
from sdk.document import Document
from sdk.event import Event
from sdk.identifiers import new_id
from sdk.registers import Movement
from sdk.schema import DocumentType, Link, collect_links, diff


@dataclass(frozen=True)
class Change:
    """One change about to be written. stored, before: the JSON of the fields after and before it.

    revision: the one whose fields come back with it. arguments_type: what the action declares of its arguments.
    is_erasure: what it writes in the place of personal values is not personal itself.
    """

    type: DocumentType
    document: Document
    stored: Mapping[str, Any]
    before: Mapping[str, Any] | None
    verb: str
    previous: Document | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    revision: int | None = None
    arguments_type: DocumentType | None = None
    is_erasure: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether something of it has to be encrypted."""
        return self.type.is_protected or (self.arguments_type is not None and self.arguments_type.is_protected)


@dataclass(frozen=True)
class Held:
    """A new document that is not written yet, since what follows is to be written with it."""

    change: Change
    write: Write
    movements: list[Movement]
    run: Callable[[], None]


def save(ctx: KernelContext, change: Change, held: Held | None = None) -> None:
    """Write the change with all that belongs to it, and tell the worker when something is to be delivered.

    held: the creation of the same document. The two are one write, unless somebody has had to see the first before.
    """
    if held is not None and ctx.uow.take_back(held.run):
        _run(ctx, *_prepare_both(ctx, held, change))
    else:
        _run(ctx, *_prepare(ctx, change))
    # What is recorded from now on would never be written: it is refused instead.
    ctx.work.writing[:] = [id for id in ctx.work.writing if id != change.document.id]


def hold_back(ctx: KernelContext, change: Change) -> Held:
    """Put the write of a new document off until something is read that it might be part of."""
    written, movements = _prepare(ctx, change)
    # What is done to the document from now on is no part of its creation.
    written.document = change.document.copy()
    held = Held(change, written, movements, lambda: _run(ctx, written, movements))
    ctx.work.held[change.document.id] = change.type.name
    ctx.uow.hold_back(held.run)
    return held


def drop(ctx: KernelContext, held: Held) -> None:
    """Forget it, whether it was written or not: what follows has failed."""
    ctx.uow.take_back(held.run)
    ctx.work.held.pop(held.change.document.id, None)


def _prepare(ctx: KernelContext, change: Change) -> tuple[Write, list[Movement]]:
    if ctx.runtime.unavailable:
        raise AppletUnavailable(applet=", ".join(ctx.runtime.unavailable))
    document = change.document
    if change.previous is None:
        document.version = 1
    document.updated_at, document.updated_by = ctx.now, ctx.actor.id
    data, event = change.stored, _event(ctx, change)
    keys: Sequence[SubjectKey] = ()
    if change.is_protected:
        data, event, keys = protect(ctx, change, event)
    movements = registers.take_staged(ctx, document)
    note_change(ctx, change.type)
    return Write(
        document,
        data,
        event,
        cipher_keys=keys,
        request=ctx.request.as_json() if ctx.request else None,
        subscribers=ctx.runtime.catalogue.hooks.subscribers(event.type),
        movements=registers.write_columns(ctx, movements),
        joins_company=_joins_company(change),
        is_new=change.previous is None,
        **_references(ctx, change),
    ), movements


def _prepare_both(ctx: KernelContext, held: Held, change: Change) -> tuple[Write, list[Movement]]:
    """The document as the change leaves it, new still, with the events of both."""
    second, movements = _prepare(ctx, change)
    every = [*held.movements, *movements]
    return Write(
        change.document,
        second.data,
        held.write.event,
        cipher_keys=(*held.write.cipher_keys, *second.cipher_keys),
        request=held.write.request,
        subscribers=held.write.subscribers,
        movements=registers.write_columns(ctx, every),
        joins_company=held.write.joins_company,
        is_new=True,
        following=second.event,
        following_subscribers=second.subscribers,
        **_references(ctx, replace(change, previous=None, before=None)),
    ), every


def _run(ctx: KernelContext, written: Write, movements: list[Movement]) -> None:
    document = written.document
    ctx.work.held.pop(document.id, None)
    written.coming = {link.id: type for link in written.links if (type := _coming(ctx, link)) is not None}
    if ctx.work.bulk is None or not ctx.work.bulk.take(written):
        write(ctx.uow, written)
    ctx.work.seen.pop(document.id, None)
    registers.check_non_negative(ctx, movements)
    if written.subscribers or written.following_subscribers:
        ctx.uow.after_commit(ctx.announce_deliveries)
    if ctx.runtime.catalogue.type(document.type).searchable:
        ctx.uow.after_commit(ctx.announce_changes)


def _coming(ctx: KernelContext, link: Link) -> str | None:
    """The type of a link's target that is held back, where it is what the link asks for."""
    type = ctx.work.held.get(link.id)
    return type if link.target in ("*", type) else None


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
    # The log alone must be enough to rebuild the document, see history.py.
    if document.schema_version != (previous.schema_version if previous is not None else 1):
        payload["schema_version"] = document.schema_version
    if change.revision is not None:
        payload["revision"] = change.revision
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


def _joins_company(change: Change) -> bool:
    document, previous = change.document, change.previous
    is_back = previous is None or (previous.is_deleted and not document.is_deleted)
    return is_back and document.company_id is not None


def _references(ctx: KernelContext, change: Change) -> dict[str, Any]:
    """Keys and links that come and go. A deleted document holds none: its code is free, its targets are."""
    document, previous = change.document, change.previous
    is_present, was_present = not document.is_deleted, previous is not None and not previous.is_deleted
    if was_present and is_present and change.stored == change.before:
        return {}
    mark = blinder_of(ctx, change.type)
    keys = keys_of(change.type, change.stored, document.company_id, mark) if is_present else []
    links = collect_links(change.type, change.stored) if is_present else []
    old_keys = keys_of(change.type, change.before or {}, document.company_id, mark) if was_present else []
    old_links = collect_links(change.type, change.before or {}) if was_present else []
    return {
        "keys": [key for key in keys if key not in old_keys],
        "keys_gone": [key for key in old_keys if key not in keys],
        "links": [link for link in links if link not in old_links],
        "links_gone": [link for link in old_links if link not in links],
    }
