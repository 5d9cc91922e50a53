"""Retention rules: until when a document has to be kept, by what, and which parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from sdk.expressions import Expression, parse

Action = Literal["keep", "erase", "delete"]
RULE = "kernel.retention_rule"
# What a rule may count from beside the fields of its type.
SYSTEM_DATES = ("created_at", "updated_at")


@dataclass(frozen=True)
class Rule:
    """One `kernel.retention_rule`. basis: the law, in words. categories: of personal data, what is kept; empty is all.

    with_links: fields whose targets are kept as long. end_of_year: the years count from the end of the calendar year.
    """

    id: str
    title: str
    type: str
    basis: str
    years: int
    action: Action
    from_field: str
    end_of_year: bool
    condition: Expression | None
    categories: frozenset[str]
    with_links: tuple[str, ...]

    @classmethod
    def of(cls, id: str, data: Mapping[str, Any]) -> Self:
        """The rule of a document's fields."""
        return cls(
            id,
            data["title"],
            data["document_type"],
            data.get("basis", ""),
            data["years"],
            data["action"],
            data.get("from_field", "created_at"),
            data.get("end_of_year", False),
            parse(data["condition"]) if data.get("condition") else None,
            frozenset(data.get("categories", ())),
            tuple(data.get("with_links", ())),
        )

    def applies(self, scope: Mapping[str, Any]) -> bool:
        """Whether the rule is about a document. scope: its fields and system values."""
        return self.condition is None or self.condition.evaluate(scope) is True

    def until(self, scope: Mapping[str, Any], timezone: str) -> date:
        """The last day the document has to be kept; counted from its creation where the field has no value."""
        start = _day(scope.get(self.from_field), timezone) or _day(scope["created_at"], timezone)
        assert start is not None
        if self.end_of_year:
            return date(min(start.year + self.years, date.max.year), 12, 31)
        return add_years(start, self.years)

    def last_start(self, today: date) -> date:
        """Documents whose years began on this day or before it need not be kept any more today."""
        if self.end_of_year:
            return date(max(today.year - self.years - 1, date.min.year), 12, 31)
        if today.year - self.years < date.min.year:
            return date.min
        start = date.fromordinal(max(1, add_years(today, -self.years).toordinal() - 1))
        # 28 February may be the end of what began on the 29th, too.
        following = date.fromordinal(start.toordinal() + 1)
        return following if add_years(following, self.years) < today else start


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps a document: until when, by which rule, and which categories (empty: all of it)."""

    rule: Rule
    until: date
    categories: frozenset[str]


def holds_of(rules: Iterable[Rule], type: str, scope: Mapping[str, Any], today: date, timezone: str) -> list[Hold]:
    """Every rule that keeps the document today."""
    found = []
    for rule in rules:
        if rule.type == type and rule.applies(scope):
            until = rule.until(scope, timezone)
            if until >= today:
                found.append(Hold(rule, until, rule.categories))
    return found


def kept_categories(holds: Iterable[Hold], every: frozenset[str]) -> frozenset[str]:
    """What of these categories is kept."""
    kept: frozenset[str] = frozenset()
    for hold in holds:
        kept |= hold.categories or every
    return kept & every


def add_years(day: date, years: int) -> date:
    """The same day so many years later; of 29 February the 28th where there is none."""
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _day(value: Any, timezone: str) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(timezone)).date()
    return value if isinstance(value, date) else None
