"""Functions that fold many values into one. sum, min and max pass over None, as SQL's do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from sdk.expressions.kinds import EXACT, as_number
from sdk.expressions.logic import COMPARE, all_of, any_of, compare


def total(values: Iterable[Any]) -> Decimal:
    """The exact sum; 0 of nothing."""
    result = Decimal(0)
    for value in values:
        number = as_number(value)
        if number is not None:
            result = EXACT.add(result, number)
    return result


def smallest(values: Iterable[Any]) -> Any:
    return _best(values, COMPARE["<"])


def largest(values: Iterable[Any]) -> Any:
    return _best(values, COMPARE[">"])


def _best(values: Iterable[Any], is_better: Callable[[Any, Any], bool]) -> Any:
    best = None
    for value in values:
        if value is not None and (best is None or compare(is_better, value, best)):
            best = value
    return best


FOLDS: Final[dict[str, Callable[[Iterable[Any]], Any]]] = {
    "all": all_of, "any": any_of, "max": largest, "min": smallest, "sum": total,
}  # fmt: skip
