"""Comparison and three-valued logic: an answer is True, False or None, which means unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from sdk.expressions.kinds import align

Truth = bool | None
COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
# Two of one of these types compare as they are, which is nearly every comparison.
_PLAIN = frozenset({str, bool})


def compare(test: Callable[[Any, Any], bool], left: Any, right: Any) -> Truth:
    """Unknown when a side is None, or the kinds do not meet."""
    if left is None or right is None:
        return None
    kind = type(left)
    if kind is type(right) and (kind in _PLAIN or (kind is Decimal and left.is_finite() and right.is_finite())):
        return test(left, right)
    pair = align(left, right)
    return None if pair is None else test(*pair)


def is_in(value: Any, items: Any) -> Truth:
    """SQL's IN: unknown when not found and something compared was unknown; nothing is in an empty or missing list."""
    if items is None:
        return False
    if not isinstance(items, list | tuple):
        return None
    return any_of(compare(operator.eq, value, item) for item in items)


def any_of(answers: Iterable[Any]) -> Truth:
    """True if one is, else unknown if one is, else False."""
    result: Truth = False
    for answer in answers:
        if answer is True:
            return True
        if answer is not False:
            result = None
    return result


def all_of(answers: Iterable[Any]) -> Truth:
    """False if one is, else unknown if one is, else True."""
    result: Truth = True
    for answer in answers:
        if answer is False:
            return False
        if answer is not True:
            result = None
    return result


def negate(answer: Any) -> Truth:
    return not answer if isinstance(answer, bool) else None
