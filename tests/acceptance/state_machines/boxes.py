"""Boxes as a test keeps them in mind: what their data must be, and which refusals a move must meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from kernel.documents.rows import Row
from sdk.values import instant_text

Data = dict[str, Any]
# The free fields a definition may be made for, and the definitions there may be.
KINDS: Mapping[str, tuple[Data, ...]] = {
    "custom_size": (
        {"kind": "decimal", "scale": 2},
        {"kind": "decimal", "scale": 2, "unique": True},
        {"kind": "integer"},
        {"kind": "text", "search": True},
    ),
    "custom_seen": ({"kind": "date-time"}, {"kind": "text"}, {"kind": "date-time", "unique": True}),
    "custom_peer": ({"kind": "link", "target": "shelf.box"}, {"kind": "text"}),
    "custom_mark": ({"kind": "text", "unique": True}, {"kind": "boolean"}),
}


class Unfit(Exception):
    """A value that a definition refuses."""


@dataclass
class Box:
    id: str
    data: Data
    type: str = "shelf.box"
    state: str | None = None
    version: int = 1
    is_deleted: bool = False
    is_archived: bool = False
    # As the database had it, by version, and when that was.
    then: dict[int, tuple[datetime, Row]] = field(default_factory=dict)


class Reckoning:
    """All boxes, and the definitions of fields by their names."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.definitions: dict[str, Data] = {}

    def live(self) -> Iterator[Box]:
        return (box for box in self.boxes.values() if not box.is_deleted)

    def faults(self, id: str | None, data: Data) -> set[str]:
        """Why a box may not be written so."""
        if not isinstance(data.get("name"), str) or not isinstance(data.get("count", 0), int):
            return {"document_invalid"}
        try:
            data = self.canonical(data)
        except Unfit:
            return {"document_invalid"}
        return self.faults_of_references(id, data)

    def faults_of_references(self, id: str | None, data: Data) -> set[str]:
        faults = set()
        for _, target in self.links(data):
            if target != id and (target not in self.boxes or self.boxes[target].is_deleted):
                faults.add("link_broken")
        taken = {key for box in self.live() if box.id != id for key in self.keys(box.data)}
        if taken & self.keys(data):
            faults.add("unique_key_taken")
        return faults

    def faults_of_definition(self, name: str, definition: Data) -> set[str]:
        if name in self.definitions:
            return {"unique_key_taken", "custom_field_unfit"}
        after = Reckoning()
        after.boxes, after.definitions = self.boxes, {**self.definitions, name: definition}
        keys: list[tuple[str, str]] = []
        for box in self.live():
            if name not in box.data:
                continue
            try:
                value = after.canonical({name: box.data[name]})
            except Unfit:
                return {"custom_field_unfit"}
            if any(
                target != box.id or box.is_deleted for _, target in after.links(value)
            ) and after.faults_of_references(box.id, {name: box.data[name]}) >= {"link_broken"}:
                return {"custom_field_unfit"}
            keys += after.keys(value)
        return {"custom_field_unfit"} if len(set(keys)) < len(keys) else set()

    def canonical(self, data: Data) -> Data:
        """As it is stored. Raises Unfit."""
        result = {}
        for name, value in data.items():
            if name in self.definitions:
                result[name] = _canonical(self.definitions[name], value)
            elif name == "price":
                result[name] = f"{Decimal(value):.2f}"
            else:
                result[name] = value
        return result

    def keys(self, data: Data) -> set[tuple[str, str]]:
        unique = ["code", *(name for name, given in self.definitions.items() if given.get("unique"))]
        # Of a list, which a field may have held before its definition, each element counts.
        values = {name: data[name] if isinstance(data[name], list) else [data[name]] for name in unique if name in data}
        return {(name, str(each)) for name, held in values.items() for each in held}

    def links(self, data: Data) -> set[tuple[str, str]]:
        linking = [name for name, given in self.definitions.items() if given["kind"] == "link"]
        found = {(name, data[name]) for name in ("inside", "about", *linking) if _is_id(data.get(name))}
        return found | {("lines", line["box"]) for line in data.get("lines", ()) if "box" in line}

    def is_linked(self, id: str) -> bool:
        return any(target == id for box in self.live() if box.id != id for _, target in self.links(box.data))


def _canonical(definition: Data, value: Any) -> Any:
    kind = definition["kind"]
    if kind == "decimal" and type(value) is int:
        # A whole number of JSON is exact.
        value = str(value)
    if kind == "integer" and type(value) is int:
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise Unfit
    try:
        match kind:
            case "text":
                return value
            case "decimal" if Decimal(value) == round(Decimal(value), 2):
                return f"{Decimal(value):.2f}"
            case "date-time":
                return instant_text(datetime.fromisoformat(value))
            case "link":
                return str(UUID(value))
    except (ValueError, InvalidOperation):
        raise Unfit from None
    raise Unfit


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len(str(UUID(int=0)))


def merged(data: Any, patch: Data) -> Data:
    """RFC 7386, word by word."""
    result = dict(data) if isinstance(data, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(result.get(name), value)
        else:
            result[name] = value
    return result


def without_nulls(value: Any, name: str = "") -> Any:
    """No member is null, in objects that a type declares or that stand free; lists keep theirs."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
