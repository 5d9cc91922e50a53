"""Whether what an applet uses holds with what is there, or will be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from registry.contracts.document_rules import DOCUMENT_RULES
from registry.contracts.filled import FILLED_RULES
from registry.contracts.model import Contract, Offers, Use
from registry.contracts.passed_rules import PASSED_RULES
from registry.contracts.scope import Scope
from registry.contracts.sdk_rules import SDK_RULES
from registry.contracts.thing_rules import THING_RULES
from registry.contracts.unresolved_rules import check_unresolved
from registry.plans.findings import Finding, worst_first

Rule = Callable[[Use, Scope], Iterator[Finding]]
_ALL: tuple[Mapping[str, Rule], ...] = (SDK_RULES, DOCUMENT_RULES, THING_RULES, PASSED_RULES, FILLED_RULES)
RULES: Mapping[str, tuple[Rule, ...]] = {
    kind: tuple(rules[kind] for rules in _ALL if kind in rules) for kind in {kind for rules in _ALL for kind in rules}
}


def check_uses(contract: Contract, offers: Offers, before: Offers | None = None) -> list[Finding]:
    """Every use that will not hold with these offers, the worst first.

    offers: the SDK's, the kernel's and those of all applets that will be enabled. before: those that are there now:
    what changed its kind, or went although the code reads it dynamically, is found by comparison only.
    """
    scope = Scope(contract, _with_own(contract, offers), _with_own(contract, before) if before is not None else None)
    findings = [finding for use in contract.uses for rule in RULES[use.kind] for finding in rule(use, scope)]
    return worst_first([*findings, *check_unresolved(scope)])


def _with_own(contract: Contract, offers: Offers) -> Offers:
    """What an applet offers is there for itself, whether or not it is among those that were given."""
    return offers if contract.applet in offers.by_name else offers.with_offer(contract.offers)
