"""Number series of document types: the pattern of the numbers, and when a document gets one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk.definition import Reader
from sdk.errors import Violation

NUMBER_KEYS = ("series", "on", "gapless", "date")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = re.compile(r"year|month|number(?::0[1-9])?")
PATTERN_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class NumberRule:
    """x-number. pattern: `INV-{year}-{number:05}`; on: `create` or the action that assigns the number.

    gapless: no number may be missing. date: the date field {year} and {month} are taken from; None: the day of writing.
    """

    pattern: str
    on: str = "create"
    gapless: bool = False
    date: str | None = None

    def period(self, day: datetime.date) -> str:
        """What the series starts anew with: the year, the month, or never (empty)."""
        if "{month}" in self.pattern:
            return f"{day.year:04}-{day.month:02}"
        return f"{day.year:04}" if "{year}" in self.pattern else ""

    def format(self, number: int, day: datetime.date) -> str:
        """The number's text: format(7, 2026-01-31) of `INV-{year}-{number:05}` is `INV-2026-00007`."""
        return self.pattern.format(year=f"{day.year:04}", month=f"{day.month:02}", number=number)


def check_number(data: Any, fields: Mapping[str, Any], faults: list[Violation]) -> None:
    """Every fault of an x-number."""
    rule = Reader(data, faults, "/x-number")
    rule.keys(NUMBER_KEYS, ("series",))
    rule.name("on")
    rule.flag("gapless")
    _check_pattern(rule)
    dated = rule.text("date")
    declared = fields.get(dated)
    if dated and not (isinstance(declared, Mapping) and declared.get("format") == "date"):
        rule.fault("date", "unknown_field", f"{dated[:80]} is not a field of format date", "a date field")


def _check_pattern(rule: Reader) -> None:
    pattern = rule.text("series")
    expected = "such as INV-{year}-{number:05}"
    if len(pattern) > PATTERN_LENGTH_MAX:
        rule.fault("series", "maxLength", "the series is too long", f"at most {PATTERN_LENGTH_MAX} characters")
        return
    names = _PLACEHOLDER.findall(pattern)
    for name in names:
        if not _KNOWN.fullmatch(name):
            rule.fault("series", "placeholder", f"there is no placeholder {{{name}}}", "{year}, {month}, {number:05}")
    if any(brace in _PLACEHOLDER.sub("", pattern) for brace in "{}"):
        rule.fault("series", "placeholder", "a brace is left open", expected)
    if pattern and sum(name.startswith("number") for name in names) != 1:
        rule.fault("series", "placeholder", "the series needs {number} once", expected)
    if "month" in names and "year" not in names:
        rule.fault("series", "placeholder", "{month} without {year} repeats every year", expected)


def read_number(data: Mapping[str, Any] | None) -> NumberRule | None:
    """The rule of a checked x-number."""
    if data is None:
        return None
    return NumberRule(data["series"], data.get("on", "create"), data.get("gapless", False), data.get("date"))
