"""Whether what is to run can run at all: files, trust, SDK and kernel, hooks, names others have, capabilities."""

from __future__ import annotations

from collections.abc import Iterator

from registry.compatibility import check_clashes, check_release
from registry.discovery import Release
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from registry.releases import by_version
from registry.rows import DISABLED, INSTALLED
from sdk.errors import Violation


def fitness_findings(situation: Situation) -> Iterator[Finding]:
    """Of every applet that will run and does not run now in this version, and of what comes to run later."""
    for name, release in _to_come(situation):
        yield from (_finding(name, violation) for violation in check_release(release))
    for name, release in situation.after.items():
        if situation.before.get(name) == release:
            continue
        violations = check_release(release)
        if release.applet is not None:
            others = [other.applet for other in situation.after.values() if other.applet is not None]
            violations += check_clashes(release.applet, others)
        yield from (_finding(name, violation) for violation in violations)


def _to_come(situation: Situation) -> Iterator[tuple[str, Release]]:
    """What is chosen in another version without being enabled: other checks look at what it would be like."""
    for move in situation.moves:
        if move.to_state in (INSTALLED, DISABLED) and move.from_version != move.to_version:
            found = by_version(situation.known, move.applet, move.to_version)
            release = found or next(iter(situation.known.get(move.applet, ())), None)
            if release is not None:
                yield move.applet, release


def _finding(name: str, violation: Violation) -> Finding:
    return Finding(
        Severity.BLOCKS, violation.rule, violation.pointer or name, f"{name}: {violation.message}",
        violation.expected or "", name,
    )  # fmt: skip


def capability_findings(situation: Situation) -> Iterator[Finding]:
    """What an applet may do afterwards and may not now. Whoever enables it for the first time says yes by that."""
    for name, (before, after) in situation.changed.items():
        row = situation.rows.get(name)
        if after is None or (before is None and (row is None or not row.capabilities)):
            continue
        granted = row.capabilities if row is not None else ()
        for capability in sorted({str(wanted) for wanted in after.manifest.capabilities} - set(granted)):
            message = f"{name} {after.manifest.version} asks for {capability}, which it does not have now"
            yield Finding(Severity.CONSENT, "capability_growth", capability, message, "consent to it", name)
