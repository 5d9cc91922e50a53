"""Documents as rows of a table: which columns there are, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.transfer.errors import MappingInvalid
from kernel.transfer.reading import ExportRequest
from sdk.document import SYSTEM_FIELDS
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType

_LAST = ("created_at", "created_by", "updated_at", "updated_by", "deleted_at", "archived_at")
_SYSTEM_KINDS = {"version": "integer", **dict.fromkeys(("id", "company_id"), "uuid"), **dict.fromkeys(_LAST, "instant")}


@dataclass(frozen=True, slots=True)
class TableColumn:
    """path: of the field, `lines.amount` for one of the lines. kind: of the field, `text` where nothing is known."""

    title: str
    path: str
    kind: str
    scale: int | None = None


def columns_of(type: DocumentType, wanted: ExportRequest) -> list[TableColumn]:
    """The columns, known before the first document is read. Raises MappingInvalid.

    Objects are spread over columns (`address.city`), lists are JSON unless they are the lines.
    """
    _check_lines(type, wanted.lines)
    if wanted.columns:
        faults = [fault for place, (_, path) in enumerate(wanted.columns) for fault in _check_path(type, path, place)]
        if faults:
            raise MappingInvalid("There are no such fields.", violations=faults)
        return [_column(type, title, path) for title, path in wanted.columns]
    return [_column(type, path, path) for path in _paths(type, wanted)]


def rows_of(columns: Sequence[TableColumn], lines: str) -> Callable[[Mapping[str, Any]], Iterator[list[Any]]]:
    """A function from a document's JSON to its rows: one, or one for each of its lines."""
    getters = [_getter(column.path, lines) for column in columns]

    def rows(document: Mapping[str, Any]) -> Iterator[list[Any]]:
        for item in (document.get(lines) or [{}]) if lines else [{}]:
            yield [get(document, item) for get in getters]

    return rows


def _paths(type: DocumentType, wanted: ExportRequest) -> list[str]:
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


def _column(type: DocumentType, title: str, path: str) -> TableColumn:
    field = type.fields.get(path)
    if field is None:
        return TableColumn(title, path, _SYSTEM_KINDS.get(path, "text"))
    return TableColumn(title, path, field.kind, field.scale)


def _getter(path: str, lines: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Any]:
    if lines and path.startswith(f"{lines}."):
        below = path[len(lines) + 1 :].split(".")
        return lambda document, item: _descend(item, below)
    if "." not in path:
        return lambda document, item: document.get(path)
    parts = path.split(".")
    return lambda document, item: _descend(document, parts)


def _descend(value: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _check_lines(type: DocumentType, lines: str) -> None:
    if lines and (lines not in type.fields or type.fields[lines].kind != "array"):
        lists = [path for path, each in type.fields.items() if each.kind == "array"]
        fault = Violation("/lines", "lines", f"{lines} is no list", nearest_or_all(lines, lists))
        raise MappingInvalid(violations=[fault])


def _check_path(type: DocumentType, path: str, place: int) -> Iterator[Violation]:
    known = {*SYSTEM_FIELDS, *type.fields}
    if path not in known and not path.startswith("custom_"):
        message = f"{type.name} has no field {path}"
        yield Violation(f"/columns/{place}/path", "unknown_field", message, nearest_or_all(path, known))
