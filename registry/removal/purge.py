"""Removing for good what an uninstalled applet holds: in bites, each a transaction, so that nobody has to wait for it.

The log of events stays, what it tells of these documents with it: each of its seals covers all there is before, and an
auditor could not tell a gap from a forgery. What it tells of persons cannot be read any more: its keys are destroyed.
Number series stay too, so that no number is given a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, LiteralString

import orjson
import psycopg

from kernel.context import KernelContext
from kernel.db.bites import delete_in_bites
from kernel.db.unit_of_work import qualify
from kernel.transfer.caller import Caller
from registry.plans.situation import Move
from registry.removal.extent import count_documents, count_linked, registers_of, types_of
from registry.removal.tombstones import begin_purge, check_purge
from registry.rows import AVAILABLE, UNINSTALLED, AppletRow, read_rows, take_turn
from registry.transitions import RESOURCE, event_of, raise_generation
from sdk.event import Event
from sdk.identifiers import new_id

DOCUMENTS_AT_ONCE = 1_000
STUB = "kernel.stub"
# As the type allows.
TITLE_MAX = 1_000

# The content only of those that are to be named: a thousand documents may be many megabytes.
_BITE = """
SELECT id::text, type, number, CASE WHEN is_linked THEN data END, is_linked FROM (
    SELECT d.id, d.type, d.number, d.data,
           EXISTS (SELECT FROM {t}.links l JOIN {t}.documents f ON f.id = l.from_id
                    WHERE l.to_id = d.id AND f.type <> ALL(%(types)s)) AS is_linked
      FROM {t}.documents d WHERE d.type = ANY(%(types)s) ORDER BY d.type, d.id LIMIT %(limit)s FOR UPDATE OF d
) AS bite
"""
# What hangs on documents, each by the column that names them.
_HANGING: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("keys", "document_id"), ("links", "from_id"), ("search", "document_id"), ("deliveries", "aggregate_id"),
)  # fmt: skip
_DELETE = "DELETE FROM {t}.%s WHERE %s = ANY(%%s::uuid[])"
_DESTROY_KEYS = """
UPDATE {t}.cipher_keys k SET wrapped = NULL, destroyed_at = %(at)s FROM {t}.events e
 WHERE e.aggregate_id = ANY(%(ids)s::uuid[]) AND k.id = e.id AND k.kind = 'subject' AND k.wrapped IS NOT NULL
"""
_STUB = """
UPDATE {t}.documents SET type = 'kernel.stub', company_id = NULL, version = 1, schema_version = 1, state = NULL,
       data = %(data)s::jsonb, kept = NULL, created_at = %(at)s, created_by = %(by)s,
       updated_at = %(at)s, updated_by = %(by)s, deleted_at = NULL, archived_at = NULL
 WHERE id = %(id)s
"""
_EVENT = """
INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, correlation_id, payload)
VALUES (%(id)s, %(type)s, %(aggregate_type)s, %(aggregate_id)s, %(version)s, %(occurred_at)s, %(actor)s,
        %(correlation_id)s, %(payload)s::jsonb)
"""
_MOVEMENTS_LEFT = "DELETE FROM {t}.movements WHERE register = ANY(%s)"
_TOTALS = "DELETE FROM {t}.totals WHERE register = ANY(%s)"
_FORGET = "DELETE FROM {t}.applets WHERE name = %s AND state = 'uninstalled' RETURNING version"
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"
_MOVEMENTS = "SELECT count(*) FROM {t}.movements WHERE register = ANY(%s)"

Progress = Callable[[int], None]


@dataclass
class Purged:
    """How much was removed, or would be. stubs: documents of which a stub is kept, as others link to them."""

    applet: str
    documents: int = 0
    stubs: int = 0
    movements: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def count_purge(caller: Caller, name: str) -> Purged:
    """What a purge would remove now. Raises as `purge` does, and changes nothing."""
    with caller.begin() as uow:
        _check(caller.context(uow), name)
        types = types_of(uow, name)
        row = uow.execute(_MOVEMENTS, [registers_of(uow, name)]).fetchone()
        linked = count_linked(uow, types)
        total = sum(count_documents(uow, types).values())
        return Purged(name, total - linked, linked, int(row[0]) if row else 0)


def purge(caller: Caller, name: str, *, progress: Progress = lambda documents: None) -> Purged:
    """Remove it all; what was interrupted goes on where it was. progress: told how many more documents are done.

    Raises PermissionDenied, AppletStateWrong, PurgeTooEarly.
    """
    with caller.begin() as uow:
        take_turn(uow)
        ctx = caller.context(uow)
        row = _check(ctx, name)
        begin_purge(ctx, row)
        types, registers = types_of(uow, name), registers_of(uow, name)
        raise_generation(ctx)
        uow.commit()
    done = Purged(name)
    with caller.kernel.database.owner(caller.tenant.database) as connection:
        work = _Work(ctx, connection, caller.tenant.schema, row, types)
        while found := work.bite():
            done.documents += found[0]
            done.stubs += found[1]
            progress(found[0])
        done.movements = work.remove_movements(registers)
        work.remove_receipts()
        work.end(done)
    return done


def _check(ctx: KernelContext, name: str) -> AppletRow:
    ctx.permissions.check_resource("purge", RESOURCE)
    return check_purge(ctx, read_rows(ctx.uow), name)


@dataclass(frozen=True)
class _Work:
    """One purge, on the owner's connection: tenants' roles may not remove documents and movements."""

    ctx: KernelContext
    connection: psycopg.Connection[Any]
    schema: str
    row: AppletRow
    types: Sequence[str]

    def bite(self) -> tuple[int, int] | None:
        """How many documents are gone with it, and how many became stubs; None when there are no more."""
        with self.connection.transaction():
            found = self._run(_BITE, {"types": list(self.types), "limit": DOCUMENTS_AT_ONCE}).fetchall()
            if not found:
                return None
            ids = [row[0] for row in found]
            for table, column in _HANGING:
                self._run(_DELETE % (table, column), [ids])
            self._run(_DESTROY_KEYS, {"ids": ids, "at": self.ctx.now})
            linked = [row for row in found if row[4]]
            for id, type, number, data, _ in linked:
                self._make_stub(id, type, number, data)
            gone = sorted(set(ids) - {row[0] for row in linked})
            self._run(_DELETE % ("documents", "id"), [gone])
        return len(gone), len(linked)

    def remove_movements(self, registers: Sequence[str]) -> int:
        """Of its registers only: what its documents have made others post is the others'."""
        if not registers:
            return 0
        values = {"registers": list(registers)}
        removed = delete_in_bites(
            self.connection, (self.schema, "movements"), "register = ANY(%(registers)s)", values
        )  # fmt: skip
        # Those that were being folded were passed over; after that none is, and the totals are the last of them.
        removed += self._run(_MOVEMENTS_LEFT, [list(registers)]).rowcount
        self._run(_TOTALS, [list(registers)])
        return removed

    def remove_receipts(self) -> None:
        values = {"prefix": f"{self.row.name}:"}
        for table, column in (("inbox", "consumer"), ("deliveries", "subscriber")):
            delete_in_bites(
                self.connection, (self.schema, table), _BEGINS[column], values, key=_KEYS[table]
            )  # fmt: skip

    def end(self, done: Purged) -> None:
        """The applet is as if it had never been here, but for what the log tells."""
        move = Move(self.row.name, "purge", UNINSTALLED, AVAILABLE, self.row.version, None)
        with self.connection.transaction():
            if self._run(_FORGET, [self.row.name]).fetchone() is not None:
                self._append(event_of(self.ctx, move, done.as_json()))
                self._run(_RAISE_GENERATION, [])

    def _make_stub(self, id: str, type: str, number: str | None, data: Mapping[str, Any]) -> None:
        title = self._title(type, data) or number or id
        stored = {"document_type": type, "title": title[:TITLE_MAX]}
        text = orjson.dumps(stored).decode()
        self._run(_STUB, {"id": id, "data": text, "at": self.ctx.now, "by": self.ctx.actor.id})
        self._append(
            Event(
                id=new_id(),
                type=f"{STUB}.created",
                aggregate_type=STUB,
                aggregate_id=id,
                version=1,
                occurred_at=self.ctx.now,
                actor=self.ctx.actor.id,
                correlation_id=self.ctx.correlation_id,
                payload={"diff": stored} | ({"number": number} if number else {}),
            )
        )

    def _title(self, type: str, data: Mapping[str, Any]) -> str | None:
        """Not where it may be a person's name: what a purge writes would outlive an erasure."""
        stubs = self.row.stubs or {}
        field = stubs.get("types", {}).get(type) if type not in stubs.get("personal", ()) else None
        value = data.get(field) if field else None
        return value if isinstance(value, str) and value else None

    def _append(self, event: Event) -> None:
        values = {
            "id": event.id, "type": event.type, "aggregate_type": event.aggregate_type,
            "aggregate_id": event.aggregate_id, "version": event.version, "occurred_at": event.occurred_at,
            "actor": event.actor, "correlation_id": event.correlation_id,
            "payload": orjson.dumps(event.payload).decode(),
        }  # fmt: skip
        self._run(_EVENT, values)

    def _run(self, sql: str, values: Any) -> psycopg.Cursor[Any]:
        return self.connection.execute(qualify(sql, self.schema), values)


_BEGINS: Mapping[str, LiteralString] = {
    "consumer": "starts_with(consumer, %(prefix)s)",
    "subscriber": "starts_with(subscriber, %(prefix)s)",
}
# Receipts have no key of one column; where a row lies is one, within a statement.
_KEYS = {"inbox": "ctid", "deliveries": "id"}
