"""Reading `lenses/<noun>.json`: every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sdk.definition import QUALIFIED_NAME, Reader
from sdk.errors import Violation
from sdk.lenses.chain import STATE, VERSIONS_MAX, LensChain
from sdk.lenses.places import OWN, is_under
from sdk.lenses.steps import Add, Drop, MapState, MapValue, Move, SetDefault, Split, Step
from sdk.nearest import nearest_or_all

LENS_KEYS = ("type", "versions", "touches")
STEPS_MAX = 200
PARTS_MAX = 20
PATH = re.compile(r"[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){0,15}")
_VERSION = re.compile(r"[1-9][0-9]{0,3}")


def read_lenses(data: Any, faults: list[Violation]) -> LensChain:
    """The chain as far as it can be read; what is wrong goes to `faults`. latest: the highest version it names."""
    reader = Reader(data, faults)
    reader.keys(LENS_KEYS, ("type", "versions"))
    steps: dict[int, tuple[Step, ...]] = {}
    versions = reader.child("versions")
    for name in versions.data if versions is not None else ():
        assert versions is not None
        number = _read_version(name, versions)
        if number is not None:
            found = [_read_step(item) for item in versions.items(name)]
            steps[number] = tuple(step for step in found if step is not None)
            if len(found) > STEPS_MAX:
                versions.fault(name, "count", "too many steps", f"at most {STEPS_MAX}")
    return LensChain(
        type=reader.name("type", QUALIFIED_NAME, "applet.noun"),
        latest=max(steps, default=1),
        steps=steps,
        touches=_read_touches(reader),
    )


def _read_version(name: str, reader: Reader) -> int | None:
    if _VERSION.fullmatch(name) and 2 <= int(name) <= VERSIONS_MAX:
        return int(name)
    reader.fault(name, "version", f"{name[:40]} is no version that steps lead to", f'"2" to "{VERSIONS_MAX}"')
    return None


def _read_touches(reader: Reader) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    touches = reader.child("touches")
    for name in touches.data if touches is not None else ():
        assert touches is not None
        number = _read_version(name, touches)
        if number is not None:
            found[number] = frozenset(touches.texts(name))
    return found


def _read_step(reader: Reader) -> Step | None:
    kinds = [kind for kind in reader.data if kind in _READERS]
    for key in reader.data:
        if key not in _READERS:
            reader.fault(str(key), "unknown_step", f"there is no step {key}", nearest_or_all(key, _READERS))
    if len(reader.data) != 1 or not kinds:
        if len(reader.data) != 1:
            reader.fault("", "step", "a step is an object with one key", f"one of {', '.join(_READERS)}")
        return None
    if kinds[0] == "map_state":
        return _read_map_state(reader)
    child = reader.child(kinds[0])
    assert child is not None
    count = len(reader.faults)
    step = _READERS[kinds[0]](child)
    return step if len(reader.faults) == count else None


def _read_path(reader: Reader, key: str) -> str:
    path = reader.text(key)
    if key in reader.data and isinstance(reader.data[key], str) and not PATH.fullmatch(path):
        reader.fault(key, "path", f"{path[:80]} is not a field's path", "such as total or lines.amount")
        return ""
    _refuse_own(path, key, reader)
    return path


def _refuse_own(path: str, key: str, reader: Reader) -> None:
    if path.startswith(OWN):
        reader.fault(key, "reserved_name", "custom_ fields belong to the tenant", "a field of the applet")


def _read_move(reader: Reader) -> Step:
    reader.keys(("from", "to"), ("from", "to"))
    old, new = _read_path(reader, "from"), _read_path(reader, "to")
    if old and new and (is_under(old, new) or is_under(new, old)):
        reader.fault("to", "overlap", f"{new} and {old} lie in each other", "another name")
    return Move((old, new))


def _read_rename(reader: Reader) -> Step:
    step = _read_move(reader)
    old, new = step.paths
    if old and new and old.rpartition(".")[0] != new.rpartition(".")[0]:
        reader.fault("to", "other_object", f"{new} is in another object than {old}", "move_field")
    return step


def _read_split(reader: Reader) -> Step:
    reader.keys(("from", "into", "separator"), ("from", "into"))
    whole, parts = _read_path(reader, "from"), reader.texts("into")
    for part in parts:
        _refuse_own(part, "into", reader)
        if not PATH.fullmatch(part):
            reader.fault("into", "path", f"{part[:80]} is not a field's path", "such as first_name")
        elif any(part != other and is_under(part, other) for other in (*parts, whole) if other) or part == whole:
            reader.fault("into", "overlap", f"{part} lies in another field of the step", "another name")
    if "into" in reader.data and not 2 <= len(set(parts)) == len(parts) <= PARTS_MAX:
        reader.fault("into", "count", "a text is split into different fields", f"2 to {PARTS_MAX} of them")
    separator = reader.text("separator", " ")
    if not separator:
        reader.fault("separator", "minLength", "the separator is empty", "at least one character")
    return Split((whole, *parts), separator)


def _read_default(reader: Reader) -> Step:
    reader.keys(("field", "value", "is_new"), ("field", "value"))
    if "value" in reader.data and reader.data["value"] is None:
        reader.fault("value", "type", "null is no value of a field", "a JSON value")
    return SetDefault((_read_path(reader, "field"),), reader.data.get("value"), reader.flag("is_new", True))


def _read_add(reader: Reader) -> Step:
    reader.keys(("field",), ("field",))
    return Add((_read_path(reader, "field"),))


def _read_drop(reader: Reader) -> Step:
    reader.keys(("field",), ("field",))
    return Drop((_read_path(reader, "field"),))


def _read_map(reader: Reader) -> Step:
    reader.keys(("field", "values"), ("field", "values"))
    values = reader.child("values")
    return MapValue((_read_path(reader, "field"),), _read_values(values) if values is not None else {})


def _read_map_state(reader: Reader) -> Step | None:
    values = reader.child("map_state")
    assert values is not None
    count = len(reader.faults)
    found = _read_values(values)
    return MapState((STATE,), found) if len(reader.faults) == count else None


def _read_values(reader: Reader) -> dict[str, str]:
    return {old: reader.text(old) for old in reader.data}


_READERS: dict[str, Callable[[Reader], Step | None]] = {
    "rename_field": _read_rename, "move_field": _read_move, "split": _read_split, "add_field": _read_add,
    "set_default": _read_default, "drop_field": _read_drop, "map_value": _read_map, "map_state": _read_map_state,
}  # fmt: skip
STEP_KINDS = tuple(_READERS)
