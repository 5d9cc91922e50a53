"""Fields that the code of several applets sets: the last one called has the last word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from registry.contracts.cached import contract_of
from registry.contracts.source import UnreadableCode
from registry.discovery import Release
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation

# By (document type, field): who sets it, and where.
_Writers = Mapping[tuple[str, str], Mapping[str, str]]


def conflict_findings(situation: Situation) -> Iterator[Finding]:
    """Those that arise by the plan: of two that work on another's field one undoes what the other does."""
    before, after = _writers(situation.before), _writers(situation.after)
    order = [applet.name for applet in situation.catalogue_after.applets]
    for (type, path), places in sorted(after.items()):
        if len(places) < 2 or places.keys() <= before.get((type, path), {}).keys():
            continue
        names = sorted(places, key=order.index)
        owner = type.partition(".")[0]
        strangers = [name for name in names if name != owner]
        told = ", then ".join(f"{name} ({places[name]})" for name in names)
        message = f"{type}.{path} is set by {told}: {names[-1]} has the last word"
        severity = Severity.CONSENT if len(strangers) > 1 else Severity.INFORMS
        fix = "see that they mean the same, or leave one of them out" if severity is Severity.CONSENT else ""
        last = names[-1]
        yield Finding(severity, "field_conflict", f"{type}.{path}", message, fix, last, places[last])


def _writers(releases: Mapping[str, Release]) -> _Writers:
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name, release in releases.items():
        if release.applet is None:
            continue
        try:
            contract = contract_of(release.applet, release.digest)
        except UnreadableCode:
            # Told by the check of contracts.
            continue
        for use in contract.of_kind("field"):
            if use.mode == "write" and use.name:
                found[use.target, use.name].setdefault(name, use.where)
    return found
