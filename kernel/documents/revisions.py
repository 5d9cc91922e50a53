"""The history of one document: its events, newest first, each with the merge diff that made the revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kernel.context import KernelContext
from kernel.documents.history import last_instant
from kernel.documents.past_names import in_present_words
from kernel.documents.service import get_any
from kernel.events.cursors import decode_cursor, encode_cursor
from kernel.events.sight import EVENT, payload_without
from kernel.secrets.reveal import ERASED, reveal_payloads
from sdk.document_errors import PageSizeExceeded
from sdk.schema import DocumentType
from sdk.values import instant_text

# When the document became one of another version of its type.
_VERSIONS = """
SELECT position, (payload ->> 'schema_version')::int FROM {t}.events
 WHERE aggregate_id = %s AND aggregate_type = %s AND payload ? 'diff'
   AND jsonb_typeof(payload -> 'schema_version') = 'number' ORDER BY position
"""
# Where a request came from, as `RequestRecord` names it.
ORIGIN = ("address", "user_agent")

_READ = """
SELECT position, id::text, type, version, occurred_at, actor, applet, correlation_id::text, request, payload
  FROM {t}.events WHERE aggregate_id = %s AND (%s::bigint IS NULL OR position < %s)
   AND (%s::timestamptz IS NULL OR occurred_at <= %s) ORDER BY position DESC LIMIT %s
"""


def revisions(
    ctx: KernelContext,
    type_name: str,
    id: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    as_of: date | datetime | None = None,
) -> dict[str, Any]:
    """Who changed what and when, until `as_of`. Values of masked fields are left out, and where a request came from
    unless the caller may read the audit trail.
    """
    if not 1 <= limit <= ctx.kernel.settings.page_size_max:
        raise PageSizeExceeded(limit=limit, maximum=ctx.kernel.settings.page_size_max)
    document = get_any(ctx, type_name, id)
    type = ctx.runtime.catalogue.type(type_name)
    hidden = ctx.permissions.mask(type, "read", document, ctx.scope())
    before = decode_cursor(cursor) if cursor else None
    until = last_instant(ctx, as_of) if as_of is not None else None
    rows = ctx.uow.execute(_READ, [document.id, before, before, until, until, limit + 1]).fetchall()
    is_auditor = ctx.permissions.reaches_all(EVENT, "read")
    page = rows[:limit]
    shown = reveal_payloads(ctx, [(type.name, document.id, row[-1]) for row in page], erased=ERASED)
    versions = ctx.uow.execute(_VERSIONS, [document.id, type.name]).fetchall() if type.lenses is not None else []
    items = []
    for row, payload in zip(page, shown, strict=True):
        seen = _in_present_words(type, row[0], payload_without(type, payload, hidden), versions)
        items.append(_revision((*row[:-1], seen), is_auditor))
    return {"items": items, "cursor": encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None}


def _in_present_words(
    type: DocumentType, position: int, payload: Mapping[str, Any], versions: Sequence[tuple[int, int]]
) -> Mapping[str, Any]:
    """What leads from one version to another has the words of both."""
    if type.lenses is None or "schema_version" in payload or not isinstance(payload.get("diff"), Mapping):
        return payload
    version = next((version for at, version in reversed(versions) if at <= position), 1)
    if not 1 <= version <= type.lenses.latest:
        return payload
    return {**payload, "diff": in_present_words(type, payload["diff"], version)}


def _revision(row: tuple[Any, ...], is_auditor: bool) -> dict[str, Any]:
    _, id, type, version, occurred_at, actor, applet, correlation_id, request, payload = row
    return {
        # First: what an applet has emitted must not stand in the place of who did it and when.
        **payload,
        "event_id": id,
        "event": type,
        "version": version,
        "occurred_at": instant_text(occurred_at),
        "actor": actor,
        "applet": applet,
        "correlation_id": correlation_id,
        "request": request if is_auditor else _without_origin(request),
    }


def _without_origin(request: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What connects a change with logs, without telling where somebody works from and with what."""
    return {name: value for name, value in request.items() if name not in ORIGIN} if request else None
