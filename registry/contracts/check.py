"""The check of a plan: every applet that will be enabled, against all that will be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from registry.contracts.cached import contract_of
from registry.contracts.changes import check_change, identity_of_finding
from registry.contracts.checking import check_uses
from registry.contracts.kernel import offered_kernel
from registry.contracts.model import Contract, Offers
from registry.contracts.notices import notices_of
from registry.contracts.surface import offered_sdk
from registry.discovery import Release
from registry.plans.findings import Finding, Severity, worst_first
from registry.plans.situation import Situation
from sdk.errors import BosError


def contract_findings(situation: Situation) -> Iterable[Finding]:
    """What will not hold of what each enabled applet uses, and what the SDK is to take away."""
    unreadable: list[Finding] = []
    before = _contracts(situation.before, unreadable)
    unreadable.clear()
    after = _contracts(situation.after, unreadable)
    there, coming = offers_with(before.values()), offers_with(after.values())
    found = list(unreadable)
    for done, (name, contract) in enumerate(after.items(), 1):
        situation.progress("contracts", done, len(after))
        found += _findings_of(name, contract, before.get(name), there, coming)
    return worst_first([*found, *notices_of(after.values())])


def offers_with(contracts: Iterable[Contract]) -> Offers:
    """The SDK and kernel that run, and these applets."""
    return Offers([offered_sdk(), offered_kernel(), *(contract.offers for contract in contracts)])


def _contracts(releases: Mapping[str, Release], unreadable: list[Finding]) -> dict[str, Contract]:
    found = {}
    for name, release in sorted(releases.items()):
        if release.applet is None:
            continue
        try:
            found[name] = contract_of(release.applet, release.digest)
        except BosError as error:
            fix = "code that Python can read"
            unreadable.append(Finding(Severity.BLOCKS, "code_unreadable", name, error.message, fix, applet=name))
    return found


def _findings_of(
    name: str, contract: Contract, present: Contract | None, there: Offers, coming: Offers
) -> Iterator[Finding]:
    if present is not None and present == contract:
        found, known = check_change(contract, there, coming), set()
    else:
        # It changes itself: what its present version does not hold to either is no news.
        found = check_uses(contract, coming)
        known = {identity_of_finding(one) for one in check_uses(present, there)} if present is not None else set()
    for finding in found:
        if _is_own(finding, name):
            # Of its own things it says nothing about this move, and its tests know better.
            continue
        yield replace(finding, severity=Severity.INFORMS) if identity_of_finding(finding) in known else finding


def _is_own(finding: Finding, name: str) -> bool:
    return finding.subject.partition(":")[0].partition(".")[0] == name and finding.rule != "applet_absent"
