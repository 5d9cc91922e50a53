"""What the contract check of a plan says about a change, without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from bench.breaking.trials import DEPENDANTS, PROVIDER, Outcome
from registry.contracts import Contract, Offers, check_change, extract_contract, offered_kernel, offered_sdk
from registry.plans.findings import Finding, Severity

SPEAKS_UP = (Severity.BLOCKS, Severity.CONSENT, Severity.WARNS)


@cache
def contract_of(folder: Path) -> Contract:
    """The usage contract of an applet as it lies here."""
    return extract_contract(folder)


def judge(outcome: Outcome) -> Mapping[str, Sequence[Finding]]:
    """What is found of each dependant; those of whom nothing is found are left out."""
    folders = outcome.folders
    kernel = offered_kernel()
    before = Offers([offered_sdk(), kernel, contract_of(PROVIDER).offers])
    is_sdk = outcome.change.owner == "sdk"
    after = Offers(
        [
            offered_sdk(folders.sdk) if is_sdk else offered_sdk(),
            kernel,
            contract_of(PROVIDER).offers if is_sdk else extract_contract(folders.provider).offers,
        ]
    )
    found = {name: _speaking(contract_of(folder), before, after) for name, folder in DEPENDANTS.items()}
    return {name: findings for name, findings in found.items() if findings}


def _speaking(contract: Contract, before: Offers, after: Offers) -> list[Finding]:
    own = contract.offers
    found = check_change(contract, before.with_offer(own), after.with_offer(own))
    return [finding for finding in found if finding.severity in SPEAKS_UP]
