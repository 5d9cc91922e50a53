"""Sources of fields as SQL text. Nothing in it is bound, as what a list is sorted by must bind nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk.lenses import Absent, Default, Joined, Kept, Mapped, Noted, Part, Path, Same, Source
from sdk.lenses.steps import MapState, opposite

# The names that lead to a value, from the outermost object.
Place = tuple[str, ...]

# The path of a jsonb value within itself: its text without quotes.
_ITSELF = "ARRAY[]::text[]"
# What stands in a literal as it is; the rest is escaped, so that nobody finds a `%`, a `{` or a `:` in the text.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,- ")


@dataclass(frozen=True)
class Record:
    """What a field is looked for in. table: the name of the documents table in the statement.

    data: the SQL of the fields, or of one element of the array `within`.
    """

    table: str
    data: str
    within: Place = ()

    @property
    def kept(self) -> str:
        return f"{self.table}.kept"

    @property
    def state(self) -> str:
        return f"{self.table}.state"


def quote(text: str) -> str:
    """A text as a literal."""
    if _PLAIN.issuperset(text):
        return f"'{text}'"
    return "U&'" + "".join(each if each in _PLAIN else f"\\+{ord(each):06X}" for each in text) + "'"


def text_of(source: Source, record: Record, path: Place) -> str:
    """The text of a source, as `->>` gives it. path: where the field is in the present version."""
    match source:
        case Default(inner, value, within):
            text = quote(value if isinstance(value, str) else json.dumps(value))
            sql = f"coalesce({text_of(inner, record, path)}, {_within(within, record, path, text)})"
        case Part():
            sql = _part(source, text_of(source.source, record, path))
        case Joined(sources, separator):
            texts = ", ".join(text_of(each, record, path) for each in sources)
            sql = f"(CASE WHEN coalesce({texts}) IS NOT NULL THEN concat_ws({quote(separator)}, {texts}) END)"
        case Mapped(inner, values):
            sql = _mapped(text_of(inner, record, path), values)
        case Noted():
            sql = _noted(source, record, path, text_of(source.source, record, path), as_text=True)
        case Absent():
            sql = "NULL::text"
        case _:
            sql = _member(*_base(source, record, path), as_text=True)
    return sql


def json_of(source: Source, record: Record, path: Place) -> str:
    """The same as jsonb, as `->` gives it."""
    match source:
        case Default(inner, value, within):
            made = f"{quote(json.dumps(value))}::jsonb"
            sql = f"coalesce({json_of(inner, record, path)}, {_within(within, record, path, made)})"
        case Part() | Joined():
            sql = f"to_jsonb({text_of(source, record, path)})"
        case Mapped(inner, values):
            sql = _mapped_json(json_of(inner, record, path), values)
        case Noted():
            sql = _noted(source, record, path, json_of(source.source, record, path), as_text=False)
        case Absent():
            sql = "NULL::jsonb"
        case _:
            sql = _member(*_base(source, record, path), as_text=False)
    return sql


def mapped_text(record: Record, sql: str, step: MapState, key: str, *, upward: bool) -> str:
    """A state after a step, as the keep-box has it or else as the step maps it."""
    values = step.values or {}
    note = f"({record.kept} -> {quote(key)})"
    holds = f"{note} IS NOT NULL AND ({note} -> 'of' ->> 'state') IS NOT DISTINCT FROM {sql}"
    mapped = _mapped(sql, values if upward else opposite(values))
    return f"(CASE WHEN {holds} THEN ({note} -> 'was' ->> 'state') ELSE {mapped} END)"


def _within(within: Source | None, record: Record, path: Place, value: str) -> str:
    """A default, where the object it belongs into is there."""
    if within is None:
        return value
    return f"CASE jsonb_typeof({json_of(within, record, path[:-1])}) WHEN 'object' THEN {value} END"


def _base(source: Source, record: Record, path: Place) -> tuple[str, Place]:
    match source:
        case Kept(keys):
            return record.kept, keys
        case Path(dotted):
            return record.data, tuple(dotted.split("."))
        case Same():
            return record.data, path
    raise TypeError(source)


def _member(base: str, keys: Place, *, as_text: bool) -> str:
    *above, last = map(quote, keys)
    return f"({' -> '.join([base, *above])} {'->>' if as_text else '->'} {last})"


def _noted(source: Noted, record: Record, path: Place, otherwise: str, *, as_text: bool) -> str:
    note = f"({record.kept} -> {quote(source.step)})"
    tests = [f"{note} IS NOT NULL"]
    for name, guard in source.guards:
        tests.append(f"{_told(note, 'of', name, as_text=False)} IS NOT DISTINCT FROM {json_of(guard, record, path)}")
    told = _told(note, "was", source.path, as_text=as_text)
    return f"(CASE WHEN {' AND '.join(tests)} THEN {told} ELSE {otherwise} END)"


def _told(note: str, part: str, path: str, *, as_text: bool) -> str:
    """What a note says of a path; some notes are of whole objects."""
    plain = _member(note, (part, path), as_text=as_text)
    if "." not in path:
        return plain
    whole = _member(note, (part, *path.split(".")), as_text=as_text)
    return f"(CASE WHEN {note} ? 'whole' THEN {whole} ELSE {plain} END)"


def _part(source: Part, text: str) -> str:
    """An empty text has one part, the empty one."""
    separator = quote(source.separator)
    parts = f"(CASE WHEN {text} = '' THEN ARRAY[''] ELSE string_to_array({text}, {separator}) END)"
    if source.index < source.count - 1:
        return f"{parts}[{source.index + 1}]"
    rest = f"array_to_string({parts}[{source.index + 1}:], {separator})"
    return f"(CASE WHEN cardinality({parts}) > {source.index} THEN {rest} END)"


def _mapped(text: str, values: Mapping[str, str]) -> str:
    whens = " ".join(f"WHEN {quote(old)} THEN {quote(new)}" for old, new in values.items())
    return f"(CASE {text} {whens} ELSE {text} END)" if whens else text


def _mapped_json(value: str, values: Mapping[str, Any]) -> str:
    """A text, or the texts of a list."""
    item = f"CASE jsonb_typeof(e) WHEN 'string' THEN to_jsonb({_mapped(f'(e #>> {_ITSELF})', values)}) ELSE e END"
    elements = f"jsonb_array_elements({value}) WITH ORDINALITY AS each (e, n)"
    listed = f"(SELECT coalesce(jsonb_agg({item} ORDER BY n), jsonb_build_array()) FROM {elements})"
    text = _mapped(f"({value} #>> {_ITSELF})", values)
    cases = f"WHEN 'string' THEN to_jsonb({text}) WHEN 'array' THEN {listed} ELSE {value}"
    return f"(CASE jsonb_typeof({value}) {cases} END)"
