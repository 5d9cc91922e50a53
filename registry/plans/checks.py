"""The checks of a plan. Each looks at one question; one that cannot answer it blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kernel.telemetry.logs import get_logger
from registry.plans.findings import Finding, Severity
from registry.plans.fitness import capability_findings, fitness_findings, requirement_findings
from registry.plans.situation import Situation

Check = Callable[[Situation], Iterable[Finding]]

# By what is shown while they run.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("fitness", fitness_findings),
    ("requirements", requirement_findings),
    ("capabilities", capability_findings),
)

_log = get_logger()


def run_checks(situation: Situation) -> list[Finding]:
    """What all of them find."""
    found: list[Finding] = []
    for name, check in CHECKS:
        situation.progress(name, 0, 0)
        try:
            with situation.ctx.uow.savepoint():
                found += check(situation)
        except Exception as error:  # reason: whatever keeps a check from its answer, nobody has the answer
            _log.exception("plan.check_failed", check=name, tenant=situation.ctx.tenant.name)
            message = f"the check {name} could not run: {type(error).__name__}: {str(error)[:200]}"
            found.append(Finding(Severity.BLOCKS, "check_failed", name, message, "mend what keeps it from running"))
    return found
