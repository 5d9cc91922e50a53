"""What a document was: replayed from its events, which alone are enough to rebuild it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kernel.context import KernelContext
from kernel.documents.casting import cast_row
from kernel.documents.rows import Row, flatten, to_document
from kernel.documents.service import get_any
from kernel.documents.sight import check_seen
from kernel.secrets.reveal import reveal_payloads
from sdk.document_errors import DocumentNotFound
from sdk.schema import apply

CHANGE_COLUMNS = (
    "aggregate_type", "aggregate_id::text", "type", "version", "occurred_at", "actor", "payload", "applet",
)  # fmt: skip
_READ = f"""
SELECT {", ".join(CHANGE_COLUMNS)} FROM {{t}}.events
 WHERE aggregate_id = %s AND aggregate_type = %s AND version <= %s ORDER BY version, position
"""


# The verb of the event of a sweep: the same revision of a document, as another version of its type has it.
CAST = "cast"


class LoggedChange(NamedTuple):
    """An event about a document. type: `<document type>.<verb>`. applet: whose code has caused it."""

    document_type: str
    document_id: str
    type: str
    version: int
    occurred_at: datetime
    actor: str
    payload: Mapping[str, Any]
    applet: str | None = None

    @property
    def is_cast(self) -> bool:
        """Whether a sweep has written it, and not an applet that calls an event of its own so."""
        return self.verb == CAST and self.applet is None and "schema_version" in self.payload

    @property
    def verb(self) -> str:
        return self.type.removeprefix(f"{self.document_type}.")


@dataclass(frozen=True)
class Past:
    """A document as it was. hidden: what the caller may not see of it, now or then."""

    row: Row
    hidden: frozenset[str]

    def flatten(self, fields: tuple[str, ...] = ()) -> dict[str, Any]:
        """Flat JSON, as of the present one."""
        return flatten(self.row, self.hidden, fields)


def replay(changes: Iterable[LoggedChange]) -> Iterator[tuple[LoggedChange, Row]]:
    """Each change of one document with the document after it. changes: its events, by version and position.

    Events that applets have emitted about the document are passed over: they stand behind the change that made the
    version they name; what a sweep has cast is the same version once more. Behind a missing change nothing follows,
    since nothing after it could be trusted.
    """
    row: Row | None = None
    for change in changes:
        if not isinstance(change.payload.get("diff"), Mapping):
            continue
        if row is not None and change.version == row.version and change.is_cast:
            row = _recast(row, change)
            yield change, row
        elif change.version == (row.version if row else 0) + 1:
            row = _step(row, change)
            yield change, row


def _recast(row: Row, change: LoggedChange) -> Row:
    payload = change.payload
    return row._replace(
        data=apply(row.data, payload["diff"]),
        state=payload.get("state", row.state),
        schema_version=payload["schema_version"],
        kept=payload.get("kept", row.kept),
    )


def _step(row: Row | None, change: LoggedChange) -> Row:
    payload, at, by = change.payload, change.occurred_at, change.actor
    return Row(
        id=change.document_id,
        type=change.document_type,
        company_id=row.company_id if row else payload.get("company_id"),
        version=change.version,
        schema_version=payload.get("schema_version", row.schema_version if row else 1),
        state=payload.get("state", row.state if row else None),
        number=payload.get("number", row.number if row else None),
        data=apply(row.data if row else {}, payload["diff"]),
        created_at=row.created_at if row else at,
        created_by=row.created_by if row else by,
        updated_at=at,
        updated_by=by,
        deleted_at=_moment(change, row.deleted_at if row else None, "deleted", "restored"),
        archived_at=_moment(change, row.archived_at if row else None, "archived", "unarchived"),
        kept=payload.get("kept", row.kept if row else None),
    )


def _moment(change: LoggedChange, before: datetime | None, begins: str, ends: str) -> datetime | None:
    if change.verb in (begins, ends):
        return change.occurred_at if change.verb == begins else None
    return before


def as_of(ctx: KernelContext, type_name: str, id: str, moment: date | datetime) -> Past:
    """The document as it stood then: at an instant, or at the end of a day of the tenant's.

    Raises DocumentNotFound where it was not there yet or was deleted, and where it is not the caller's to read as it is
    now or was not as it was then.
    """
    end = last_instant(ctx, moment)
    found: Row | None = None
    for change, row in _history(ctx, type_name, id):
        if change.occurred_at > end:
            break
        found = row
    if found is None or found.deleted_at is not None:
        raise DocumentNotFound(resource=type_name, id=id)
    return _shown(ctx, found)


def at_revision(ctx: KernelContext, type_name: str, id: str, revision: int) -> Past:
    """The document at one of its versions, from 1. Raises DocumentNotFound where there is no such version."""
    found = next((row for _, row in _history(ctx, type_name, id, revision) if row.version == revision), None)
    if found is None:
        raise DocumentNotFound(resource=f"revision {revision} of {type_name}", id=id)
    return _shown(ctx, found)


def last_instant(ctx: KernelContext, moment: date | datetime) -> datetime:
    """An instant as it is; of a day the last microsecond in the tenant's time zone."""
    if isinstance(moment, datetime):
        return moment
    if moment == date.max:
        return datetime.max.replace(tzinfo=UTC)
    midnight = datetime.combine(moment + timedelta(days=1), time.min, ZoneInfo(ctx.runtime.tenant.timezone))
    return midnight - timedelta(microseconds=1)


def _history(
    ctx: KernelContext, type_name: str, id: str, last: int | None = None
) -> Iterator[tuple[LoggedChange, Row]]:
    """last: the version to end with."""
    # Whoever may not read the document as it is has no business with what it was.
    document = get_any(ctx, type_name, id)
    end = document.version if last is None else min(last, document.version)
    changes = [LoggedChange(*found) for found in ctx.uow.execute(_READ, [document.id, document.type, end])]
    return replay(reveal_changes(ctx, changes))


def reveal_changes(ctx: KernelContext, changes: list[LoggedChange]) -> list[LoggedChange]:
    """The changes with what was protected in the clear. Values that were erased are as if they had never been."""
    payloads = reveal_payloads(ctx, [(each.document_type, each.document_id, each.payload) for each in changes])
    return [each._replace(payload=payload) for each, payload in zip(changes, payloads, strict=True)]


def _shown(ctx: KernelContext, row: Row) -> Past:
    type, scope = ctx.runtime.catalogue.type(row.type), ctx.scope()
    row = cast_row(type, row)
    past, present = to_document(type, row), get_any(ctx, row.type, row.id)
    check_seen(ctx, type, past)
    hidden = (ctx.permissions.mask(type, "read", document, scope) for document in (past, present))
    return Past(row, frozenset().union(*hidden))
