"""Functions of an applet's `lenses.py`: `up_<noun>_1_to_2(document)` and `down_<noun>_2_to_1(document)`."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sdk.errors import Violation
from sdk.lenses.errors import CastFailed
from sdk.lenses.places import ABSENT, OWN, copy_json, is_same_json

# Changes the plain JSON object of a document in place.
Function = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, eq=False)
class Pair:
    """version: the newer of the two. touches: the fields at the top they may change, None = any."""

    version: int
    up: Function
    down: Function
    touches: frozenset[str] | None = None

    @property
    def digest(self) -> str:
        text = "\n".join(map(_source_of, (self.up, self.down)))
        return hashlib.sha256(text.encode()).hexdigest()


def names_of(noun: str, version: int) -> tuple[str, str]:
    """What the functions to a version and back are called."""
    return f"up_{noun}_{version - 1}_to_{version}", f"down_{noun}_{version}_to_{version - 1}"


def find_pair(module: ModuleType, noun: str, version: int, faults: list[Violation]) -> Pair | None:
    """The functions to a version and back; None where there are none, and a violation where there is only one."""
    names = names_of(noun, version)
    found = [getattr(module, name, None) for name in names]
    for name, function in zip(names, found, strict=True):
        if not callable(function) and any(found):
            message = f"there is no function {name}, only the other direction"
            faults.append(Violation("lenses.py#", "function_missing", message, f"def {name}(document)"))
            return None
    up, down = found
    return Pair(version, up, down) if up is not None and down is not None else None


def touches_path(touched: frozenset[str] | None, path: str) -> bool:
    """Whether functions that touch these fields may change what is at the path."""
    return not path.startswith(OWN) and (touched is None or path.partition(".")[0] in touched)


def run_pair(
    type: str, pair: Pair, data: dict[str, Any], note: Any, to: int, *, upward: bool
) -> Mapping[str, Any] | None:
    """Call the function on the data in place, following the note; the note for the way back, None = none needed.

    A note says of fields at the top: where the function makes them `is`, they were `was`. What belongs to the tenant is
    none of the function's business.
    """
    own = {name: data.pop(name) for name in list(data) if name.startswith(OWN)}
    before = copy_json(data)
    _call(type, pair, data, to, upward)
    if isinstance(note, Mapping):
        _follow(note, data)
    back = copy_json(data)
    _call(type, pair, back, to, not upward)
    different = [name for name in {**before, **back} if not _is_same(before, back, name)]
    data |= own
    if not different:
        return None
    return {
        "is": {name: back[name] for name in different if name in back},
        "was": {name: before[name] for name in different if name in before},
    }


def _follow(note: Mapping[str, Any], data: dict[str, Any]) -> None:
    said, was = note.get("is", {}), note.get("was", {})
    for name in {**said, **was}:
        if _is_same(said, data, name):
            data.pop(name, None)
            if name in was:
                data[name] = copy_json(was[name])


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    return is_same_json(one.get(name, ABSENT), other.get(name, ABSENT))


def _call(type: str, pair: Pair, data: dict[str, Any], to: int, upward: bool) -> None:
    name = names_of(type.partition(".")[2], pair.version)[0 if upward else 1]
    function = pair.up if upward else pair.down
    untouched = None if pair.touches is None else copy_json({k: v for k, v in data.items() if k not in pair.touches})
    try:
        function(data)
    except Exception as error:  # reason: whatever an applet's function raises, the document and the step are named
        reason = f"{error.__class__.__name__}: {error}"
        raise CastFailed(type=type, to=to, step=name, reason=reason, pointer="") from error
    if untouched is not None and pair.touches is not None:
        now = {key: value for key, value in data.items() if key not in pair.touches}
        for key in {**untouched, **now}:
            if not _is_same(untouched, now, key):
                reason = f"it changed {key}, which `touches` does not name"
                raise CastFailed(type=type, to=to, step=name, reason=reason, pointer=f"/{key}")


def _source_of(function: Function) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return getattr(function, "__qualname__", repr(type(function)))
