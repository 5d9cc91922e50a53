"""Export: documents of a type as CSV or JSONL, page by page, so that any number of them takes the same memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from kernel.context import KernelContext
from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.rows import flatten, to_document
from kernel.transfer.errors import MappingInvalid
from sdk.document import SYSTEM_FIELDS
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType

_LAST = ("created_at", "created_by", "updated_at", "updated_by", "deleted_at")


@dataclass(frozen=True)
class ExportRequest:
    """lines: a field with a list of objects, each of which becomes a row of the CSV. sort: as in lists."""

    type: str
    filter: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[str] = ()
    sort: Sequence[str] = ("id",)
    lines: str = ""


def read_documents(ctx: KernelContext, wanted: ExportRequest) -> Iterator[dict[str, Any]]:
    """Flat JSON of each document the caller may read, without what is hidden from the caller."""
    type = ctx.runtime.catalogue.type(wanted.type)
    _check_fields(type, wanted.fields)
    limit, cursor = ctx.kernel.settings.page_size_max, None
    widest = ctx.permissions.mask(type, "read")
    while True:
        page = list_rows(
            ctx, type, ListRequest(wanted.filter, wanted.parameters, wanted.sort, limit=limit, cursor=cursor)
        )
        for row in page.rows:
            hidden = ctx.permissions.mask(type, "read", to_document(type, row), ctx.scope()) if widest else widest
            yield flatten(row, hidden, wanted.fields)
        if page.cursor is None:
            return
        cursor = page.cursor


def write_jsonl(
    ctx: KernelContext, wanted: ExportRequest, stream: TextIO, progress: Callable[[int], None] | None = None
) -> int:
    """One JSON object a line; how many there were."""
    count = 0
    for document in read_documents(ctx, wanted):
        stream.write(json.dumps(document, ensure_ascii=False) + "\n")
        count += 1
        _tell(progress)
    return count


def write_csv(
    ctx: KernelContext, wanted: ExportRequest, stream: TextIO, progress: Callable[[int], None] | None = None
) -> int:
    """A header and a row for each document, or for each of its lines; how many documents there were.

    Objects are spread over columns (`address.city`), lists are JSON. Values stand as they are: this is for machines,
    reports are for spreadsheets.
    """
    type = ctx.runtime.catalogue.type(wanted.type)
    names = csv_columns(type, wanted)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    count = 0
    for document in read_documents(ctx, wanted):
        writer.writerows([_cell(row.get(name)) for name in names] for row in _rows(document, wanted.lines))
        count += 1
        _tell(progress)
    return count


def csv_columns(type: DocumentType, wanted: ExportRequest) -> list[str]:
    """The header: known before the first document is read, from the schema."""
    if wanted.lines and (wanted.lines not in type.fields or type.fields[wanted.lines].kind != "array"):
        lists = [path for path, each in type.fields.items() if each.kind == "array"]
        fault = Violation("/lines", "lines", f"{wanted.lines} is no list", nearest_or_all(wanted.lines, lists))
        raise MappingInvalid(violations=[fault])
    names = list(wanted.fields) or [name for name in SYSTEM_FIELDS if name not in (*_LAST, "schema_version")]
    if wanted.fields and "id" not in names:
        names.insert(0, "id")
    chosen = [path for path in _spread(type, wanted.lines) if not wanted.fields or path.split(".")[0] in wanted.fields]
    fields = {path.split(".")[0] for path in chosen}
    return [*(name for name in names if name not in fields), *chosen, *(() if wanted.fields else _LAST)]


def _spread(type: DocumentType, lines: str) -> list[str]:
    """Paths of all values that stand in a cell of their own."""
    return [
        path
        for path, each in type.fields.items()
        if (path.startswith(f"{lines}.") and path.count(".") == lines.count(".") + 1)
        or (not each.in_array and path != lines and not (each.kind == "object" and _has_members(type, path)))
    ]


def _has_members(type: DocumentType, path: str) -> bool:
    return any(other.startswith(f"{path}.") for other in type.fields)


def _rows(document: Mapping[str, Any], lines: str) -> list[dict[str, Any]]:
    row = _flat(document, "")
    if not lines:
        return [row]
    items = row.pop(lines, None) or [{}]
    return [{**row, **{f"{lines}.{name}": value for name, value in item.items()}} for item in items]


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat[f"{prefix}{name}"] = value
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _check_fields(type: DocumentType, fields: Sequence[str]) -> None:
    known = {*SYSTEM_FIELDS, *(path.split(".")[0] for path in type.fields)}
    faults = [
        Violation("/fields", "unknown_field", f"{type.name} has no field {name}", nearest_or_all(name, known))
        for name in fields
        if name not in known and not name.startswith("custom_")
    ]
    if faults:
        raise MappingInvalid("There are no such fields.", violations=faults)


def _tell(progress: Callable[[int], None] | None) -> None:
    if progress:
        progress(1)
