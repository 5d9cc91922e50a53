"""SQL of comparisons and of `in`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, false, func, or_
from sqlalchemy.dialects.postgresql import ARRAY

from kernel.expressions.coerce import (
    Sql,
    as_boolean,
    as_iso,
    as_numeric,
    as_ordered_text,
    as_sql_date,
    as_sql_instant,
    as_text,
    as_uuid,
    bind,
    is_canonical_uuid,
    operate,
    refuse_unstorable,
    unknown,
)
from kernel.expressions.typed import ENCRYPTED, NULL, SQL_TYPES, UUID, Typed, constant
from sdk.expressions.errors import InvalidExpression
from sdk.expressions.kinds import BOOLEAN, DATE, DECIMAL, INSTANT, TEXT, as_date, as_instant, as_number, read_instant

# Marks are hexadecimal.
NO_MARK = "-"
SQL_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def compare(left: Typed, operator: str, right: Typed) -> Sql:
    """One comparison; unknown when a side is None."""
    if NULL in (left.kind, right.kind):
        return unknown()
    if ENCRYPTED in (left.kind, right.kind):
        return compare_marks(left, operator, right) if left.kind == ENCRYPTED else compare_marks(right, operator, left)
    first, second = align(left, right, is_equality=operator in ("==", "!="))
    return operate(first, SQL_OPERATORS[operator], second)


def compare_marks(field: Typed, operator: str, value: Typed) -> Sql:
    """An encrypted field with a value: their marks in the blind index, which have no order."""
    if operator not in ("==", "!="):
        raise InvalidExpression("an encrypted field is only compared by ==, != and in", instead="==")
    if field.mark is None or field.sql is None:
        raise InvalidExpression("an encrypted field is not compared here")
    if not value.is_constant:
        raise InvalidExpression("an encrypted field is compared with values, not with other fields")
    mark = field.mark(value.value)
    # What no such field could hold equals none.
    return operate(field.sql, SQL_OPERATORS[operator], bind(TEXT, mark or NO_MARK))


def align(left: Typed, right: Typed, *, is_equality: bool) -> tuple[Sql, Sql]:
    """Both sides in one SQL type, such that an index on the field can be used."""
    kinds = {left.kind, right.kind}
    if kinds == {DECIMAL}:
        return as_numeric(left), as_numeric(right)
    if kinds == {BOOLEAN}:
        return as_boolean(left), as_boolean(right)
    if kinds <= {TEXT, UUID}:
        return _align_texts(left, right, is_equality=is_equality)
    if kinds <= {DATE, TEXT}:
        is_iso = all(typed.is_iso or typed.is_constant for typed in (left, right))
        return (as_iso(left), as_iso(right)) if is_iso else (as_sql_date(left), as_sql_date(right))
    if INSTANT in kinds and kinds <= {DATE, TEXT, INSTANT}:
        return as_sql_instant(left), as_sql_instant(right)
    raise InvalidExpression(f"{left.kind} and {right.kind} cannot be compared")


def _align_texts(left: Typed, right: Typed, *, is_equality: bool) -> tuple[Sql, Sql]:
    if not is_equality:
        return as_ordered_text(left), as_ordered_text(right)
    sides = (left, right)
    if any(side.kind == UUID for side in sides) and all(
        side.kind == UUID or is_canonical_uuid(side.value) for side in sides
    ):
        return as_uuid(left), as_uuid(right)
    return as_text(left), as_text(right)


def is_one_of(left: Typed, items: Sequence[Typed]) -> Sql:
    """`in` a written list; an array parameter where all items are known."""
    if not items:
        return false()
    if not left.is_constant and all(item.is_constant for item in items):
        return is_in_values(left, [item.value for item in items])
    return or_(false(), *(compare(left, "==", item) for item in items))


def is_in_values(left: Typed, values: Sequence[Any]) -> Sql:
    """`in` a list of known values: of the actor, or a parameter."""
    if left.kind == ENCRYPTED:
        return or_(false(), *(compare(left, "==", constant(value)) for value in values))
    if left.kind == UUID and not all(value is None or is_canonical_uuid(value) for value in values):
        left = Typed(TEXT, as_text(left))
    if left.kind == DATE and not left.is_iso:
        left = Typed(DATE, as_iso(left), is_iso=True)
    kind = TEXT if left.is_iso or left.kind == NULL else left.kind
    sides = {DECIMAL: as_numeric, BOOLEAN: as_boolean, INSTANT: as_sql_instant, UUID: as_uuid, DATE: as_iso}
    if left.kind not in (*sides, TEXT, NULL):
        raise InvalidExpression(f"a value of kind {left.kind} is in no list")
    side = sides.get(left.kind, as_text)(left)
    array = bindparam(None, [_member(left.kind, v) for v in values], ARRAY(SQL_TYPES[kind]), unique=True)
    return operate(side, "=", func.any(array))


def _member(kind: str, value: Any) -> Any:
    """The value as the array holds it; None where Python finds the comparison unknown."""
    if value is None or kind == NULL:
        return None
    found = constant(value).kind
    allowed = {TEXT: {TEXT}, UUID: {TEXT}, DATE: {DATE, TEXT}, INSTANT: {INSTANT, DATE, TEXT}}.get(kind, {kind})
    if found not in allowed:
        raise InvalidExpression(f"{kind} and {found} cannot be compared")
    if kind == DECIMAL:
        return as_number(value)
    if kind == DATE:
        day = as_date(value)
        return day.isoformat() if day else None
    if kind == INSTANT:
        return read_instant(value) if isinstance(value, str) else as_instant(value)
    if isinstance(value, str):
        refuse_unstorable(value)
    return value
