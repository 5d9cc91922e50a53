"""From a completed document to the one statement that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from kernel.context import KernelContext
from kernel.documents.cached import note_change
from kernel.documents.casting import Recast, shown_names
from kernel.documents.definition_lock import share_definitions
from kernel.documents.errors import AppletUnavailable
from kernel.documents.keys import keys_of, links_of
from kernel.documents.numbering import Unnumbered, number_of, settle_number, tokens_in, with_numbers
from kernel.documents.references import NO_REFERENCES, References, changed_references, read_references
from kernel.documents.tombstones import refuse_links
from kernel.documents.write import Numbering, Write, write
from kernel.registers import service as registers
from kernel.secrets.fields import blinder_of, protect
from kernel.secrets.subject_keys import SubjectKey, find_subjects
from sdk.document import Document
from sdk.event import Event
from sdk.identifiers import new_id
from sdk.registers import Movement
from sdk.schema import DocumentType, Link, diff, find_values


@dataclass(frozen=True)
class Change:
    """One change about to be written. stored, before: the JSON of the fields after and before it.

    was: `before` as it stands in the database, spelled as the type was then; what the event tells begins with that.
    revision: the one whose fields come back with it. arguments_type: what the action declares of its arguments.
    erased: paths of personal fields whose values are gone: what is written in their place is not personal. restated:
    fields at the top that the event tells although they stay as they are. recast: where it was of another version of
    its type until now. former_subject: whom it was about, if an earlier version of its type had personal fields.
    """

    type: DocumentType
    document: Document
    stored: Mapping[str, Any]
    before: Mapping[str, Any] | None
    verb: str
    previous: Document | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] | None = None
    revision: int | None = None
    arguments_type: DocumentType | None = None
    erased: frozenset[str] = frozenset()
    restated: Sequence[str] = ()
    recast: Recast | None = None
    former_subject: str | None = None

    @property
    def told_kept(self) -> Mapping[str, Any] | None:
        """What the event tells of the keep-box."""
        return self.recast.kept if self.recast is not None and self.recast.kept != self.recast.row.kept else None

    @property
    def is_protected(self) -> bool:
        """Whether something of it has to be encrypted."""
        if self.type.is_protected or self.former_subject:
            return True
        return self.arguments_type is not None and self.arguments_type.is_protected


@dataclass(frozen=True, eq=False)
class Prepared:
    """A write that is ready but for its keys and links, which `references` finds when it is written for certain.

    run: writes it as it is, for when somebody has to see it.
    """

    write: Write
    movements: list[Movement]
    references: Callable[[], Mapping[str, Any]]
    run: Callable[[], None]


def save(ctx: KernelContext, change: Change, held: Prepared | None = None) -> None:
    """Write the change with all that belongs to it, and tell the worker when something is to be delivered.

    held: the creation of the same document. The two are one write, unless somebody has had to see the first before.
    A write that a number is missing for waits for the one of the numbered document, and is part of that.
    """
    if held is not None and ctx.uow.take_back(held.run):
        prepared = _prepare_both(ctx, held, change)
    else:
        prepared = _prepare(ctx, change)
    late = change.document if isinstance(change.document, Unnumbered) and change.document.late else None
    if late is None and _misses_number(ctx, prepared.write):
        _hold(ctx, prepared)
        ctx.work.waiting.append(prepared)
    elif late is None:
        _run(ctx, [prepared])
    else:
        waiting = [other for other in ctx.work.waiting if ctx.uow.take_back(other.run)]
        ctx.work.waiting.clear()
        _run(ctx, [*waiting, prepared], late)
    # What is recorded from now on would never be written: it is refused instead.
    ctx.work.writing[:] = [id for id in ctx.work.writing if id != change.document.id]
    if change.type.searchable:
        ctx.uow.after_commit(ctx.announce_changes)


def hold_back(ctx: KernelContext, change: Change) -> Prepared:
    """Put the write of a new document off until something is read that it might be part of."""
    prepared = _prepare(ctx, change)
    # What is done to the document from now on is no part of its creation.
    prepared.write.document = change.document.copy()
    _hold(ctx, prepared)
    return prepared


def drop(ctx: KernelContext, held: Prepared) -> None:
    """Forget it, whether it was written or not: what follows has failed."""
    ctx.uow.take_back(held.run)
    ctx.work.held.pop(held.write.document.id, None)


def _hold(ctx: KernelContext, prepared: Prepared) -> None:
    ctx.work.held[prepared.write.document.id] = prepared.write.document.type
    ctx.uow.hold_back(prepared.run)


def _misses_number(ctx: KernelContext, written: Write) -> bool:
    """Whether something stands in it for another document's number, which is still to be taken."""
    return any(ctx.work.late[token].late for token in _tokens_in(ctx, written))


def _tokens_in(ctx: KernelContext, written: Write) -> list[str]:
    if not ctx.work.late:
        return []
    events = [event.payload for event in (written.event, written.following) if event is not None]
    return tokens_in(ctx, "".join(orjson.dumps(value).decode() for value in (written.data, *events)))


def _prepare(ctx: KernelContext, change: Change) -> Prepared:
    if ctx.runtime.unavailable:
        raise AppletUnavailable(applet=", ".join(ctx.runtime.unavailable))
    document = change.document
    if change.previous is None:
        document.version = 1
    document.updated_at, document.updated_by = ctx.now, ctx.actor.id
    share_definitions(ctx, change.stored)
    if change.told_kept and not change.type.personal:
        change = replace(change, former_subject=find_subjects(ctx.uow, [document.id]).get(document.id))
    if change.is_protected or _is_known_by_number(ctx, change):
        change = _with_numbers(ctx, change)
    data, event = change.stored, _event(ctx, change)
    keys: Sequence[SubjectKey] = ()
    if change.is_protected:
        data, event, keys = protect(ctx, change, event)
    movements = registers.take_staged(ctx, document)
    note_change(ctx, change.type)
    written = Write(
        document,
        data,
        event,
        cipher_keys=keys,
        request=ctx.request.as_json() if ctx.request else None,
        subscribers=ctx.runtime.catalogue.hooks.subscribers(event.type),
        movements=registers.write_columns(ctx, movements),
        joins_company=_joins_company(change),
        is_new=change.previous is None,
        box=(change.recast.kept,) if change.recast is not None else None,
        names=shown_names(change.type) if change.type.lenses is not None else {},
    )
    return _prepared(ctx, change, written, movements)


def _prepare_both(ctx: KernelContext, held: Prepared, change: Change) -> Prepared:
    """The document as the change leaves it, new still, with the events of both."""
    second = _prepare(ctx, change)
    every = [*held.movements, *second.movements]
    both = replace(
        held.write,
        document=change.document,
        data=second.write.data,
        cipher_keys=(*held.write.cipher_keys, *second.write.cipher_keys),
        movements=registers.write_columns(ctx, every) if held.movements else second.write.movements,
        following=second.write.event,
        following_subscribers=second.write.subscribers,
    )
    return _prepared(ctx, replace(change, previous=None, before=None), both, every)


def _prepared(ctx: KernelContext, change: Change, written: Write, movements: list[Movement]) -> Prepared:
    prepared = Prepared(written, movements, lambda: _references(ctx, change), lambda: _run(ctx, [prepared]))
    return prepared


def _with_numbers(ctx: KernelContext, change: Change) -> Change:
    """With the numbers themselves: what is encrypted now, or makes a key, cannot be filled in later."""
    settle_number(change.document)
    return replace(change, stored=with_numbers(ctx, change.stored))


def _is_known_by_number(ctx: KernelContext, change: Change) -> bool:
    """Whether a number is part of what must be unique: nothing may stand for it then."""
    if not ctx.work.late:
        return False
    values = (value for field in change.type.unique for _, value in find_values(change.stored, field.path))
    return any(tokens_in(ctx, value) for value in values if isinstance(value, str))


def _run(ctx: KernelContext, batch: Sequence[Prepared], late: Unnumbered | None = None) -> None:
    """Write them as one statement. late: the one of them that takes its number with it."""
    writes = [replace(prepared.write, **prepared.references()) for prepared in batch]
    known = ctx.work.held | {written.document.id: written.document.type for written in writes}
    for written in writes:
        ctx.work.held.pop(written.document.id, None)
        written.coming = {link.id: type for link in written.links if (type := _coming(known, written, link))}
        taken = [token for token in _tokens_in(ctx, written) if late is None or token != _token_of(late)]
        written.numbers = {token: ctx.work.late[token].number for token in taken}
        written.number = number_of(written.document)
    if ctx.runtime.tombstones:
        refuse_links(ctx, writes)
    if late is not None:
        late.settle(write(ctx.uow, writes, _numbering(late)))
    elif ctx.work.bulk is None or not ctx.work.bulk.take(writes[0]):
        write(ctx.uow, writes)
    for prepared, written in zip(batch, writes, strict=True):
        ctx.work.seen.pop(written.document.id, None)
        registers.check_non_negative(ctx, prepared.movements)
        if written.subscribers or written.following_subscribers:
            ctx.uow.after_commit(ctx.announce_deliveries)


def _coming(known: Mapping[str, str], written: Write, link: Link) -> str | None:
    """The type of a link's target that is written with it or later, where it is what the link asks for."""
    type = known.get(link.id) if link.id != written.document.id else None
    return type if link.target in ("*", type) else None


def _token_of(late: Unnumbered) -> str | None:
    return late.late.token if late.late is not None else None


def _numbering(late: Unnumbered) -> Numbering:
    number = late.late
    assert number is not None
    return Numbering(number.token, number.series, number.company_id, number.period, *number.parts)


def _event(ctx: KernelContext, change: Change) -> Event:
    document, previous, recast = change.document, change.previous, change.recast
    was = change.was if change.was is not None else change.before
    payload: dict[str, Any] = {"diff": diff((recast.row.data if recast is not None else was) or {}, change.stored)}
    if change.restated:
        payload["diff"] |= {name: change.stored[name] for name in change.restated}
    # What was cast to be read, the log knows as it was stored.
    before = recast.row if recast is not None else previous
    if document.state != (before.state if before is not None else None):
        payload["state"] = document.state
    number = number_of(document)
    if number != (previous.number if previous is not None else None):
        payload["number"] = number
    if change.arguments:
        payload["arguments"] = dict(change.arguments)
    if previous is None and document.company_id:
        payload["company_id"] = document.company_id
    # The log alone must be enough to rebuild the document, see history.py.
    if document.schema_version != (before.schema_version if before is not None else 1):
        payload["schema_version"] = document.schema_version
    if recast is not None and recast.kept != recast.row.kept:
        payload["kept"] = recast.kept
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
    if change.recast is None and was_present and is_present and change.stored == change.before:
        return {}
    wanted = _references_of(ctx, change, change.stored) if is_present else NO_REFERENCES
    if not was_present:
        return changed_references(wanted, NO_REFERENCES)
    if change.recast is not None:
        # Only the tables know what the version before has left there.
        return changed_references(wanted, read_references(ctx.uow, [document.id])[document.id])
    return changed_references(wanted, _references_of(ctx, change, change.before or {}))


def _references_of(ctx: KernelContext, change: Change, data: Mapping[str, Any]) -> References:
    type = change.type
    keys = keys_of(type, data, change.document.company_id, blinder_of(ctx, type))
    return References(keys, links_of(type, data))
