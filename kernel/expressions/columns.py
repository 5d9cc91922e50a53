"""Columns for names: those of documents, and plain ones for other tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any

from sqlalchemy import FromClause, Text, func, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import ColumnElement

from kernel.expressions.mixed import Mixture
from kernel.expressions.places import Record, json_of, text_of
from kernel.expressions.typed import ARRAY, ENCRYPTED, OBJECT, SQL_TYPES, UUID, Item, Typed
from sdk.expressions.errors import InvalidExpression, advise
from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, TEXT
from sdk.lenses import Same

SYSTEM_KINDS: Mapping[str, str] = {
    "id": UUID, "type": TEXT, "company_id": UUID, "version": DECIMAL, "schema_version": DECIMAL, "state": TEXT,
    "number": TEXT, "created_at": INSTANT, "created_by": TEXT, "updated_at": INSTANT, "updated_by": TEXT,
    "deleted_at": INSTANT, "archived_at": INSTANT,
}  # fmt: skip
# (field path, value) -> what stands for it in an encrypted field; None for what no such field holds.
Mark = Callable[[str, Any], str | None]
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]


class DocumentColumns:
    """Fields of documents. Keys become literals, or PostgreSQL would not use the partial expression indexes."""

    def __init__(
        self,
        table: FromClause | str,
        kinds: Mapping[str, str],
        mark: Mark | None = None,
        mixture: Mixture | None = None,
    ) -> None:
        """table: the documents table, an alias of it, or its name. kinds: of every path, see kinds_of_schema.
        mark: what stands for a value of an encrypted field; without it they cannot be compared. mixture: where
        documents of other versions are stored as well.

        The SQL names the table but does not bring it: select from it.
        """
        self.name = _quote(table if isinstance(table, str) else str(getattr(table, "name", "documents")))
        self.kinds = kinds
        self.mark = mark
        self.mixture = mixture

    def whole(self) -> DocumentColumns:
        """The same for what must miss no value although an index might, see `Mixture.whole`."""
        if self.mixture is None:
            return self
        found = copy(self)
        found.mixture = self.mixture.whole()
        return found

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        if item is None and len(path) == 1 and path[0] in SYSTEM_KINDS:
            kind = SYSTEM_KINDS[path[0]]
            column = literal_column(self._system(path[0]), SQL_TYPES[kind])
            return Typed(kind, column.cast(SQL_TYPES[DECIMAL]) if kind == DECIMAL else column)
        kind = self._kind((*item.path, *path) if item else path)
        if item and not path:
            return (
                _scalar(kind[len(ARRAY) + 1 : -1], literal_column(item.sql, Text())) if "[" in kind else _object(item)
            )
        if kind == ENCRYPTED:
            return self._encrypted(path)
        record = Record(self.name, item.sql, item.path) if item else Record(self.name, f"{self.name}.data")
        return _field(kind, self._sql(kind, record, path))

    def _system(self, name: str) -> str:
        plain = Record(self.name, f"{self.name}.data")
        mixed = self.mixture.state(plain) if self.mixture is not None and name == "state" else None
        return mixed or f"{self.name}.{name}"

    def _sql(self, kind: str, record: Record, path: tuple[str, ...]) -> str:
        """Of a field: the text of a scalar, the jsonb of anything else."""
        if _is_json(kind):
            return (self.mixture.json(record, path) if self.mixture else None) or json_of(Same(), record, path)
        return (self.mixture.text(record, path) if self.mixture else None) or text_of(Same(), record, path)

    def _encrypted(self, path: tuple[str, ...]) -> Typed:
        """The mark of an encrypted field, which stands in its text between the third colon and the fourth."""
        text = _field(TEXT, text_of(Same(), Record(self.name, f"{self.name}.data"), path)).sql
        mark = partial(self.mark, ".".join(path)) if self.mark else None
        return Typed(ENCRYPTED, func.split_part(text, literal_column("':'"), literal_column("4")), mark=mark)

    def _kind(self, path: tuple[str, ...]) -> str:
        dotted = ".".join(path)
        if dotted not in self.kinds or not all(_KEY.fullmatch(key) for key in path):
            raise InvalidExpression(f"there is no field {dotted}", instead=advise(dotted, {*self.kinds, *SYSTEM_KINDS}))
        return self.kinds[dotted]


def _object(item: Item) -> Typed:
    return Typed(OBJECT, literal_column(item.sql, JSONB()))


def _is_json(kind: str) -> bool:
    return kind == OBJECT or kind.startswith(ARRAY)


def _field(kind: str, sql: str) -> Typed:
    return Typed(kind, literal_column(sql, JSONB())) if _is_json(kind) else _scalar(kind, literal_column(sql, Text()))


def _scalar(kind: str, text: ColumnElement[Any]) -> Typed:
    if kind == DECIMAL:
        return Typed(kind, func.bos.to_decimal(text, type_=SQL_TYPES[DECIMAL]))
    if kind == INSTANT:
        return Typed(kind, func.bos.to_instant(text, type_=SQL_TYPES[INSTANT]))
    if kind == BOOLEAN:
        return Typed(kind, text.op("=", return_type=SQL_TYPES[BOOLEAN])(literal_column("'true'")))
    # A uuid within data is text like any other; only real columns have the type.
    return Typed(DATE if kind == DATE else TEXT, text.collate("C"), is_iso=kind == DATE, is_collated=True)


class PlainColumns:
    """Named columns of any query: registers, reports."""

    def __init__(self, columns: Mapping[str, tuple[str, ColumnElement[Any]]]) -> None:
        """columns: by name, the kind and the SQL of that type (a date is a real date, a decimal a numeric)."""
        self.columns = columns

    def resolve(self, path: tuple[str, ...], item: Item | None = None) -> Typed:
        dotted = ".".join(path)
        if item is not None or dotted not in self.columns:
            raise InvalidExpression(f"there is no field {dotted}", instead=advise(dotted, self.columns))
        kind, sql = self.columns[dotted]
        return Typed(kind, sql)
