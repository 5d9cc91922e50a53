"""The history of one document: its events, newest first, each with the merge diff that made the revision."""

from __future__ import annotations

from typing import Any

from kernel.context import KernelContext
from kernel.documents.service import get_any
from kernel.events.cursors import decode_cursor, encode_cursor
from kernel.events.sight import payload_without
from sdk.document_errors import PageSizeExceeded
from sdk.values import instant_text

_READ = """
SELECT position, id::text, type, version, occurred_at, actor, applet, correlation_id::text, request, payload
  FROM {t}.events WHERE aggregate_id = %s AND (%s::bigint IS NULL OR position < %s) ORDER BY position DESC LIMIT %s
"""


def revisions(
    ctx: KernelContext, type_name: str, id: str, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Who changed what and when. Values of masked fields are left out."""
    if not 1 <= limit <= ctx.kernel.settings.page_size_max:
        raise PageSizeExceeded(limit=limit, maximum=ctx.kernel.settings.page_size_max)
    document = get_any(ctx, type_name, id)
    type = ctx.runtime.catalogue.type(type_name)
    hidden = ctx.permissions.mask(type, "read", document, ctx.scope())
    before = decode_cursor(cursor) if cursor else None
    rows = ctx.uow.execute(_READ, [document.id, before, before, limit + 1]).fetchall()
    items = [_revision(row, hidden) for row in rows[:limit]]
    return {"items": items, "cursor": encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None}


def _revision(row: tuple[Any, ...], hidden: frozenset[str]) -> dict[str, Any]:
    _, id, type, version, occurred_at, actor, applet, correlation_id, request, payload = row
    return {
        # First: what an applet has emitted must not stand in the place of who did it and when.
        **payload_without(payload, hidden),
        "event_id": id,
        "event": type,
        "version": version,
        "occurred_at": instant_text(occurred_at),
        "actor": actor,
        "applet": applet,
        "correlation_id": correlation_id,
        "request": request,
    }
