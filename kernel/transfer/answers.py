"""What is asked of the routes of the room, and answered, for the description of the API."""

from __future__ import annotations

from kernel.http.operations import Query
from kernel.http.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    TEXT,
    Schema,
    items_of,
    members,
    named,
    nullable,
    one_of_words,
)
from kernel.transfer.schemas import IMPORT_PARAMETERS, MAPPING_CHARACTERS_MAX, XLSX
from kernel.transfer.store import Kind

FILES = ("text/csv", "application/x-ndjson", "application/gzip", XLSX)
IMPORT_QUERY: Query = {
    **IMPORT_PARAMETERS,
    "mapping": {"type": "string", "maxLength": MAPPING_CHARACTERS_MAX, "description": "A mapping as JSON."},
}
_TRANSFER: dict[str, Schema] = {
    "id": ID, "type": TEXT, "state": one_of_words("waiting", "running", "done", "failed", "cancelled"),
    "percent": {"type": "integer", "minimum": 0, "maximum": 100}, "eta_s": nullable(COUNT), "documents": COUNT,
    "created_at": INSTANT, "started_at": nullable(INSTANT), "finished_at": nullable(INSTANT),
    "created_by": nullable(TEXT), "error": nullable(ANYTHING),
}  # fmt: skip
IMPORT = members(**_TRANSFER, counts=named(COUNT), dry_run=FLAG)
EXPORT = members(**_TRANSFER, total=nullable(COUNT), format=TEXT, bytes=nullable(COUNT), template=nullable(TEXT))
ONE: dict[Kind, Schema] = {"import": IMPORT, "export": EXPORT}
LISTS: dict[Kind, Schema] = {kind: items_of(one) for kind, one in ONE.items()}
