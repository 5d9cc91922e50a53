"""Query parameters: known ones, once each, of the right kind; all faults at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from fastapi import Request

from kernel.http.errors import InvalidRequest
from sdk.errors import Violation
from sdk.nearest import nearest
from sdk.values import to_date, to_decimal, to_instant

Reader = Callable[[str], Any]
COUNT_MAX = 999_999_999

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def read_parameters(request: Request, known: dict[str, Reader], *, prefix: str = "") -> dict[str, Any]:
    """The given ones by name, read; those beginning with `prefix` as a mapping under the prefix itself.

    A misspelt filter must not list everything, so unknown names are refused with the nearest known one.
    """
    values: dict[str, Any] = {prefix: {}} if prefix else {}
    violations: list[Violation] = []
    for name, text in request.query_params.multi_items():
        is_free = bool(prefix) and name.startswith(prefix)
        if is_free:
            _read_one(name[len(prefix) :], text, read_value, values[prefix], violations)
        elif name not in known:
            violations.append(_unknown(name, known))
        elif name in values:
            violations.append(Violation(f"/{name}", "repeated", f"{name} is given twice", "once"))
        else:
            _read_one(name, text, known[name], values, violations)
    if violations:
        raise InvalidRequest(violations=violations)
    return values


def read_flag(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def read_names(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_count(text: str) -> int:
    """A whole number from 1."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(COUNT_MAX)) or int(text) < 1:
        raise ValueError("a whole number from 1")
    return int(text)


def read_moment(text: str) -> date | datetime:
    """A date, or an instant with an offset."""
    return to_date(text) if len(text) == len("2026-01-31") else to_instant(text)


@dataclass(frozen=True)
class OneOf:
    """A reader of one of these words."""

    words: Collection[str]

    def __call__(self, text: str) -> str:
        if text not in self.words:
            raise ValueError(", ".join(self.words))
        return text


def one_of(known: Collection[str]) -> OneOf:
    """A reader of one of these words."""
    return OneOf(tuple(known))


def read_value(text: str) -> Any:
    """A value of a filter: a JSON number (exactly), true, false or a JSON text; anything else is text as it stands."""
    if _NUMBER.fullmatch(text):
        return to_decimal(text)
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ValueError('a JSON text, e.g. "42"') from None
    return text


def _read_one(name: str, text: str, reader: Reader, values: dict[str, Any], violations: list[Violation]) -> None:
    try:
        values[name] = reader(text)
    except ValueError as error:
        violations.append(Violation(f"/{name}", "value", f"{text[:80]!r} does not fit", str(error)))


def _unknown(name: str, known: Collection[str]) -> Violation:
    message = f"there is no parameter {name[:80]}"
    return Violation(f"/{name[:80]}", "unknown_parameter", message, nearest(name[:80], known))
