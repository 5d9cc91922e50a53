"""Values of documents: exact decimals, dates and instants, and their one canonical text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

# 60 digits hold every amount PostgreSQL's numeric(38, n) columns can and leave room for products.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
DECIMAL_DIGITS_MAX = 38
# Made once: most amounts have two digits, and a report rounds thousands of them.
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(DECIMAL_DIGITS_MAX))


def to_decimal(value: str | int | Decimal) -> Decimal:
    """An exact, finite Decimal. Raises ValueError for floats, exponents too large, NaN and infinities."""
    if isinstance(value, bool | float):
        raise ValueError("not an exact decimal")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("not a decimal") from None
    if not number.is_finite() or number.adjusted() >= DECIMAL_DIGITS_MAX:
        raise ValueError(f"not a decimal of at most {DECIMAL_DIGITS_MAX} digits")
    return number


def round_half_up(value: Decimal | int, places: int = 0) -> Decimal:
    """Commercial rounding (DIN 1333, half away from zero): 2.345 -> 2.35, -2.345 -> -2.35."""
    unit = _UNITS[places] if 0 <= places < DECIMAL_DIGITS_MAX else Decimal(1).scaleb(-places)
    return Decimal(value).quantize(unit, context=EXACT)


def scale_of(value: Decimal) -> int:
    """Digits after the point that matter: 1.50 -> 1."""
    exponent = value.normalize(EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decimal_text(value: Decimal | int, scale: int | None = None) -> str:
    """Canonical text: of the given scale, or plain notation without trailing zeros."""
    number = Decimal(value)
    if scale is not None:
        number = round_half_up(number, scale)
        return format(number if number else abs(number), "f")
    number = number.normalize(EXACT)
    return format(number if number else abs(number), "f")


def to_date(text: str) -> date:
    """An ISO 8601 calendar date, YYYY-MM-DD only. Raises ValueError."""
    # fromisoformat takes 2026-W05-6 too.
    if len(text) != 10 or text[7] != "-":
        raise ValueError("not a date YYYY-MM-DD")
    return date.fromisoformat(text)


def to_instant(text: str) -> datetime:
    """An RFC 3339 instant with an offset, as UTC. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset, e.g. 2026-01-31T12:00:00Z")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC this lies outside of the years 1 to 9999") from None


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with Z and microseconds only when there are some."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def spread_rest(parts: Sequence[Decimal], amounts: Sequence[Decimal], rest: Decimal) -> list[Decimal]:
    """The parts, less what rounding left of them together; none gets another sign than the amount it was made from.

    The largest part that can bear the rest does, else several do.
    """
    spread, order = list(parts), sorted(range(len(parts)), key=lambda index: abs(parts[index]), reverse=True)
    bearers = [index for index in order if (parts[index] - rest) * amounts[index] >= 0]
    for index in bearers[:1] or order:
        taken = rest if bearers else max(min(rest, abs(parts[index])), -abs(parts[index]))
        spread[index], rest = parts[index] - taken, rest - taken
    return spread


def start_of_day(value: date | datetime) -> datetime:
    """The instant a movement of this date stands at: midnight UTC; an instant stays as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)
