"""The verbs of auditors. All take the right to read `kernel.seal`, which kernel.admin and kernel.auditor have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.audit import store
from kernel.audit.anchors import anchors_of, faults_of_records, receipts_of
from kernel.audit.errors import EventNotSealed, EventUnknown
from kernel.audit.merkle import proof_of
from kernel.audit.seals import Seal, to_root
from kernel.audit.verify import Verification, verify_log
from kernel.context import KernelContext
from kernel.events.cursors import decode_cursor, encode_cursor
from sdk.document_errors import PageSizeExceeded

SEAL = "kernel.seal"
PAGE_SIZE = 50
# A request looks at so many seals at most, of 5,000 events each; the answer says where to go on.
SEALS_PER_REQUEST_MAX = 20
TRAIL_EVENTS_MAX = 1_000


def list_seals(ctx: KernelContext, *, limit: int = PAGE_SIZE, cursor: str = "") -> dict[str, Any]:
    """Newest first."""
    _check(ctx)
    maximum = ctx.kernel.settings.page_size_max
    if not 1 <= limit <= maximum:
        raise PageSizeExceeded(limit=limit, maximum=maximum)
    found = store.list_seals(ctx.uow.execute, decode_cursor(cursor) if cursor else None, limit + 1)
    page = found[:limit]
    following = encode_cursor(page[-1].number) if len(found) > limit else None
    return {"items": [describe_seal(seal) for seal in page], "cursor": following}


def prove(ctx: KernelContext, event_id: str) -> dict[str, Any]:
    """That an event is part of the sealed log: what was hashed, and the path to the root (RFC 6962).

    Raises EventUnknown, EventNotSealed.
    """
    _check(ctx)
    event = store.find_event(ctx.uow.execute, event_id)
    if event is None:
        raise EventUnknown(id=event_id)
    found = store.find_seal_of(ctx.uow.execute, event.position)
    if found is None:
        raise EventNotSealed(id=event_id)
    seal, manifest = found
    if event.position not in manifest.positions:
        # In a gap of a sealed span: somebody has put it there.
        raise EventNotSealed(id=event_id)
    index = list(manifest.positions).index(event.position)
    return {
        "event": {"id": event.id, "position": event.position, "type": event.type, "canonical": event.data.decode()},
        "leaf": event.leaf.hex(),
        "is_sound": event.leaf == manifest.leaves[index],
        "index": index,
        "size": len(manifest.leaves),
        "path": [node.hex() for node in proof_of(manifest.leaves, index)],
        "seal": describe_seal(seal),
    }


def verify(ctx: KernelContext, *, after: int = 0, limit: int = SEALS_PER_REQUEST_MAX) -> Verification:
    """Some seals of the log. On the last of them the anchors are asked too. after: a number, 0 for the beginning."""
    _check(ctx)
    result = verify_log(ctx.uow.execute, after=after, seals_max=min(limit, SEALS_PER_REQUEST_MAX))
    if result.next is None:
        anchors = anchors_of(ctx.kernel)
        result.add(faults_of_records(ctx.uow.execute, ctx.runtime.tenant, anchors))
        result.anchors = len(anchors)
    return result


def trail(ctx: KernelContext, document_id: str) -> dict[str, Any]:
    """A document's events, the seal of each, and what the anchors have of them."""
    _check(ctx)
    rows = store.read_positions(ctx.uow.execute, document_id, TRAIL_EVENTS_MAX)
    seals = store.find_seals(ctx.uow.execute, [position for position, _, _ in rows])
    roots = [to_root(ctx.runtime.tenant, seal) for seal in seals]
    events = [
        {"id": id, "position": position, "type": type, "seal": _seal_at(seals, position)} for position, id, type in rows
    ]
    return {"events": events, "receipts": receipts_of(ctx.kernel, document_id, roots)}


def describe_seal(seal: Seal) -> Mapping[str, Any]:
    """A seal as JSON."""
    return {
        "number": seal.number,
        "first_position": seal.first_position,
        "last_position": seal.last_position,
        "events": seal.events,
        "root": seal.root.hex(),
        "previous": seal.previous.hex(),
        "hash": seal.hash.hex(),
        "sealed_at": seal.sealed_at,
    }


def _seal_at(seals: list[Seal], position: int) -> int | None:
    return next((seal.number for seal in seals if seal.first_position <= position <= seal.last_position), None)


def _check(ctx: KernelContext) -> None:
    ctx.permissions.check_resource("read", SEAL)
