"""Documents as lines of JSON, made by PostgreSQL itself: pages of any size pass through in flat memory.

A line is what the API answers for the document. Only where it depends on the document which fields are hidden, or where
a field is stored otherwise than it is shown, are rows read and rendered in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import DateTime

from kernel.context import KernelContext
from kernel.db.unit_of_work import qualify
from kernel.documents.cursors import encode_cursor
from kernel.documents.keyset import SortKey
from kernel.documents.listing import ListRequest, compile_list, read_page
from kernel.documents.rows import Row, flatten, to_document
from kernel.transfer.errors import MappingInvalid
from sdk.document import SYSTEM_FIELDS
from sdk.document_errors import PermissionDenied
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType

# Large enough that beginning one costs nothing beside it, small enough to end long before a statement's time is up.
PAGE_DOCUMENTS_MAX = 20_000
PAGE_KEPT_MAX = 500
# None of these two stands raw in JSON text, so lines pass through COPY unquoted.
_COPY = "COPY ({query}) TO STDOUT (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"
_DELIMITER = b"\x02"
_OPENED, _EMPTY = b"\x02{", b"\x02{}"
_ID = slice(8, 44)

Line = bytes | memoryview

_INSTANTS = ("created_at", "updated_at", "deleted_at", "archived_at")
_TEXTS = ("state", "number", "created_by", "updated_by")


@dataclass(frozen=True)
class ExportRequest:
    """What is exported. lines: a field with a list of objects, each of which becomes a row. sort: as in lists.

    parameters: the filter's. fields: only these and the id. columns: title and path of each, instead of fields.
    """

    type: str
    filter: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[str] = ()
    sort: Sequence[str] = ("id",)
    lines: str = ""
    columns: Sequence[tuple[str, str]] = ()

    @property
    def shown(self) -> Sequence[str]:
        """The fields to read; none means all of them."""
        return tuple(dict.fromkeys(path.split(".")[0] for _, path in self.columns)) if self.columns else self.fields


class Pages:
    """The documents of a request that the caller may read, a page at a time.

    cursor: where the next page begins, None at the end; one that was kept goes on in another transaction.
    """

    def __init__(self, wanted: ExportRequest, cursor: str | None = "", size: int = PAGE_DOCUMENTS_MAX) -> None:
        self.wanted, self.cursor, self._size = wanted, cursor, size

    def read(self, ctx: KernelContext) -> Iterator[Line]:
        """The lines of the next page, each with its line break. To be gone through to the end."""
        type = ctx.runtime.catalogue.type(self.wanted.type)
        check_fields(type, self.wanted.shown)
        asked = ListRequest(
            self.wanted.filter, self.wanted.parameters, tuple(self.wanted.sort), self._size, self.cursor or None
        )
        if not _is_plain(ctx, type):
            return self._render(ctx, type, asked)
        return self._copy(ctx, type, asked)

    def _copy(self, ctx: KernelContext, type: DocumentType, asked: ListRequest) -> Iterator[Line]:
        sql, values, keys = _select(ctx, type, asked, self.wanted.shown)
        count, row = 0, b""
        schema = ctx.uow.tenant.schema if ctx.uow.tenant else ""
        with ctx.uow.connection.cursor().copy(qualify(_COPY.format(query=sql), schema), values) as rows:
            for copied in rows:
                count += 1
                row = bytes(copied)
                line = row if not keys else _DELIMITER.join(row.split(_DELIMITER, 2)[:2]) + b"\n"
                # The document's own fields come as they are stored, and begin with their brace.
                yield line.replace(_EMPTY, b"}").replace(_OPENED, b", ")
        self.cursor = _cursor_of(row, keys) if count == self._size else None

    def _render(self, ctx: KernelContext, type: DocumentType, asked: ListRequest) -> Iterator[Line]:
        widest = ctx.permissions.mask(type, "read")
        rows, self.cursor = read_page(ctx, type, replace(asked, limit=ctx.kernel.settings.page_size_max))
        for row in rows:
            hidden = ctx.permissions.mask(type, "read", to_document(type, row), ctx.scope()) if widest else widest
            yield orjson.dumps(flatten(row, hidden, self.wanted.shown), option=orjson.OPT_APPEND_NEWLINE)


def read_documents(ctx: KernelContext, wanted: ExportRequest) -> Iterator[dict[str, Any]]:
    """Flat JSON of each document the caller may read, without what is hidden from the caller."""
    pages = Pages(wanted, size=PAGE_KEPT_MAX)
    while pages.cursor is not None:
        # Kept, since the caller may ask the database for more while it goes through them.
        yield from [orjson.loads(line) for line in pages.read(ctx)]


def count_documents(ctx: KernelContext, wanted: ExportRequest) -> int:
    """How many there are now, for progress."""
    type = ctx.runtime.catalogue.type(wanted.type)
    where, values, _ = compile_list(ctx, type, ListRequest(wanted.filter, wanted.parameters))
    row = ctx.uow.execute(f"SELECT count(*) FROM {{t}}.documents WHERE {where}", values).fetchone()
    return row[0] if row else 0


def check_fields(type: DocumentType, fields: Sequence[str]) -> None:
    """Raises MappingInvalid for fields there are none of."""
    known = {*SYSTEM_FIELDS, *(path.split(".")[0] for path in type.fields)}
    faults = [
        Violation("/fields", "unknown_field", f"{type.name} has no field {name}", nearest_or_all(name, known))
        for name in fields
        if name not in known and not name.startswith("custom_")
    ]
    if faults:
        raise MappingInvalid("There are no such fields.", violations=faults)


def _is_plain(ctx: KernelContext, type: DocumentType) -> bool:
    """Whether every document hides the same fields and shows all others as they are stored."""
    masks = {rule.mask for rule in ctx.permissions.select("type", type.name, "read", type)}
    return len(masks) <= 1 and not type.encrypted and not type.is_mixed


def _select(
    ctx: KernelContext, type: DocumentType, asked: ListRequest, fields: Sequence[str]
) -> tuple[str, dict[str, Any], list[SortKey]]:
    """The query of a page: the line, and unless by id alone what it is sorted by."""
    is_by_id = tuple(asked.sort) == ("id",)
    where, values, keys = compile_list(ctx, type, replace(asked, cursor=None) if is_by_id else asked)
    if is_by_id and asked.cursor:
        # Plainly, so that the index leads to the page instead of past all those before it.
        where += " AND documents.id > %(x_after)s::uuid"
        values = {**values, "x_after": asked.cursor}
    hidden = ctx.permissions.mask(type, "read")
    line = _line_of_fields(type, fields, hidden, values) if fields else _line(type, hidden, values)
    shown = [] if is_by_id else keys
    columns = ", ".join([*line, *(f"to_json(({key.sql})::text)::text" for key in shown)])
    order = ", ".join(key.order for key in keys)
    sql = f"SELECT {columns} FROM {{t}}.documents WHERE {where} ORDER BY {order} LIMIT %(x_limit)s"
    return sql, {**values, "x_limit": asked.limit}, shown


def _line(type: DocumentType, hidden: frozenset[str], values: dict[str, Any]) -> tuple[str, str]:
    """The system fields as text, and the document's own as they are stored: that is no work for anybody."""
    data = "data"
    if hidden:
        data = "data - %(x_hidden)s::text[]"
        values["x_hidden"] = sorted(hidden)
    return " || ".join(["'{\"id\": \"' || id || '\"'", *(_system_member(type, name) for name in _system(hidden))]), data


def _line_of_fields(
    type: DocumentType, fields: Sequence[str], hidden: frozenset[str], values: dict[str, Any]
) -> tuple[str, str]:
    parts = ["'{\"id\": \"' || id || '\"'"]
    for place, name in enumerate(dict.fromkeys(fields)):
        if name in hidden or name == "id":
            continue
        if name in SYSTEM_FIELDS:
            parts += [_system_member(type, name)] if name in _system(hidden) else []
            continue
        values |= {f"x_name_{place}": name, f"x_member_{place}": f", {orjson.dumps(name).decode()}: "}
        parts.append(f"coalesce(%(x_member_{place})s || (data -> %(x_name_{place})s)::text, '')")
    return " || ".join(parts), "'{}'::jsonb"


def _system(hidden: frozenset[str]) -> list[str]:
    """What there is of them: what is deleted is never exported."""
    left_out = {"id", "schema_version", "deleted_at", *hidden}
    return [name for name in SYSTEM_FIELDS if name not in left_out and name in Row._fields]


def _system_member(type: DocumentType, name: str) -> str:
    """A system field as a member of the line, with the comma before it; nothing where it has no value."""
    if name == "type":
        return f'\', "type": "{type.name}"\''
    if name == "version":
        return "', \"version\": ' || version"
    if name in _TEXTS:
        return f"coalesce(', \"{name}\": ' || to_json({name})::text, '')"
    value = name
    if name in _INSTANTS:
        # The sessions are in UTC. Several times as fast as to_char, and the same instant.
        value = f"replace(replace({name}::text, ' ', 'T'), '+00', 'Z')"
    return f"coalesce(', \"{name}\": \"' || {value} || '\"', '')"


def _cursor_of(row: bytes, keys: Sequence[SortKey]) -> str:
    """Where the page ended that this row was the last of."""
    if not keys:
        return row[_ID].decode()
    texts = row.rstrip(b"\n").split(_DELIMITER)[2:]
    return encode_cursor([_key_value(text, key) for text, key in zip(texts, keys, strict=True)])


def _key_value(text: bytes, key: SortKey) -> Any:
    value = orjson.loads(text) if text else None
    if value is not None and isinstance(key.element.type, DateTime):
        return datetime.fromisoformat(value)
    if value in ("true", "false") and key.element.type.python_type is bool:
        return value == "true"
    return value


def check_may_read(ctx: KernelContext, type: DocumentType) -> None:
    """Raises PermissionDenied for who may read no document of the type."""
    if not ctx.permissions.allows("read", type):
        raise PermissionDenied(action="read", resource=type.name)
