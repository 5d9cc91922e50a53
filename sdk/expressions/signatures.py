"""The whitelist: which functions there are and how many arguments each takes."""

from __future__ import annotations

from dataclasses import dataclass

MANY = 50


@dataclass(frozen=True, slots=True)
class Signature:
    """usage: how it is written, for error messages. folds: its one argument may be a loop or a list."""

    usage: str
    least: int
    most: int
    folds: bool = False


SIGNATURES: dict[str, Signature] = {
    "abs": Signature("abs(number)", 1, 1),
    "add_days": Signature("add_days(date, days)", 2, 2),
    "add_months": Signature("add_months(date, months)", 2, 2),
    "all": Signature("all(condition for line in lines)", 1, 1, folds=True),
    "any": Signature("any(condition for line in lines)", 1, 1, folds=True),
    "coalesce": Signature("coalesce(value, …)", 1, MANY),
    "concat": Signature("concat(text, …)", 1, MANY),
    "contains": Signature("contains(text, part)", 2, 2),
    "date": Signature('date("2026-01-31")', 1, 1),
    "days_between": Signature("days_between(first, last)", 2, 2),
    "end_of_month": Signature("end_of_month(date)", 1, 1),
    "endswith": Signature("endswith(text, part)", 2, 2),
    "len": Signature("len(lines)", 1, 1),
    "lower": Signature("lower(text)", 1, 1),
    "max": Signature("max(value for line in lines) or max(a, b)", 1, MANY, folds=True),
    "min": Signature("min(value for line in lines) or min(a, b)", 1, MANY, folds=True),
    "month": Signature("month(date)", 1, 1),
    "round": Signature("round(number, places)", 1, 2),
    "start_of_month": Signature("start_of_month(date)", 1, 1),
    "startswith": Signature("startswith(text, part)", 2, 2),
    "sum": Signature("sum(number for line in lines)", 1, 1, folds=True),
    "today": Signature("today()", 0, 0),
    "upper": Signature("upper(text)", 1, 1),
    "year": Signature("year(date)", 1, 1),
}
