"""Changes that break: values that were good are refused now, or are not filled in any more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.breaking.changes import Change, all_of, in_provider, of_file, read, schemas
from bench.breaking.edits import Edit, at, edit_json, replace_text, walk
from bench.breaking.field_changes import kind_of

WORKFLOW = "workflows/contract.json"
# What a field of a kind may be limited to, in words and as a schema, where the examples give no value of it.
NARROWED: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "text": (
        ("has at least 15 characters", {"minLength": 15}),
        ("is of digits", {"pattern": "^[0-9]*$"}),
        ("is one of two words", {"enum": ["plain", "simple"]}),
    ),
    "decimal": (("is at most 4", {"x-decimal": {"scale": 2, "max": "4"}}),),
    "array": (("has at least 2", {"minItems": 2}),),
}
# What callers say of an action in the examples, and shorter.
SHORTER = {"snow until the end of the month": "snow", "rain for the rest of the week": "rain"}


def limit_changes(provider: Path) -> Iterator[Change]:
    """Of every field and argument."""
    for noun, file, schema in schemas(provider):
        for path, field in walk(schema):
            named = f"rental.{noun}.{'.'.join(name for name in path if name not in ('properties', 'items'))}"
            yield from _narrowed(provider, named, file, path, field)
            if "default" in field:
                what = f"{named} is not filled in any more"
                yield of_file("default removed", what, file, lambda data, path=path: at(data, path).pop("default"))
    for name, action in read(provider / WORKFLOW)["actions"].items():
        for argument, field in action.get("arguments", {}).get("properties", {}).items():
            yield from _argument(name, argument, field)


def _narrowed(
    provider: Path, named: str, file: str, path: tuple[str, ...], field: Mapping[str, Any]
) -> Iterator[Change]:
    """What the provider fills itself is left out: its hooks would have to change too."""
    if "enum" in field or "x-computed" in field or f'["{path[-1]}"] = ' in (provider / "hooks.py").read_text("utf-8"):
        return
    examples = (provider / "examples.py").read_text(encoding="utf-8")
    sample = re.search(rf'\["{path[-1]}"\] = (?:"(.*)"|\[(.*)\])$', examples, flags=re.MULTILINE)
    kind = kind_of(field)
    if sample is None:
        limits = NARROWED.get(kind, ())
    elif sample[2] is not None:
        limits = (("has at most 1", {"maxItems": 1}),) if kind == "array" else ()
    else:
        limits = _beside(kind, sample[1])
    for what, patch in limits:
        yield Change("field narrowed", f"{named} {what}", "rental", _patch(file, path, patch))
    if kind == "decimal" and sample is not None:
        whole = in_provider(_sub, "examples.py", rf'(\["{path[-1]}"\] = "\d+)\.\d+"$', r'\1"')
        edit = all_of(_patch(file, path, {"x-decimal": {"scale": 0}}), whole)
        yield Change("field narrowed", f"{named} has no decimals", "rental", edit)


def _beside(kind: str, sample: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Limits that let through what the examples give."""
    if kind == "text":
        least = min(len(sample), 15)
        return (
            (f"has at least {least} characters", {"minLength": least}),
            (f"begins with {sample[0]}", {"pattern": f"^{re.escape(sample[0])}"}),
            (f"is {sample} or none", {"enum": [sample, "none"]}),
        )
    if kind == "decimal":
        return (
            (f"is at most {sample}", {"x-decimal": {"scale": 2, "max": sample}}),
            (f"is at least {sample}", {"x-decimal": {"scale": 2, "min": sample}}),
        )
    return ()


def _patch(file: str, path: tuple[str, ...], patch: Mapping[str, Any]) -> Edit:
    return lambda folders: edit_json(folders.provider / file, lambda data: at(data, path).update(patch))


def _argument(action: str, name: str, field: Mapping[str, Any]) -> Iterator[Change]:
    path = ("actions", action, "arguments", "properties", name)
    kind, told = "argument of an action changed", f"{action}'s argument {name}"
    if kind_of(field) == "text":
        shorter = [in_provider(_replace, "examples.py", old, new) for old, new in SHORTER.items()]
        for what, patch in (
            ("has at most 12 characters", {"maxLength": 12}),
            ("is one of two words", {"enum": ["snow", "rain"]}),
        ):
            yield Change(kind, f"{told} {what}", "rental", all_of(_patch(WORKFLOW, path, patch), *shorter))
        listed = {"type": "array", "items": {"type": "string", "maxLength": 400}}
        joined = in_provider(_replace, "hooks.py", f'arguments.get("{name}")', f'"".join(arguments.get("{name}", ()))')
        given = _in_arguments(name, r"(.*)", r"[\2]")
        yield Change(kind, f"{told} is a list of texts", "rental", all_of(_replaced(path, listed), joined, given))
    elif kind_of(field) == "date":
        moment = {"type": "string", "format": "date-time"}
        got = in_provider(_replace, "hooks.py", f'arguments.get("{name}")', f'arguments["{name}"].date()')
        given = _in_arguments(name, r'"(.*)"', r'"\2T00:00:00Z"')
        yield Change(kind, f"{told} is an instant", "rental", all_of(_replaced(path, moment), got, given))
    required = _demanded(action, name)
    yield Change(kind, f"{told} must be given", "rental", required)


def _demanded(action: str, name: str) -> Edit:
    """The argument is asked for."""

    def demand(data: Any) -> None:
        asked = data["actions"][action]["arguments"].setdefault("required", [])
        asked += [name] if name not in asked else []

    return lambda folders: edit_json(folders.provider / WORKFLOW, demand)


def _replaced(path: tuple[str, ...], schema: Mapping[str, Any]) -> Edit:
    def change(data: Any) -> None:
        at(data, path[:-1])[path[-1]] = {"title": path[-1], **schema}

    return lambda folders: edit_json(folders.provider / WORKFLOW, change)


def _in_arguments(name: str, pattern: str, replacement: str) -> Edit:
    line = rf'(arguments\["{name}"\] = ){pattern}$'
    return in_provider(_sub, "examples.py", line, rf"\g<1>{replacement}")


def _sub(root: Path, file: str, pattern: str, new: str) -> None:
    replace_text(root / file, pattern, new)


def _replace(root: Path, file: str, old: str, new: str) -> None:
    replace_text(root / file, re.escape(old), new)
