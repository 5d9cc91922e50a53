"""Changes that break: of document types and their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.breaking.changes import Change, all_of, in_provider, of_file, schemas
from bench.breaking.edits import Edit, Folders, at, edit_json, remove_word, rename_word, replace_text, walk

# Another kind for a field, and how the examples' value is written then.
MONEY = {"type": "object", "properties": {"value": {"type": "string", "maxLength": 40}}}
RETYPED: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "decimal": ({"type": "integer"}, r"\"(\d+)(?:\.\d+)?\"", r"\2"),
    "date": ({"type": "string", "format": "date-time"}, r"\"(\d{4}-\d\d-\d\d)\"", r'"\2T00:00:00Z"'),
    "text": ({"type": "array", "items": {"type": "string", "maxLength": 400}}, r"(\".*\")", r"[\2]"),
    "integer": ({"type": "string", "maxLength": 40}, r"(\d+)", r'"\2"'),
    "boolean": ({"type": "string", "maxLength": 10}, r"True", '"yes"'),
    "array": (MONEY, r"\[.*\]", r'{"value": "x"}'),
}
SAMPLES = {"decimal": '"1.00"', "date": '"2026-01-01"', "integer": "1", "boolean": "True", "text": '"x"', "link": ""}
# In whose data of the examples a type's own fields are given.
EXAMPLES = {"item": "an_item", "contract": "a_contract", "inspection": "an_inspection"}


def field_changes(provider: Path) -> Iterator[Change]:
    """Of every field of every document type."""
    for noun, file, schema in schemas(provider):
        for path, field in walk(schema):
            named = f"rental.{noun}.{_dotted(path)}"
            yield from _losses(named, path)
            yield from _kinds(named, file, path, field)
            yield from _limits(named, file, path, field)
            yield from _demands(named, noun, file, path, field, schema)
        yield from _whole_types(noun)


def _losses(named: str, path: tuple[str, ...]) -> Iterator[Change]:
    name = path[-1]
    yield Change("field removed", f"{named} is removed", "rental", in_provider(remove_word, name))
    yield Change(
        "field renamed", f"{named} is called {name}_now", "rental", in_provider(rename_word, name, f"{name}_now")
    )


def _kinds(named: str, file: str, path: tuple[str, ...], field: Mapping[str, Any]) -> Iterator[Change]:
    kind = kind_of(field)
    if kind not in RETYPED or field.get("enum") or "readOnly" in field or "x-computed" in field:
        return
    new, pattern, replacement = RETYPED[kind]

    def edit(folders: Folders) -> None:
        def retype(data: Any) -> None:
            at(data, path[:-1])[path[-1]] = {"title": field["title"], **new}

        edit_json(folders.provider / file, retype)
        examples = folders.provider / "examples.py"
        text = examples.read_text(encoding="utf-8")
        line = rf'(\["{path[-1]}"\] = ){pattern}$'
        examples.write_text(re.sub(line, rf"\g<1>{replacement}", text, flags=re.MULTILINE), encoding="utf-8")

    yield Change("field's kind changed", f"{named} is no {kind} any more", "rental", edit)


def _limits(named: str, file: str, path: tuple[str, ...], field: Mapping[str, Any]) -> Iterator[Change]:
    for index, value in enumerate(field.get("enum", ())):
        yield _enum_change(named, file, path, index, value, None)
        yield _enum_change(named, file, path, index, value, f"{value}_one")
    if field.get("maxLength", 0) >= 20:
        yield _patch("field narrowed", f"{named} has at most 12 characters", file, path, {"maxLength": 12})
    if "readOnly" not in field and "x-computed" not in field and "items" not in path:
        yield _patch("field narrowed", f"{named} is read only", file, path, {"readOnly": True})
    if "x-link" in field:
        yield _patch(
            "field narrowed", f"{named} links to rental.inspection", file, path, {"x-link": "rental.inspection"}
        )
    if kind_of(field) == "integer":
        yield _patch(
            "field narrowed", f"{named} is at least 50", file, path, {"minimum": 50, "maximum": 100, "default": 50}
        )


def _enum_change(named: str, file: str, path: tuple[str, ...], index: int, value: str, new: str | None) -> Change:
    def change(data: Any) -> None:
        values = at(data, path)["enum"]
        values[index : index + 1] = [new] if new else []
        if at(data, path).get("default") == value and new:
            at(data, path)["default"] = new

    def rename_example(folders: Folders) -> None:
        examples = folders.provider / "examples.py"
        text = examples.read_text(encoding="utf-8")
        examples.write_text(re.sub(rf'(= |: )"{value}"', rf'\1"{new}"', text), encoding="utf-8")

    edits: list[Edit] = [lambda folders: edit_json(folders.provider / file, change)]
    if new:
        return Change("enum value renamed", f"{named}: {value} is {new}", "rental", all_of(*edits, rename_example))
    return Change("enum value removed", f"{named}: {value} is removed", "rental", edits[0])


def _demands(
    named: str, noun: str, file: str, path: tuple[str, ...], field: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[Change]:
    """What was optional must be given; or something new must be."""
    parent, name = path[:-2], path[-1]
    owner = at(schema, parent) if parent else schema
    if name in owner.get("required", ()) or {"default", "readOnly", "x-computed"} & set(field) or len(parent) > 3:
        return

    def require(data: Any) -> None:
        at(data, parent).setdefault("required", []).append(name)

    give = _give(noun, parent, name, SAMPLES.get(kind_of(field), '"x"'))
    edit = all_of(lambda folders: edit_json(folders.provider / file, require), give)
    yield Change("field required", f"{named} must be given", "rental", edit)


def _whole_types(noun: str) -> Iterator[Change]:
    """Of the document type itself."""
    for new, value in (("approved_by", '"Ann"'), ("cost_centre", '"C1"')):

        def add(data: Any, new: str = new) -> None:
            data["properties"][new] = {"title": new, "type": "string", "maxLength": 40}
            data.setdefault("required", []).append(new)

        def edit(folders: Folders, add: Any = add, new: str = new, value: str = value) -> None:
            edit_json(folders.provider / f"schemas/{noun}.json", add)
            _give(noun, (), new, value)(folders)

        yield Change("field required", f"rental.{noun}.{new} is new and must be given", "rental", edit)

    def rename(folders: Folders) -> None:
        root = folders.provider
        rename_word(root, f"rental.{noun}", f"rental.{noun}_sheet", pattern=r"\b{}\b")
        for folder in ("schemas", "workflows"):
            if (root / folder / f"{noun}.json").exists():
                (root / folder / f"{noun}.json").rename(root / folder / f"{noun}_sheet.json")

    yield Change("document type renamed", f"rental.{noun} is called rental.{noun}_sheet", "rental", rename)


def _give(noun: str, parent: tuple[str, ...], name: str, value: str) -> Edit:
    """A line that gives the field in the examples, beside the first of its siblings."""

    def edit(folders: Folders) -> None:
        examples = folders.provider / "examples.py"
        text = examples.read_text(encoding="utf-8")
        if f'["{name}"] =' in text or not value:
            return
        if parent[-2:] == ("lines", "items"):
            replace_text(examples, r"^    line\[\"units\"\] = 1$", rf'\g<0>\n    line["{name}"] = {value}', 1)
        elif not parent:
            head = rf"^def {EXAMPLES[noun]}\((?:.|\n)*?    data: dict\[str, Any\] = {{}}$"
            replace_text(examples, head, rf'\g<0>\n    data["{name}"] = {value}', 1)

    return edit


def _patch(kind: str, what: str, file: str, path: tuple[str, ...], patch: Mapping[str, Any]) -> Change:
    return of_file(kind, what, file, lambda data: at(data, path).update(patch))


def kind_of(field: Mapping[str, Any]) -> str:
    if "x-link" in field:
        return "link"
    known = {"decimal": "decimal", "date": "date"}
    return known.get(field.get("format", ""), {"string": "text"}.get(field["type"], field["type"]))


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(name for name in path if name not in ("properties", "items"))
