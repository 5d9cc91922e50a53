"""JSON Merge Patch (RFC 7386): apply one, and find the one between two states. Arrays are replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk.errors import Invalid

PATCH_DEPTH_MAX = 64


class PatchTooDeep(Invalid):
    """The patch is nested deeper than {maximum} levels."""


def apply(target: Any, patch: Any) -> Any:
    """The target with the patch applied; neither is changed. None in the patch removes a member."""
    return _apply(target, patch, 0)


def _apply(target: Any, patch: Any, depth: int) -> Any:
    if depth > PATCH_DEPTH_MAX:
        raise PatchTooDeep(maximum=PATCH_DEPTH_MAX)
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _apply(result.get(name), value, depth + 1)
    return result


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest patch with apply(old, diff(old, new)) == new, for data without null members."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if is_same(before, value):
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            patch[name] = diff(before, value)
        else:
            patch[name] = value
    return patch


def is_same(one: Any, other: Any) -> bool:
    """Equal as JSON: unlike in Python, true is not 1."""
    if isinstance(one, str) or one is None:
        return bool(one == other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)
