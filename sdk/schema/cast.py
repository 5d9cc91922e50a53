"""Between JSON and Python values, by the schema: decimals, dates and instants at any depth.

Both directions are compiled once per type into one closure per field: this runs several times for every write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary

from sdk.definition import escape
from sdk.errors import Violation
from sdk.schema.document_type import DocumentType
from sdk.schema.formats import DATE, DECIMAL, EXPECTED, INSTANT
from sdk.values import DECIMAL_DIGITS_MAX, decimal_text, instant_text, round_half_up, scale_of

Cast = Callable[[Any], Any]

OPEN_DEPTH_MAX = 32
INTEGER_MAX = 2**63 - 1
_DECIMAL_BOUND = 10**DECIMAL_DIGITS_MAX
_decimal_match = DECIMAL.fullmatch
_loaders: WeakKeyDictionary[DocumentType, Cast] = WeakKeyDictionary()
_dumpers: WeakKeyDictionary[DocumentType, Cast] = WeakKeyDictionary()


class CastRefusedError(Exception):
    """Internal: what is wrong below one value, pointers relative to it, and what could be read nevertheless."""

    def __init__(self, violations: list[Violation], partial: Any) -> None:
        super().__init__()
        self.violations = violations
        self.partial = partial


def load(type: DocumentType, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
    """Python values of JSON data, and what could not be read (left as it was among the values).

    Takes JSON and Python values alike, so that it may run again after hooks. Null members are dropped. A decimal with
    too many digits is refused as text and rounded half up as a Decimal: people are told, calculations are settled.
    """
    cast = _loaders.get(type)
    if cast is None:
        cast = _loaders[type] = _object_loader(type.schema)
    try:
        return cast(data), []
    except CastRefusedError as refused:
        values = refused.partial if isinstance(refused.partial, dict) else {}
        return values, refused.violations


def dump(type: DocumentType, values: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical JSON of values: what is stored. Values of a wrong kind stay, for the validator to refuse."""
    cast = _dumpers.get(type)
    if cast is None:
        cast = _dumpers[type] = _object_dumper(type.schema)
    dumped: dict[str, Any] = cast(values)
    return dumped


def _refuse(rule: str, message: str, expected: str | None, value: Any) -> CastRefusedError:
    return CastRefusedError([Violation("", rule, message, expected)], value)


def _below(name: str | int, violations: list[Violation]) -> list[Violation]:
    token = escape(name) if isinstance(name, str) else name
    return [Violation(f"/{token}{v.pointer}", v.rule, v.message, v.expected) for v in violations]


def _object_loader(schema: Mapping[str, Any]) -> Cast:
    if "properties" not in schema:
        return _load_open_object
    casts = {name: _loader(field) for name, field in schema["properties"].items()}
    find = casts.get

    def load_object(data: Any) -> dict[str, Any]:
        # Asking a dict whether it is a mapping takes as long as reading a field.
        if type(data) is not dict and not isinstance(data, Mapping):
            raise _refuse("type", "this is not an object", "an object", data)
        values: dict[str, Any] = {}
        faults: list[Violation] = []
        for name, value in data.items():
            if value is None:
                continue
            try:
                values[name] = find(name, _load_open)(value)
            except CastRefusedError as refused:
                faults += _below(str(name), refused.violations)
                values[name] = refused.partial
        if faults:
            raise CastRefusedError(faults, values)
        return values

    return load_object


def _array_loader(schema: Mapping[str, Any]) -> Cast:
    cast = _loader(schema["items"])

    def load_array(data: Any) -> list[Any]:
        if not isinstance(data, list | tuple):
            raise _refuse("type", "this is not a list", "a list", data)
        try:
            return [cast(item) for item in data]
        except CastRefusedError:
            return _load_each(cast, data)

    return load_array


def _load_each(cast: Cast, data: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Once an item was refused: again, for the faults of all of them."""
    values: list[Any] = []
    faults: list[Violation] = []
    for index, item in enumerate(data):
        try:
            values.append(cast(item))
        except CastRefusedError as refused:
            faults += _below(index, refused.violations)
            values.append(refused.partial)
    raise CastRefusedError(faults, values)


def _loader(schema: Mapping[str, Any]) -> Cast:
    if schema["type"] == "object":
        return _object_loader(schema)
    if schema["type"] == "array":
        return _array_loader(schema)
    if schema.get("format") == "decimal":
        return _decimal_loader(schema.get("x-decimal", {}))
    return _PLAIN_LOADERS.get(schema.get("format", schema["type"]), _load_text)


def _decimal_loader(limits: Mapping[str, Any]) -> Cast:
    scale: int | None = limits.get("scale")
    low = Decimal(limits["min"]) if "min" in limits else None
    high = Decimal(limits["max"]) if "max" in limits else None
    point = -1 - scale if scale else None

    def load_decimal(value: Any) -> Decimal:
        # Nearly every amount is text of exactly the scale, which needs no rounding.
        if point is not None and isinstance(value, str) and value[point : point + 1] == "." and _decimal_match(value):
            number = Decimal(value)
        else:
            number = _read_decimal(value, scale)
        if low is not None and number < low:
            raise _refuse("decimal_min", f"the number is below {low}", f"at least {low}", value)
        if high is not None and number > high:
            raise _refuse("decimal_max", f"the number is above {high}", f"at most {high}", value)
        return number

    return load_decimal


def _read_decimal(value: Any, scale: int | None) -> Decimal:
    if isinstance(value, str) and _decimal_match(value):
        return _fit_text(value, scale)
    if isinstance(value, int) and not isinstance(value, bool) and -_DECIMAL_BOUND < value < _DECIMAL_BOUND:
        return Decimal(value) if not scale else round_half_up(value, scale)
    # adjusted() of a zero is its exponent, which says nothing about its size.
    if isinstance(value, Decimal) and value.is_finite() and (not value or value.adjusted() < DECIMAL_DIGITS_MAX):
        return (value or Decimal(0)) if scale is None else round_half_up(value, scale)
    raise _refuse("decimal_text", "not an exact decimal number", EXPECTED["decimal"], value)


def _fit_text(text: str, scale: int | None) -> Decimal:
    number = Decimal(text)
    if scale is None:
        return number
    point = text.find(".")
    missing = scale - (len(text) - point - 1 if point >= 0 else 0)
    if missing == 0:
        return number
    if missing < 0 and scale_of(number) > scale:
        expected = f"at most {scale} digit(s) after the point"
        raise _refuse("decimal_scale", f"{text} has too many digits after the point", expected, text)
    return round_half_up(number, scale)


def _load_date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # 2026-02-30: well-formed, but no such day
    raise _refuse("date", "not a date", EXPECTED["date"], value)


def _load_instant(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # no such day, or an offset that leads out of the calendar
    raise _refuse("date-time", "not an instant", EXPECTED["date-time"], value)


def _load_text(value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse("type", "this is not a text", "a text", value)
    if not value.isascii():
        _check_unicode(value)
    # PostgreSQL keeps no NUL in a text.
    if "\x00" in value:
        raise _refuse("text_nul", "the text holds a NUL character", "a text without it", value)
    return value


def _check_unicode(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refuse("text_unicode", "the text is not valid Unicode", "a text without lone surrogates", "") from None


def _load_uuid(value: Any) -> str:
    return _load_text(value).lower()


def _load_integer(value: Any) -> int:
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse("type", "this is not a whole number", "a whole number", value)
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise _refuse("integer_size", "the number is too large", f"at most {INTEGER_MAX}", 0)
    return value


def _load_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refuse("type", "this is neither true nor false", "true or false", value)
    return value


_PLAIN_LOADERS: Mapping[str, Cast] = {
    "date": _load_date,
    "date-time": _load_instant,
    "uuid": _load_uuid,
    "integer": _load_integer,
    "boolean": _load_boolean,
}


def _load_open_object(data: Any) -> Any:
    if not isinstance(data, Mapping):
        raise _refuse("type", "this is not an object", "an object", data)
    return _load_open(data)


def _load_open(value: Any, depth: int = 1) -> Any:
    """Values no schema describes: any JSON that can be stored, null members dropped."""
    if depth > OPEN_DEPTH_MAX:
        raise _refuse("depth", "nested too deeply", f"at most {OPEN_DEPTH_MAX} levels", None)
    if isinstance(value, str):
        return _load_text(value)
    if isinstance(value, Mapping):
        members = {str(name): item for name, item in value.items() if item is not None}
        return {_load_text(name): _load_open(item, depth + 1) for name, item in members.items()}
    if isinstance(value, list | tuple):
        return [_load_open(item, depth + 1) for item in value]
    if isinstance(value, float) and not isfinite(value):
        raise _refuse("number", "not a number JSON knows", "a finite number", 0)
    if isinstance(value, int) and not isinstance(value, bool):
        return _load_integer(value)
    return value


def _object_dumper(schema: Mapping[str, Any]) -> Cast:
    casts = {name: _dumper(field) for name, field in schema.get("properties", {}).items()}
    find = casts.get

    def dump_object(values: Any) -> Any:
        if type(values) is not dict and not isinstance(values, Mapping):
            return values
        dumped = {}
        for name, value in values.items():
            if value is not None:
                cast = find(name, _dump_open)
                dumped[name] = cast(value) if cast is not None else value
        return dumped

    return dump_object


def _dumper(schema: Mapping[str, Any]) -> Cast | None:
    """None where Python and JSON have the same value."""
    match schema["type"], schema.get("format"):
        case "object", _:
            return _object_dumper(schema)
        case "array", _:
            return _array_dumper(schema)
        case "string", "decimal":
            return _decimal_dumper(schema.get("x-decimal", {}).get("scale"))
        case "string", "date" | "date-time":
            return _dump_open
        case _:
            return None


def _array_dumper(schema: Mapping[str, Any]) -> Cast:
    cast = _dumper(schema["items"])
    if cast is None:
        return lambda values: list(values) if isinstance(values, tuple) else values
    return lambda values: [cast(value) for value in values] if isinstance(values, list | tuple) else values


def _decimal_dumper(scale: int | None) -> Cast:
    point = -1 - scale if scale else None

    def dump_decimal(value: Any) -> Any:
        if isinstance(value, Decimal):
            # str() of a Decimal that has the scale already is canonical, and three times as fast as quantizing again.
            text = str(value)
            if point is not None and text[point : point + 1] == "." and value and "E" not in text:
                return text
            return decimal_text(value, scale) if value.is_finite() else value
        if isinstance(value, int) and not isinstance(value, bool):
            return decimal_text(value, scale)
        return value

    return dump_decimal


def _dump_open(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_text(value) if value.is_finite() else value
    if isinstance(value, datetime):
        return instant_text(value) if value.tzinfo is not None else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _dump_open(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_dump_open(item) for item in value]
    return value
