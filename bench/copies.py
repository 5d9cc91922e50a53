"""What one transaction of ours wrote, read back row by row: bare psycopg then writes as many rows of that size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sdk.identifiers import new_id

Row = dict[str, str | None]

# Columns and their types, without those that PostgreSQL counts up by itself.
TABLES: Mapping[str, Mapping[str, str]] = {
    "documents": {
        "id": "uuid", "type": "text", "company_id": "uuid", "version": "integer", "schema_version": "integer",
        "state": "text", "number": "text", "data": "jsonb", "created_at": "timestamptz", "created_by": "text",
        "updated_at": "timestamptz", "updated_by": "text", "deleted_at": "timestamptz",
    },
    "keys": {"type": "text", "field": "text", "company_id": "uuid", "value": "text", "document_id": "uuid"},
    "links": {"from_id": "uuid", "field": "text", "to_id": "uuid"},
    "cipher_keys": {
        "id": "uuid", "kind": "text", "subject_id": "uuid", "wrapped": "bytea", "wrapped_by": "text",
        "created_at": "timestamptz",
    },
    "events": {
        "id": "uuid", "type": "text", "aggregate_type": "text", "aggregate_id": "uuid", "version": "integer",
        "occurred_at": "timestamptz", "actor": "text", "applet": "text", "correlation_id": "uuid",
        "causation_id": "uuid", "request": "jsonb", "payload": "jsonb",
    },
    "deliveries": {
        "subscriber": "text", "event_position": "bigint", "event_id": "uuid", "aggregate_id": "uuid",
        "due_at": "timestamptz", "created_at": "timestamptz",
    },
    "movements": {
        "register": "text", "company_id": "uuid", "document_id": "uuid", "occurred_at": "timestamptz",
        **{f"d{number}": "text" for number in range(1, 9)}, **{f"r{number}": "numeric" for number in range(1, 5)},
        "balanced": "boolean",
    },
}  # fmt: skip
# Which column says whose row it is.
OWNERS = {"documents": "id", "keys": "document_id", "links": "from_id", "cipher_keys": "subject_id",
          "events": "aggregate_id", "deliveries": "aggregate_id", "movements": "document_id"}  # fmt: skip

Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Change:
    """One write of one document: the document's row, its event, and what came with them."""

    document: Row
    event: Row
    is_new: bool
    rest: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class Transaction:
    """What one transaction wrote, in order. series: how many number series it advanced."""

    changes: Sequence[Change]
    series: int = 0

    def count_rows(self) -> dict[str, int]:
        """Rows by table; a document that is written twice counts twice, `updates` says how often one was changed."""
        counts = {
            "documents": sum(change.is_new for change in self.changes),
            "updates": sum(not change.is_new for change in self.changes),
            "events": len(self.changes),
            "series": self.series,
        }
        for change in self.changes:
            for table, rows in change.rest.items():
                counts[table] = counts.get(table, 0) + len(rows)
        return {table: count for table, count in counts.items() if count}

    def own_ids(self) -> set[str]:
        """Ids that exist only through this transaction."""
        ids = {str(change.event["id"]) for change in self.changes}
        ids |= {str(change.event["correlation_id"]) for change in self.changes}
        ids |= {str(row["id"]) for change in self.changes for row in change.rest.get("cipher_keys", ())}
        return ids | {str(change.document["id"]) for change in self.changes}


def read_rows(connection: psycopg.Connection[Any], schema: str, ids: Sequence[str]) -> Rows:
    """All rows of these documents, every value as text."""
    return {table: list(_read(connection, schema, table, ids)) for table in TABLES}


def _read(connection: psycopg.Connection[Any], schema: str, table: str, ids: Sequence[str]) -> Iterator[Row]:
    names = list(TABLES[table])
    columns = ", ".join(f"{name}::text" for name in names)
    order = " ORDER BY position" if table == "events" else ""
    sql = f'SELECT {columns} FROM "{schema}".{table} WHERE {OWNERS[table]} = ANY(%s::uuid[]){order}'
    for values in connection.execute(sql, [list(ids)]):
        yield dict(zip(names, values, strict=True))


def difference(before: Rows, after: Rows, *, series: int = 0) -> Transaction:
    """What was written between two readings, one change per event, in the order of the events."""
    new = {table: [row for row in rows if row not in before.get(table, [])] for table, rows in after.items()}
    known = {row["id"] for row in before.get("documents", [])}
    documents = {row["id"]: row for row in after["documents"]}
    last = {row["aggregate_id"]: row["id"] for row in new["events"]}
    changes = []
    for event in new["events"]:
        owner = event["aggregate_id"]
        is_new = owner not in known
        known.add(owner)
        tables = (["keys", "links", "cipher_keys"] if is_new else []) + (
            ["movements"] if last[owner] == event["id"] else []
        )
        rest = {table: [row for row in new.get(table, ()) if row[OWNERS[table]] == owner] for table in tables}
        rest["deliveries"] = [row for row in new["deliveries"] if row["event_id"] == event["id"]]
        document = {**documents[owner], "version": event["version"]}
        changes.append(Change(document, event, is_new, {name: rows for name, rows in rest.items() if rows}))
    return Transaction(changes, series)


def renamed(values: Any, names: Mapping[str, str]) -> Any:
    """The same with other names in every text, however deep."""
    if isinstance(values, str):
        for old, new in names.items():
            values = values.replace(old, new)
        return values
    if isinstance(values, list):
        return [renamed(value, names) for value in values]
    return values


def fresh_names(ids: set[str], marks: Mapping[str, str]) -> dict[str, str]:
    """A new id for each of the ids, and what else is renamed."""
    return {**{id: new_id() for id in sorted(ids)}, **marks}
