"""Words for the schemas of answers, so that a room says in a line what its routes answer."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
DATE: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"anyOf": [DATE, INSTANT]}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
# Exact, so text.
AMOUNT: Schema = {"type": "string", "format": "decimal"}
ANYTHING: Schema = {"type": "object"}

_PLAIN: Mapping[Any, Schema] = {
    str: TEXT, int: NUMBER, bool: FLAG, datetime: INSTANT, date: DATE, Decimal: AMOUNT, type(None): {"type": "null"},
    Any: {},
}  # fmt: skip


def one_of_words(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def named(value: Schema) -> Schema:
    """An object of such values by any names."""
    return {"type": "object", "additionalProperties": value}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def members(optional: Mapping[str, Schema] | None = None, /, **always: Schema) -> Schema:
    """An object. always: members that are never missing."""
    return {"type": "object", "required": list(always), "properties": {**always, **(optional or {})}}


def items_of(item: Schema, **more: Schema) -> Schema:
    """A list that is never longer than one answer."""
    return members(items=listed(item), **more)


def page_of(item: Schema, **more: Schema) -> Schema:
    """One page of a longer list."""
    return members(items=listed(item), cursor=nullable(TEXT), **more)


def fields_of(record: type) -> Schema:
    """A dataclass as `render_json` writes it: every field, null where it is None."""
    hints = get_type_hints(record)
    return members(**{field.name: _schema(hints[field.name]) for field in fields(record)})


def _schema(hint: Any) -> Schema:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return fields_of(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return one_of_words(*parts)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(part) for part in parts]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return named(_schema(parts[1]))
    if isinstance(origin, type) and issubclass(origin, Sequence | frozenset):
        return listed(_schema(parts[0]))
    raise TypeError(f"{hint} has no schema")
