"""All SQL about seals. Sealing runs on the owner's connection, everything else under the tenant's role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kernel.audit.canonical import event_bytes
from kernel.audit.merkle import HASH_BYTES, hash_leaf
from kernel.audit.seals import Manifest, Seal

# Runs SQL with "{t}" in it for the tenant's schema: a unit of work's, or the owner's (`owner_execute`).
Execute = Callable[[str, Sequence[Any]], Any]

_SEAL = "number, first_position, last_position, events, root, previous, hash, sealed_at"
# Written so that no setting of the session can make a difference.
_COLUMNS = {
    "id": "id::text", "type": "type", "aggregate_type": "aggregate_type", "aggregate_id": "aggregate_id::text",
    "version": "version", "occurred_at": "extract(epoch FROM occurred_at)::text", "actor": "actor",
    "applet": "applet", "correlation_id": "correlation_id::text", "causation_id": "causation_id::text",
}  # fmt: skip
_JSON_COLUMNS = ("request", "payload")
_NAMES = ("position", *_COLUMNS)
_SELECT = f"SELECT position, {', '.join(_COLUMNS.values())}, request::text, payload::text FROM {{t}}.events"


class Found(NamedTuple):
    """An event as it stands in the log now. data: the bytes its leaf hash is over."""

    position: int
    id: str
    type: str
    data: bytes

    @property
    def leaf(self) -> bytes:
        return hash_leaf(self.data)


def read_events(execute: Execute, after: int, up_to: int, limit: int | None = None) -> list[Found]:
    """Events of a span, in order."""
    sql = f"{_SELECT} WHERE position > %s AND position <= %s ORDER BY position LIMIT %s"
    return [_found(row) for row in execute(sql, [after, up_to, limit])]


def find_event(execute: Execute, id: str) -> Found | None:
    row = execute(f"{_SELECT} WHERE id = %s", [id]).fetchone()
    return _found(row) if row else None


def read_positions(execute: Execute, aggregate_id: str, limit: int) -> list[tuple[int, str, str]]:
    """(position, id, type) of a document's events, oldest first."""
    sql = "SELECT position, id::text, type FROM {t}.events WHERE aggregate_id = %s ORDER BY version, position LIMIT %s"
    return list(execute(sql, [aggregate_id, limit]))


def count_events(execute: Execute, after: int) -> int:
    return int(execute("SELECT count(*) FROM {t}.events WHERE position > %s", [after]).fetchone()[0])


def last_seal(execute: Execute) -> Seal | None:
    row = execute(f"SELECT {_SEAL} FROM {{t}}.seals ORDER BY number DESC LIMIT 1", []).fetchone()
    return Seal(*row) if row else None


def list_seals(execute: Execute, before: int | None, limit: int) -> list[Seal]:
    """Newest first."""
    sql = f"SELECT {_SEAL} FROM {{t}}.seals WHERE %s::bigint IS NULL OR number < %s ORDER BY number DESC LIMIT %s"
    return [Seal(*row) for row in execute(sql, [before, before, limit])]


def find_seals(execute: Execute, positions: Sequence[int]) -> list[Seal]:
    """The seals that hold these positions, oldest first."""
    sql = f"""
        SELECT {_SEAL} FROM {{t}}.seals s WHERE EXISTS (
            SELECT 1 FROM unnest(%s::bigint[]) AS p WHERE p BETWEEN s.first_position AND s.last_position)
         ORDER BY number
    """
    return [Seal(*row) for row in execute(sql, [list(positions)])]


def find_seal_of(execute: Execute, position: int) -> tuple[Seal, Manifest] | None:
    """The seal that holds a position."""
    sql = f"""
        SELECT {_SEAL}, positions, ids::text[], leaves FROM {{t}}.seals
         WHERE last_position >= %s ORDER BY last_position LIMIT 1
    """
    row = execute(sql, [position]).fetchone()
    return _with_manifest(row) if row and row[1] <= position else None


def read_seals(execute: Execute, after: int, limit: int) -> list[tuple[Seal, Manifest]]:
    """Seals with what they hold, after a number, in order."""
    sql = f"SELECT {_SEAL}, positions, ids::text[], leaves FROM {{t}}.seals WHERE number > %s ORDER BY number LIMIT %s"
    return [_with_manifest(row) for row in execute(sql, [after, limit])]


def count_seals(execute: Execute) -> int:
    return int(execute("SELECT count(*) FROM {t}.seals", []).fetchone()[0])


def insert_seal(execute: Execute, seal: Seal, manifest: Manifest) -> None:
    execute(
        f"INSERT INTO {{t}}.seals ({_SEAL}, positions, ids, leaves)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s::uuid[], %s)",
        [
            seal.number, seal.first_position, seal.last_position, seal.events, seal.root, seal.previous, seal.hash,
            seal.sealed_at, list(manifest.positions), list(manifest.ids), b"".join(manifest.leaves),
        ],
    )  # fmt: skip


def _found(row: Sequence[Any]) -> Found:
    columns: Mapping[str, Any] = dict(zip(_NAMES, row, strict=False))
    texts = dict(zip(_JSON_COLUMNS, row[len(_NAMES) :], strict=True))
    return Found(row[0], row[1], row[2], event_bytes(columns, texts))


def _with_manifest(row: Sequence[Any]) -> tuple[Seal, Manifest]:
    *seal, positions, ids, leaves = row
    split = [leaves[place : place + HASH_BYTES] for place in range(0, len(leaves), HASH_BYTES)]
    return Seal(*seal), Manifest(positions, ids, split)
