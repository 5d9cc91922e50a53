"""The allowed calls as a table for people; docs/sandbox.md holds the same."""

from __future__ import annotations

import errno
from collections.abc import Iterable

from sandbox.lockdown.rules import LOADING, SEALED, Rule


def allowed_calls() -> str:
    """Markdown: a row for each rule, those of the loading filter alone last."""
    rows = ["| call | where | answer | why |", "|---|---|---|---|"]
    rows += _rows(SEALED, "always")
    rows += _rows((rule for rule in LOADING if rule not in SEALED), "while loading")
    return "\n".join(rows) + "\n"


def _rows(rules: Iterable[Rule], when: str) -> list[str]:
    return [_row(rule, when) for rule in rules]


def _row(rule: Rule, when: str) -> str:
    where = ", ".join([when, *(condition.text for condition in rule.conditions)])
    answer = errno.errorcode[rule.refused_with] if rule.refused_with else "allowed"
    return f"| `{rule.call}` | {where} | {answer} | {rule.why} |"
