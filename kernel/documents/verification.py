"""Whether the documents of a tenant are what their events say: each is rebuilt from the log and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from kernel.context import KernelContext
from kernel.documents.history import CHANGE_COLUMNS, LoggedChange, replay, reveal_changes
from kernel.documents.rows import COLUMNS, Row
from kernel.secrets.reveal import reveal_each, reveal_payloads
from sdk.schema import diff
from sdk.schema.patch import is_same

DOCUMENTS_AT_ONCE = 500
DIFFERENCES_TOLD_MAX = 100

_WIDTH = len(Row._fields)
_NIL = "00000000-0000-0000-0000-000000000000"
# One statement for documents and events: what is written meanwhile is in both or in neither. The data come with the
# first event only, as the rows of a document repeat it.
_SHOWN = ", ".join("CASE WHEN e.n = 1 OR e.n IS NULL THEN d.data END" if n == "data" else f"d.{n}" for n in Row._fields)
_READ = f"""
WITH d AS (SELECT {COLUMNS}, id AS key FROM {{t}}.documents WHERE id > %s ORDER BY id LIMIT %s)
SELECT {_SHOWN}, {", ".join(f"e.{column.partition('::')[0]}" for column in CHANGE_COLUMNS)}
  FROM d LEFT JOIN LATERAL (
       SELECT {", ".join(CHANGE_COLUMNS)}, row_number() OVER (ORDER BY version, position) AS n
         FROM {{t}}.events WHERE aggregate_id = d.key AND aggregate_type = d.type
  ) e ON true ORDER BY d.key, e.n
"""
# What was purged with its applet is not lost: the log tells of it, and of the purge.
_LOST = """
WITH purged AS (
    SELECT payload ->> 'applet' AS applet, max(position) AS until FROM {t}.events
     WHERE type = 'kernel.applet.purged' GROUP BY 1
    UNION ALL
    SELECT a.name, max(e.position) FROM {t}.applets a, {t}.events e WHERE a.stubs -> 'purge' IS NOT NULL GROUP BY 1
)
SELECT e.aggregate_id::text, e.aggregate_type FROM {t}.events e
 WHERE e.version = 1 AND e.type = e.aggregate_type || '.created'
   AND NOT EXISTS (SELECT FROM {t}.documents d WHERE d.id = e.aggregate_id)
   AND NOT EXISTS (
       SELECT FROM purged p WHERE p.applet = split_part(e.aggregate_type, '.', 1) AND p.until >= e.position
   )
 ORDER BY e.position
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that is not what its events say. fields: what differs; `missing` where it or its events are gone."""

    id: str
    type: str
    fields: tuple[str, ...]


@dataclass
class Verification:
    """documents, changes: how many were looked at. different: of the documents; the first of them are named."""

    documents: int = 0
    changes: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)

    def note(self, found: Difference) -> None:
        self.different += 1
        if len(self.differences) < DIFFERENCES_TOLD_MAX:
            self.differences.append(found)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def verify(ctx: KernelContext, progress: Callable[[int], None] = lambda count: None) -> Verification:
    """Compare every document, deleted ones too, with what its events rebuild. Flat memory; nothing is changed.

    progress: told how many more documents were compared.
    """
    report, after = Verification(), _NIL
    while rows := ctx.uow.execute(_READ, [after, DOCUMENTS_AT_ONCE]).fetchall():
        before = report.documents
        for stored, changes in _by_document(rows):
            _compare(report, *_in_the_clear(ctx, stored, changes))
        after = rows[-1][0]
        progress(report.documents - before)
    for id, type in ctx.uow.execute(_LOST).fetchall():
        report.note(Difference(id, type, ("document missing",)))
    return report


def count_documents(ctx: KernelContext) -> int:
    """How many there are to compare."""
    row = ctx.uow.execute("SELECT count(*) FROM {t}.documents").fetchone()
    return row[0] if row else 0


def _by_document(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Row, list[LoggedChange]]]:
    for _, found in groupby(rows, key=lambda row: row[0]):
        group = list(found)
        yield Row(*group[0][:_WIDTH]), [LoggedChange(*row[_WIDTH:]) for row in group if row[_WIDTH] is not None]


def _in_the_clear(ctx: KernelContext, stored: Row, changes: list[LoggedChange]) -> tuple[Row, list[LoggedChange]]:
    """The same value is another ciphertext in the document and in its event."""
    type = ctx.runtime.catalogue.types.get(stored.type)
    if type is None:
        # Of an applet that is not enabled now: what is encrypted shows by itself, as it does in events.
        (told,) = reveal_payloads(ctx, [(stored.type, stored.id, {"diff": stored.data})])
        return stored._replace(data=dict(told["diff"])), reveal_changes(ctx, changes)
    if not type.is_protected and type.lenses is None:
        return stored, changes
    return reveal_each(ctx, type, [stored])[0], reveal_changes(ctx, changes)


def _compare(report: Verification, stored: Row, changes: list[LoggedChange]) -> None:
    report.documents += 1
    rebuilt = [row for _, row in replay(changes)]
    report.changes += len(rebuilt)
    fields = differing(stored, rebuilt[-1]) if rebuilt else ("events missing",)
    if fields:
        report.note(Difference(stored.id, stored.type, fields))


def differing(stored: Row, rebuilt: Row) -> tuple[str, ...]:
    """Names of the system fields and of the fields, as `data.total`, that are not the same."""
    system = [n for n in Row._fields if n != "data" and getattr(stored, n) != getattr(rebuilt, n)]
    if is_same(stored.data, rebuilt.data):
        return tuple(system)
    return (*system, *(f"data.{name}" for name in diff(stored.data, rebuilt.data)))
