"""What a check has found, and how much it matters."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# In one plan, which is kept and sent whole.
FINDINGS_MAX = 1_000


class Severity(enum.StrEnum):
    """blocks: the plan cannot be applied. consent: only when somebody says yes to it. warns, informs: worth knowing."""

    BLOCKS = "blocks"
    CONSENT = "consent"
    WARNS = "warns"
    INFORMS = "informs"


@dataclass(frozen=True)
class Finding:
    """One thing found. rule: its id, snake_case. subject: what it is about. where: `file:line` of the applet's code.

    details: counts, ids and times. They change with every document, so they are no part of what the finding is.
    """

    severity: Severity
    rule: str
    subject: str
    message: str
    fix: str = ""
    applet: str = ""
    where: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same finding when the plan is made again."""
        return (self.severity, self.rule, self.subject, self.applet, self.where)

    @property
    def id(self) -> str:
        """What consent names it by."""
        return ":".join(part for part in (self.rule, self.applet, self.subject) if part)

    def as_json(self) -> dict[str, Any]:
        shown = {
            "id": self.id, "severity": str(self.severity), "rule": self.rule, "subject": self.subject,
            "message": self.message, "fix": self.fix, "applet": self.applet, "where": self.where,
            "details": dict(self.details),
        }  # fmt: skip
        return {name: value for name, value in shown.items() if value not in ("", {})}


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In an order that is the same whenever the findings are."""
    rank = {severity: place for place, severity in enumerate(Severity)}
    return sorted(set_of(findings), key=lambda finding: (rank[finding.severity], finding.identity, finding.message))


def set_of(findings: Iterable[Finding]) -> list[Finding]:
    """Each once, the first of those that are the same."""
    return list({(*finding.identity, finding.message): finding for finding in reversed(list(findings))}.values())


def first_of(findings: Sequence[Finding]) -> list[Finding]:
    """The first of those in order, and one that says how many more there are; as bad as the worst of these."""
    if len(findings) <= FINDINGS_MAX:
        return list(findings)
    shown, rest = findings[: FINDINGS_MAX - 1], findings[FINDINGS_MAX - 1 :]
    message = f"{len(rest)} more were found, the worst of which is: {rest[0].message}"
    details = {"count": len(rest)}
    return [
        *shown,
        Finding(rest[0].severity, "more_found", "plan", message, "see to the others first", details=details),
    ]
