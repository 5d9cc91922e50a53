"""The checks of a plan. Each looks at one question; one that cannot answer it blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kernel.telemetry.logs import get_logger
from registry.checks.conflicts import conflict_findings
from registry.checks.costs import cost_findings
from registry.checks.documents import document_findings
from registry.checks.schemas import schema_findings
from registry.checks.types import structure_findings
from registry.checks.unique import unique_findings
from registry.checks.usage import usage_findings
from registry.contracts.check import contract_findings
from registry.guards import guard_findings
from registry.plans.findings import Finding, Severity
from registry.plans.fitness import capability_findings, fitness_findings
from registry.plans.situation import Situation
from registry.removal.findings import removal_findings
from registry.resolver.check import resolution_findings
from registry.rewriting import rewriting_findings

Check = Callable[[Situation], Iterable[Finding]]
Checks = Sequence[tuple[str, Check]]

# By what is shown while they run. These look at files and rows alone.
FITNESS: Checks = (("fitness", fitness_findings),)
BARE_CHECKS: Checks = (
    ("resolution", resolution_findings),
    ("contracts", contract_findings),
    ("capabilities", capability_findings),
    ("removal", removal_findings),
    ("guards", guard_findings),
)
# These need the catalogue as it would be.
CHECKS: Checks = (
    ("schemas", schema_findings),
    ("structure", structure_findings),
    ("documents", document_findings),
    ("unique fields", unique_findings),
    ("usage", usage_findings),
    ("rewriting", rewriting_findings),
    ("field conflicts", conflict_findings),
    ("costs", cost_findings),
)

_log = get_logger()


def run_checks(situation: Situation, checks: Checks) -> list[Finding]:
    """What all of them find."""
    found: list[Finding] = []
    for name, check in checks:
        situation.progress(name, 0, 0)
        try:
            with situation.ctx.uow.savepoint():
                found += check(situation)
        except Exception as error:  # reason: whatever keeps a check from its answer, nobody has the answer
            _log.exception("plan.check_failed", check=name, tenant=situation.ctx.tenant.name)
            message = f"the check {name} could not run: {type(error).__name__}: {str(error)[:200]}"
            found.append(Finding(Severity.BLOCKS, "check_failed", name, message, "mend what keeps it from running"))
    return found
