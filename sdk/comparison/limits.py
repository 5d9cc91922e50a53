"""What a field's JSON Schema allows: wider or narrower than before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sdk.comparison.changes import Changes, said
from sdk.schema.vocabulary import COMBINING

# Raising a lower bound narrows, raising an upper one widens.
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Any other value than before may refuse what was allowed; without it all is allowed.
_EXACT = ("pattern", "multipleOf", "const", "uniqueItems", "format")

# Whether all values of a list that are allowed no more become allowed ones.
AreMapped = Callable[[Iterable[Any]], bool]


def compare_limits(
    old: Mapping[str, Any], new: Mapping[str, Any], path: str, changes: Changes, *, is_cast: bool, are_mapped: AreMapped
) -> None:
    """is_cast: a function of the lenses touches the field, and is trusted to make its values fit."""
    for key in (*_LOWER, *_UPPER):
        _compare_bound(key, old.get(key), new.get(key), key in _LOWER, path, changes, is_cast)
    before, after = old.get("x-decimal", {}), new.get("x-decimal", {})
    for key in ("min", "max"):
        _compare_bound(key, _exact(before.get(key)), _exact(after.get(key)), key == "min", path, changes, is_cast)
    _compare_scale(before.get("scale"), after.get("scale"), path, changes, is_cast)
    for key in (*_EXACT, *COMBINING):
        if old.get(key) != new.get(key):
            if key in new and new[key] is not False:
                message = f"{key} of {path or 'the document'} is another one, which may refuse what was allowed"
                changes.narrowed(is_cast, "limit_changed", path, message, "a function in lenses.py that makes it fit")
            else:
                changes.compatible("limit_removed", path, f"{path or 'the document'} has no {key} any more")
    _compare_enum(old.get("enum"), new.get("enum"), path, changes, is_cast, are_mapped)


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _compare_bound(key: str, old: Any, new: Any, is_lower: bool, path: str, changes: Changes, is_cast: bool) -> None:
    if old == new:
        return
    if new is None or (old is not None and (new < old) == is_lower):
        changes.compatible("limit_widened", path, f"{key} of {path} is {_told(new)} instead of {_told(old)}")
        return
    message = f"{key} of {path} is {_told(new)} instead of {_told(old)}, so that some values fit no more"
    changes.narrowed(is_cast, "limit_narrowed", path, message, "a function in lenses.py that makes them fit")


def _told(value: Any) -> str:
    return "unlimited" if value is None else str(value)


def _compare_scale(old: int | None, new: int | None, path: str, changes: Changes, is_cast: bool) -> None:
    if old == new:
        return
    if new is None or (old is not None and new > old):
        changes.compatible("scale_raised", path, f"{path} has {_told(new)} digits after the point, not {_told(old)}")
        return
    message = f"{path} has {new} digits after the point instead of {_told(old)}: amounts with more fit no more"
    changes.narrowed(is_cast, "scale_lowered", path, message, "a function in lenses.py that rounds")


def _compare_enum(
    old: list[Any] | None, new: list[Any] | None, path: str, changes: Changes, is_cast: bool, are_mapped: AreMapped
) -> None:
    if old == new:
        return
    if new is None:
        changes.compatible("enum_removed", path, f"{path} may have any value now")
        return
    if old is None:
        message = f"{path} may have these values only: {said(new)}"
        changes.narrowed(is_cast, "enum_added", path, message, "a function in lenses.py that makes them fit")
        return
    removed = [value for value in old if value not in new]
    for value in removed:
        is_mapped = is_cast or are_mapped([value])
        message = f"{path} can no more be {value}" + (", which the lenses map" if is_mapped else "")
        changes.narrowed(is_mapped, "enum_value_removed", path, message, f"map_value {value} to one of {said(new)}")
    for value in new:
        if value not in old:
            changes.compatible("enum_value_added", path, f"{path} can be {value} too")
