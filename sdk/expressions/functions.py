"""The functions of the whitelist on values. Each takes values that may be None and answers None for unknown."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from sdk.expressions.casing import lower, upper
from sdk.expressions.kinds import EXACT, as_date, as_number, as_text
from sdk.expressions.limits import DIVISION_PLACES, ROUND_PLACES_MAX

_HALF_UP = Context(prec=EXACT.prec, rounding=ROUND_HALF_UP)
_ONE = Decimal(1)


def divide(left: Decimal, right: Decimal) -> Decimal | None:
    """The quotient, half-up to DIVISION_PLACES places; None for a zero divisor."""
    if not right:
        return None
    dividend, divisor = EXACT.abs(left), EXACT.abs(right)
    doubled = EXACT.add(EXACT.multiply(dividend.scaleb(DIVISION_PLACES, EXACT), Decimal(2)), divisor)
    quotient = EXACT.divide_int(doubled, EXACT.multiply(divisor, Decimal(2))).scaleb(-DIVISION_PLACES, EXACT)
    return quotient if left.is_signed() == right.is_signed() else EXACT.minus(quotient)


def round_places(value: Any, places: Any = Decimal(0)) -> Decimal | None:
    number, count = as_number(value), _whole(places)
    if number is None or count is None or abs(count) > ROUND_PLACES_MAX:
        return None
    return number.quantize(_ONE.scaleb(-count), context=_HALF_UP)


def _whole(value: Any) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def absolute(value: Any) -> Decimal | None:
    number = as_number(value)
    return None if number is None else EXACT.abs(number)


def length(value: Any) -> Decimal | None:
    """Characters (code points) of a text, items of a list."""
    return Decimal(len(value)) if isinstance(value, str | list | tuple) else None


def number_text(value: Decimal) -> str:
    """Plain notation without trailing zeros."""
    reduced = value.normalize(EXACT)
    return format(reduced if reduced else _ONE - _ONE, "f")


def concat(*values: Any) -> str:
    """The texts joined; numbers and dates in their canonical text; None is passed over."""
    return "".join(_shown(value) for value in values)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    number = as_number(value)
    if number is not None:
        return number_text(number)
    return value.isoformat() if type(value) is date else ""


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _on_texts(test: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        texts = [as_text(value) for value in values]
        return None if None in texts else test(*texts)

    return apply


def _on_date(part: Callable[[date], Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        day = as_date(value)
        return None if day is None else part(day)

    return apply


def end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def add_days(value: Any, days: Any) -> date | None:
    """None outside the years 1 to 9999, and for a part of a day."""
    day, count = as_date(value), _whole(days)
    if day is None or count is None:
        return None
    ordinal = day.toordinal() + count
    return day + timedelta(count) if 1 <= ordinal <= date.max.toordinal() else None


def add_months(value: Any, months: Any) -> date | None:
    """The same day of another month, or its last day where it is shorter."""
    day, count = as_date(value), _whole(months)
    if day is None or count is None:
        return None
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def days_between(first: Any, last: Any) -> Decimal | None:
    """Days from the first to the last: negative when the last comes earlier."""
    start, end = as_date(first), as_date(last)
    return None if start is None or end is None else Decimal((end - start).days)


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": absolute,
    "add_days": add_days,
    "add_months": add_months,
    "coalesce": coalesce,
    "concat": concat,
    "contains": _on_texts(lambda text, part: part in text),
    "date": as_date,
    "days_between": days_between,
    "end_of_month": _on_date(end_of_month),
    "endswith": _on_texts(str.endswith),
    "len": length,
    "lower": _on_texts(lower),
    "month": _on_date(lambda day: Decimal(day.month)),
    "round": round_places,
    "start_of_month": _on_date(lambda day: day.replace(day=1)),
    "startswith": _on_texts(str.startswith),
    "upper": _on_texts(upper),
    "year": _on_date(lambda day: Decimal(day.year)),
}
