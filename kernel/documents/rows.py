"""Reading rows of documents, and what a row becomes: a `Document` for code, flat JSON for the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from kernel.db.unit_of_work import UnitOfWork
from sdk.document import Document
from sdk.schema import DocumentType, load
from sdk.values import instant_text

COLUMNS = (
    "id::text, type, company_id::text, version, schema_version, state, number, data,"
    " created_at, created_by, updated_at, updated_by, deleted_at, archived_at, kept"
)
# The fields as the text they are stored as, for whoever only passes them on.
TEXT_COLUMNS = COLUMNS.replace(" data,", " data::text,")
_UNSHOWN = ("data", "schema_version", "kept")
# A plain change leaves the key alone, so it does not stop others from linking to the document; a deletion does.
FOR_CHANGE = " FOR NO KEY UPDATE"
FOR_DELETION = " FOR UPDATE"
# Many may hold it so at the same time; whoever wants to change or delete it waits for all of them.
FOR_KEEPING = " FOR SHARE"


class Row(NamedTuple):
    """A document as stored. kept: what its version has no place for, see casting.py."""

    id: str
    type: str
    company_id: str | None
    version: int
    schema_version: int
    state: str | None
    number: str | None
    data: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    archived_at: datetime | None = None
    kept: dict[str, Any] | None = None


def read_row(uow: UnitOfWork, type: str, id: str, lock: str = "", *, is_held: bool = True) -> Row | None:
    """The row of one document, deleted or not, locked as asked. is_held: its write may be held back until now."""
    sql = f"SELECT {COLUMNS} FROM {{t}}.documents WHERE id = %s AND type = %s{lock}"
    found = (uow.execute if is_held else uow.execute_beside)(sql, [id, type]).fetchone()
    return Row(*found) if found else None


def read_rows(uow: UnitOfWork, ids: Sequence[str]) -> list[Row]:
    """Rows of any types by id, those not deleted."""
    sql = f"SELECT {COLUMNS} FROM {{t}}.documents WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL"
    return [Row(*found) for found in uow.execute(sql, [list(ids)])]


def to_document(type: DocumentType, row: Row) -> Document:
    """With values cast as the type says. What is stored was valid when it was written."""
    values, _ = load(type, row.data)
    return Document(
        id=row.id,
        type=row.type,
        fields=values,
        company_id=row.company_id,
        version=row.version,
        schema_version=row.schema_version,
        state=row.state,
        number=row.number,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        deleted_at=row.deleted_at,
        archived_at=row.archived_at,
    )


def flatten(row: Row, hidden: frozenset[str], fields: Sequence[str] = ()) -> dict[str, Any]:
    """Flat JSON without the hidden fields; only `id` and the fields asked for when there are any."""
    flat = {
        "id": row.id,
        "type": row.type,
        "company_id": row.company_id,
        "version": row.version,
        "state": row.state,
        "number": row.number,
        "created_at": instant_text(row.created_at),
        "created_by": row.created_by,
        "updated_at": instant_text(row.updated_at),
        "updated_by": row.updated_by,
        "deleted_at": instant_text(row.deleted_at) if row.deleted_at else None,
        "archived_at": instant_text(row.archived_at) if row.archived_at else None,
        **row.data,
    }
    for name in hidden:
        flat.pop(name, None)
    if fields:
        return {name: flat[name] for name in ("id", *fields) if flat.get(name) is not None}
    return {name: value for name, value in flat.items() if value is not None}


def flatten_text(found: Sequence[Any]) -> orjson.Fragment:
    """The same JSON of a row of TEXT_COLUMNS, everything in it, without reading what stands in its fields."""
    known = zip(Row._fields, found, strict=True)
    system = {name: value for name, value in known if value is not None and name not in _UNSHOWN}
    begun = orjson.dumps(system, option=orjson.OPT_UTC_Z)[:-1].decode()
    fields: str = found[Row._fields.index("data")]
    return orjson.Fragment(f"{begun}, {fields[1:]}" if fields != "{}" else f"{begun}}}")


def stored_row(document: Document, data: Mapping[str, Any]) -> Row:
    """The row a document that was just written has."""
    assert document.created_at is not None
    assert document.updated_at is not None
    return Row(
        document.id,
        document.type,
        document.company_id,
        document.version,
        document.schema_version,
        document.state,
        document.number,
        dict(data),
        document.created_at,
        document.created_by or "",
        document.updated_at,
        document.updated_by or "",
        document.deleted_at,
        document.archived_at,
    )
