"""Places in plain JSON objects by dotted path: reading, setting, removing, comparing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

# What stands for a value that is not there; null is a value of JSON.
ABSENT: Final = object()
# What fields of a tenant's own begin with, which no schema of an applet declares and no step is about.
OWN = "custom_"
_UNCHANGING = frozenset({str, int, bool, float, type(None)})


def is_under(path: str, other: str) -> bool:
    """Whether the path is the other, or leads to something below it."""
    return path == other or path.startswith(f"{other}.")


def relocate(path: str, old: str, new: str) -> str:
    """A path under `old`, as it is called under `new`."""
    return new + path[len(old) :]


def read_at(scope: Mapping[str, Any], path: str) -> Any:
    """The value at a path of nested objects, ABSENT where there is none; arrays are not looked into."""
    value: Any = scope
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return ABSENT
        value = value[name]
    return value


def set_at(scope: dict[str, Any], path: str, value: Any) -> bool:
    """Set a value, and the objects on the way to it; False where something else is in the way."""
    *above, last = path.split(".")
    holder = scope
    for name in above:
        below = holder.setdefault(name, {})
        if not isinstance(below, dict):
            return False
        holder = below
    holder[last] = value
    return True


def take_at(scope: dict[str, Any], path: str, *, prune: bool = False) -> Any:
    """Remove a value and give it, ABSENT where there is none. prune: remove objects that are empty without it."""
    value = read_at(scope, path)
    if value is ABSENT:
        return ABSENT
    above, _, last = path.rpartition(".")
    holder = read_at(scope, above) if above else scope
    del holder[last]
    if prune and above and not holder:
        take_at(scope, above, prune=True)
    return value


def copy_json(value: Any) -> Any:
    """A copy that shares nothing that can change."""
    # Every document of another version is copied when it is read, and most of its values are texts.
    if isinstance(value, Mapping):
        return {name: item if type(item) in _UNCHANGING else copy_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _UNCHANGING else copy_json(item) for item in value]
    return value


def copy_names(scope: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Copies of these members, as far as there are any."""
    found = {}
    for name in names:
        if name in scope:
            value = scope[name]
            found[name] = value if type(value) in _UNCHANGING else copy_json(value)
    return found


def is_same_json(one: Any, other: Any) -> bool:
    """Equal as JSON: unlike in Python, true is not 1, and 1.0 is written otherwise than 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same_json(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same_json, one, other))
    return bool(one == other)
