"""What a change of offers breaks that was whole before."""

from __future__ import annotations

from dataclasses import replace

from registry.contracts.checking import check_uses
from registry.contracts.model import Contract, Offers
from registry.plans.findings import Finding, Severity, worst_first


def check_change(contract: Contract, before: Offers, after: Offers) -> list[Finding]:
    """As `check_uses`, of what is new: what is not right today either only informs."""
    known = {identity_of_finding(finding) for finding in check_uses(contract, before)}
    found = check_uses(contract, after, before)
    return worst_first(
        replace(finding, severity=Severity.INFORMS) if identity_of_finding(finding) in known else finding
        for finding in found
    )


def identity_of_finding(finding: Finding) -> tuple[str, str, str]:
    """The same whatever version it is about: messages name versions."""
    return finding.rule, finding.subject, finding.where.partition(":")[0]
