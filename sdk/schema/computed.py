"""x-computed: fields whose value follows from others, set before every write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sdk.schema.document_type import DocumentType
from sdk.schema.fields import Field
from sdk.values import round_half_up


def compute(type: DocumentType, values: dict[str, Any], around: Mapping[str, Any] | None = None) -> None:
    """Set the computed fields in place, each after those it needs; an unknown result removes the field.

    values: Python values as `load` gives them. around: more names for expressions: system fields, `today`.
    In a line an expression names the line's fields, and the document's as `document.<field>`. Decimals are rounded
    half up to the field's scale.
    """
    for field in type.computed:
        document = {**values, **(around or {})}
        for holder in _holders(values, field.parent):
            scope = document if not field.parent else {**(around or {}), **holder, "document": document}
            _set(field, holder, scope)


def _set(field: Field, holder: dict[str, Any], scope: Mapping[str, Any]) -> None:
    assert field.computed is not None
    result = field.computed.evaluate(scope)
    if result is None:
        holder.pop(field.name, None)
        return
    if isinstance(result, Decimal) and field.scale is not None:
        result = round_half_up(result, field.scale)
    elif isinstance(result, Decimal) and field.kind == "integer":
        # Expressions know one kind of number; a fraction is left for the validator to refuse.
        result = int(result) if result == result.to_integral_value() else result
    holder[field.name] = result


def _holders(values: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """The objects a path leads to: every line of `lines`."""
    found: list[Any] = [values]
    for name in path.split(".") if path else ():
        below = [item.get(name) for item in found if isinstance(item, dict)]
        found = [item for value in below for item in (value if isinstance(value, list) else [value])]
    return (item for item in found if isinstance(item, dict))
