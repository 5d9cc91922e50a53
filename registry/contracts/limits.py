"""Whether a value that is written in the code fits a field as it is described in an offer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,), "decimal": (str, int), "integer": (int,), "boolean": (bool,), "date": (str,), "instant": (str,),
    "uuid": (str,),
}  # fmt: skip


def find_limit_fault(field: Mapping[str, Any], value: Any) -> str:
    """Why a literal is refused: a clause, empty where it is not."""
    limits = field.get("limits", {})
    kinds = _KINDS.get(field["kind"])
    if value is None:
        return ""
    if kinds is None or not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return f"it is {field['kind']}" if kinds or not isinstance(value, dict | list) else ""
    if isinstance(value, str) and field["kind"] == "text":
        return _text_fault(limits, value)
    if field["kind"] in ("integer", "decimal") and isinstance(value, str | int):
        return _number_fault(limits, value)
    return ""


def _text_fault(limits: Mapping[str, Any], value: str) -> str:
    if len(value) > limits.get("maxLength", len(value)):
        return f"it has at most {limits['maxLength']} characters"
    if len(value) < limits.get("minLength", 0):
        return f"it has at least {limits['minLength']} characters"
    if "const" in limits and value != limits["const"]:
        return f"it is {limits['const']}"
    pattern = limits.get("pattern")
    try:
        return f"it has the pattern {pattern}" if pattern and not re.search(pattern, value) else ""
    except re.error:
        return ""


def _number_fault(limits: Mapping[str, Any], value: str | int) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "it is a number"
    for key in ("minimum", "min"):
        if key in limits and number < Decimal(str(limits[key])):
            return f"it is at least {limits[key]}"
    for key in ("maximum", "max"):
        if key in limits and number > Decimal(str(limits[key])):
            return f"it is at most {limits[key]}"
    return ""
