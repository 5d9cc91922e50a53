"""What the rules look at: a contract, what will be there, what is there now; and how a finding is worded."""

from __future__ import annotations

from functools import cached_property

from registry.contracts.model import SDK, Contract, Offer, Offers, Use
from registry.plans.findings import Finding, Severity

_NONE = Offer(SDK, "0")


class Scope:
    """One check of one contract."""

    def __init__(self, contract: Contract, offers: Offers, before: Offers | None = None) -> None:
        self.contract, self.offers, self.before = contract, offers, before

    @property
    def sdk(self) -> Offer:
        return self.offers.by_name.get(SDK, _NONE)

    @cached_property
    def places(self) -> dict[str, str]:
        """The first place each target is used at."""
        found: dict[str, str] = {}
        for use in self.contract.uses:
            if use.places:
                found[use.target] = min(found.get(use.target, use.where), use.where, key=_line)
        return found

    def provider(self, name: str) -> str:
        """Whose a thing is, with the version that will be there: `receivables 2.0.0`."""
        offer = self.offers.of(name)
        return f"{offer.name} {offer.version}" if offer else name.partition(".")[0]

    def is_absent(self, name: str) -> bool:
        """Whether nothing of the owner will be there at all."""
        return self.offers.of(name) is None

    def is_filled_no_more(self, target: str, name: str) -> bool:
        """Whether code of somebody's set a field of a type or a part of a register, and nobody's does."""
        if self.before is None or name not in _names(self.before, "filled", target):
            return False
        parts = name.split(".")
        names = {"*", *(".".join(parts[:length]) for length in range(1, len(parts) + 1))}
        return not names & _names(self.offers, "filled", target)

    def is_taken_no_more(self, type: str, action: str, name: str) -> bool:
        """Whether code of somebody's read an argument of an action, and nobody's does."""
        key = f"{type}.{action}"
        return self.before is not None and name in _names(self.before, "taken", key) - _names(self.offers, "taken", key)

    def finding(
        self, use: Use, rule: str, subject: str, what: str, fix: str = "", severity: Severity = Severity.BLOCKS
    ) -> Finding:
        """what: a clause after "<applet> … (file:line)"."""
        return Finding(
            severity=severity,
            rule=rule,
            subject=subject,
            message=self.contract.applet + " " + what.replace("{at}", _at(use)),
            fix=fix,
            applet=self.contract.applet,
            where=use.where,
        )

    def absent(self, use: Use) -> Finding:
        """The applet a use is of will not be there."""
        owner = use.owner
        is_needed = owner in self.contract.requires
        where = self.places.get(use.target, use.where)
        return Finding(
            severity=Severity.BLOCKS if is_needed else Severity.INFORMS,
            rule="applet_absent",
            subject=owner,
            message=f"{self.contract.applet} uses {owner}, which will not be enabled",
            fix=f"enable {owner}" if is_needed else "",
            applet=self.contract.applet,
            where=where if is_needed else "",
        )


def _names(offers: Offers, what: str, target: str) -> set[str]:
    return {name for offer in offers for name in getattr(offer, what).get(target, ())}


def _at(use: Use) -> str:
    others = len(use.places) - 1
    more = f" and {others} more place{'s' if others > 1 else ''}" if others > 0 else ""
    return f"({use.where}{more})" if use.where else ""


def _line(place: str) -> tuple[str, int]:
    file, _, line = place.partition(":")
    return file, int(line) if line.isdigit() else 0
