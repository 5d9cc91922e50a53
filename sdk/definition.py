"""Reading definitions (machines, registers, reports, roles, manifests): closed keys, and all faults at once.

A `Reader` never raises: what is wrong becomes a violation and reads as if it were absent, so that one run finds all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sdk.errors import Violation
from sdk.expressions import Expression, InvalidExpression, parse
from sdk.nearest import nearest_or_all

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
QUALIFIED_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")
TEXT_LENGTH_MAX = 10_000


def escape(token: str) -> str:
    """One member name as a token of a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def parse_expression(text: Any, pointer: str, faults: list[Violation]) -> Expression | None:
    """The parsed expression; None, and a violation, where it is none."""
    if not isinstance(text, str):
        faults.append(Violation(pointer, "type", "this is not an expression", "a text"))
        return None
    try:
        return parse(text)
    except InvalidExpression as error:
        faults.append(Violation(pointer, "expression", error.message))
        return None


def roots(expression: Expression) -> frozenset[str]:
    """The first parts of the names an expression mentions: `account` of `account.code`."""
    return frozenset(name.partition(".")[0] for name in expression.names)


class Reader:
    """One JSON object of a definition and where it stands in its file."""

    def __init__(self, data: Any, faults: list[Violation], pointer: str = "") -> None:
        self.faults = faults
        self.pointer = pointer
        self.data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            self.fault("", "type", "this is not an object", "an object")

    def at(self, key: str) -> str:
        return f"{self.pointer}/{escape(key)}" if key else self.pointer

    def fault(self, key: str, rule: str, message: str, expected: str | None = None) -> None:
        self.faults.append(Violation(self.at(key), rule, message, expected))

    def keys(self, known: Sequence[str], required: Sequence[str] = ()) -> None:
        """Refuse keys that are not known, and say which required ones are missing."""
        for key in self.data:
            if key not in known:
                self.fault(str(key), "unknown_key", f"there is no key {key}", nearest_or_all(key, known))
        for key in required:
            if key not in self.data:
                self.fault(key, "required", f"{key} is missing", "a value")

    def _typed(self, key: str, kind: type | tuple[type, ...], expected: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is None and key not in self.data:
            return default
        # bool is an int in Python, but `true` is no number in a definition.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, "type", f"{key} is not {expected}", expected)
            return default
        return value

    def text(self, key: str, default: str = "") -> str:
        value: str = self._typed(key, str, "a text", default)
        if len(value) > TEXT_LENGTH_MAX:
            self.fault(key, "maxLength", f"{key} is too long", f"at most {TEXT_LENGTH_MAX} characters")
            return default
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value: bool = self._typed(key, bool, "true or false", default)
        return value

    def integer(self, key: str, low: int, high: int) -> int | None:
        value: int | None = self._typed(key, int, "a whole number", None)
        if value is not None and not low <= value <= high:
            self.fault(key, "range", f"{key} is out of range", f"{low} to {high}")
            return None
        return value

    def choice(self, key: str, known: Sequence[str], default: str = "") -> str:
        value = self.text(key, default)
        if value and value != default and value not in known:
            self.fault(key, "enum", f"{key} cannot be {value[:60]}", nearest_or_all(value, known))
            return default
        return value

    def name(self, key: str, pattern: re.Pattern[str] = NAME, expected: str = "snake_case") -> str:
        value = self.text(key)
        if value and not pattern.fullmatch(value):
            self.fault(key, "name", f"{value[:80]} is not a name here", expected)
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._typed(key, list, "a list of texts", [])
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.fault(f"{key}", "type", f"item {index} of {key} is not a text", "a list of texts")
        return tuple(value for value in values if isinstance(value, str))

    def expression(self, key: str) -> Expression | None:
        if key not in self.data:
            return None
        return parse_expression(self.data[key], self.at(key), self.faults)

    def child(self, key: str) -> Reader | None:
        """The object under a key; None where there is none."""
        if key not in self.data:
            return None
        return Reader(self.data[key], self.faults, self.at(key))

    def children(self, key: str) -> Iterator[tuple[str, Reader]]:
        """The objects of an object, by their names."""
        found = self._typed(key, Mapping, "an object", {})
        for name, value in found.items():
            yield str(name), Reader(value, self.faults, f"{self.at(key)}/{escape(str(name))}")

    def named_children(self, key: str) -> Iterator[tuple[str, Reader]]:
        """As `children`, of which every name is a snake_case name."""
        for name, child in self.children(key):
            if NAME.fullmatch(name):
                yield name, child
            else:
                child.fault("", "name", f"{name[:80]} is not a name here", "snake_case")

    def items(self, key: str) -> Iterator[Reader]:
        """The objects of a list."""
        for index, value in enumerate(self._typed(key, list, "a list of objects", [])):
            yield Reader(value, self.faults, f"{self.at(key)}/{index}")
