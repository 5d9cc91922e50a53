"""A mapping file: how rows become documents of a type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.transfer.columns import Column, read_columns
from kernel.transfer.errors import MappingInvalid, SourceUnreadable
from kernel.transfer.makers import Maker, read_members
from sdk.definition import QUALIFIED_NAME, Reader
from sdk.errors import Violation

MAPPING_KEYS = ("type", "title", "description", "columns", "join", "group_by", "fields", "key", "perform")
JOIN_KEYS = ("file", "on", "columns", "many")
STEP_KEYS = ("action", "arguments")


@dataclass(frozen=True)
class Join:
    """Another file, beside the imported one unless its path leads elsewhere.

    on: its columns by those of the row. many: all its rows that match as a list, else the first one.
    """

    name: str
    file: Path
    on: Mapping[str, str]
    columns: Mapping[str, Column]
    many: bool


@dataclass(frozen=True)
class Step:
    """An action to perform on each new document."""

    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportMapping:
    """type: empty when the file leaves it to the caller. make: None takes columns for fields.

    group_by: columns whose rows together are one document. key: the field by which a document is known again.
    """

    type: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    group_by: tuple[str, ...] = ()
    make: Maker | None = None
    key: str = ""
    perform: tuple[Step, ...] = ()


def load_mapping(path: Path) -> ImportMapping:
    """The mapping of a JSON file. Raises MappingInvalid, SourceUnreadable."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise SourceUnreadable(file=str(path), reason=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise MappingInvalid(violations=[Violation("", "json", f"the mapping is no JSON: {error}")]) from error
    return read_mapping(data)


def read_mapping(data: Any) -> ImportMapping:
    """The mapping of its JSON. Raises MappingInvalid with every fault."""
    faults: list[Violation] = []
    reader = Reader(data, faults)
    reader.keys(MAPPING_KEYS, ("fields",))
    mapping = ImportMapping(
        type=reader.name("type", QUALIFIED_NAME, "applet.noun"),
        columns=read_columns(reader, "columns"),
        joins=tuple(_read_join(name, below) for name, below in reader.named_children("join")),
        group_by=_read_names(reader, "group_by"),
        make=read_members(reader, "fields"),
        key=reader.text("key"),
        perform=_read_steps(reader),
    )
    if mapping.key and mapping.key not in reader.data.get("fields", {}):
        reader.fault("key", "key", f"{mapping.key} is not among the fields", "one of the fields")
    if faults:
        raise MappingInvalid(violations=faults)
    return mapping


def _read_join(name: str, reader: Reader) -> Join:
    reader.keys(JOIN_KEYS, ("file", "on"))
    on = reader.data.get("on")
    pairs = {on: on} if isinstance(on, str) else on
    if not isinstance(pairs, Mapping) or not pairs or not all(isinstance(v, str) for v in pairs.values()):
        reader.fault("on", "type", "this names no columns", "a column, or an object of own column and theirs")
        pairs = {}
    return Join(name, Path(reader.text("file")), pairs, read_columns(reader, "columns"), reader.flag("many"))


def _read_names(reader: Reader, key: str) -> tuple[str, ...]:
    if isinstance(reader.data.get(key), str):
        return (reader.text(key),)
    return reader.texts(key)


def _read_steps(reader: Reader) -> tuple[Step, ...]:
    steps = reader.data.get("perform", [])
    if not isinstance(steps, list):
        reader.fault("perform", "type", "perform is not a list", 'a list of actions: ["post"]')
        return ()
    return tuple(_read_step(step, reader, index) for index, step in enumerate(steps))


def _read_step(step: Any, reader: Reader, index: int) -> Step:
    if isinstance(step, str):
        return Step(step)
    below = Reader(step, reader.faults, f"{reader.at('perform')}/{index}")
    below.keys(STEP_KEYS, ("action",))
    arguments = below.data.get("arguments", {})
    return Step(below.text("action"), arguments if isinstance(arguments, Mapping) else {})
