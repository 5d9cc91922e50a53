"""How one call of a file under trial ended, as it is printed."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.host import LogLine, Result, Status, Violation
from sdk.document import Document
from sdk.errors import Violation as BrokenRule

Outcome = Literal["returned", "refused", "failed", "violation"]
# Of the command, by the gravest of its outcomes; 1 and 2 are those of every command of Bos.
EXIT_CODES: dict[Outcome, int] = {"returned": 0, "refused": 3, "failed": 4, "violation": 5}
VIOLATIONS_TOLD_MAX = 20
# Of the lines in the order of their rules: the first says it best, the others are listed beside it.
POLICY_CODE, LOAD_CODE = PolicyRefused.code, LoadFailed.code


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, before it is known what it had done by then. line: in the file, None where there is none."""

    outcome: Outcome
    value: Any = None
    code: str = ""
    line: int | None = None
    message: str = ""
    violations: tuple[BrokenRule, ...] = ()
    logs: tuple[LogLine, ...] = ()
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """One entry under one user. ms: from the call to its end, with what was answered. events, writes: what would be
    kept, so none of a call that did not return."""

    entry: str
    user: str | None
    ending: Ending
    ms: float
    events: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        ending = self.ending
        error = None
        if ending.outcome != "returned":
            error = {"code": ending.code, "line": ending.line, "message": ending.message}
        shown = {
            "outcome": ending.outcome,
            "value": as_json(ending.value),
            "error": error,
            "events": as_json(self.events),
            "writes": as_json(self.writes),
            "logs": [{"level": line.level, "text": line.text} for line in ending.logs],
            "ms": round(self.ms, 3),
            "entry": self.entry,
            "user": self.user,
        }
        shown |= {"logs_dropped": ending.dropped} if ending.dropped else {}
        rules = [rule.as_json() for rule in ending.violations[:VIOLATIONS_TOLD_MAX]]
        return shown | ({"violations": rules} if rules else {})


def ending_of(result: Result) -> Ending:
    """Of a call that came to an end by itself: a refusal is an error of the SDK that it raised or let pass."""
    logs, dropped = result.logs, result.dropped
    failure = result.failure
    if failure is None:
        return Ending("returned", result.value, logs=logs, dropped=dropped)
    line = failure.place.line if failure.place else None
    is_refusal = result.status is Status.REFUSED
    return Ending(
        "refused" if is_refusal else "failed",
        code=failure.code if is_refusal else failure.kind,
        line=line,
        message=failure.message,
        violations=failure.violations if is_refusal else (),
        logs=logs,
        dropped=dropped,
    )


def ending_by_policy(refused: PolicyRefused) -> Ending:
    """Of a file that is not in the language of applets: the first line that is not, and how it is written instead."""
    rules = refused.violations
    if not rules:
        return Ending("refused", code=refused.code, message=refused.message)
    first = rules[0]
    message = f"{first.message}; instead: {first.expected}" if first.expected else first.message
    if len(rules) > 1:
        message += f" (and {len(rules) - 1} more)"
    return Ending("refused", code=refused.code, line=_line_of(first), message=message, violations=rules)


def ending_by_loading(failed: LoadFailed) -> Ending:
    """Of a file that raised while its module was run."""
    details = failed.details
    kind, line = str(details.get("kind", failed.code)), details.get("line")
    return Ending("failed", code=kind, line=line or None, message=str(details.get("reason", failed.message)))


def ending_by_violation(violation: Violation) -> Ending:
    """Of a call that was ended."""
    return Ending("violation", code=violation.kind, line=violation.line or None, message=violation.reason)


def as_json(value: Any) -> Any:
    """The value of JSON alone: amounts, dates and bytes (base64) as texts, documents as their fields and facts."""
    kind = type(value)
    if kind in (str, int, bool, type(None)):
        return value
    if kind is float:
        # JSON has no name for what is no number.
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Document):
        facts = {"id": value.id, "type": value.type, "version": value.version, "state": value.state}
        return as_json({**facts, **value.fields})
    if isinstance(value, Mapping):
        return {name if type(name) is str else str(name): as_json(each) for name, each in value.items()}
    if kind in (list, tuple):
        return [as_json(each) for each in value]
    return base64.b64encode(value).decode() if kind is bytes else _text(value)


def _text(value: Any) -> str:
    iso = getattr(value, "isoformat", None)
    return str(iso()) if iso is not None else str(value)


def _line_of(rule: BrokenRule) -> int | None:
    line = rule.pointer.rpartition(":")[2]
    return int(line) or None if line.isdigit() else None
