"""Whether what is to run can run at all: files, trust, SDK and kernel, hooks, names others have, capabilities."""

from __future__ import annotations

from collections.abc import Iterator

from registry.compatibility import check_clashes, check_release
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.errors import Violation


def fitness_findings(situation: Situation) -> Iterator[Finding]:
    """Of every applet that will run and does not run now in this version."""
    for name, release in situation.after.items():
        if situation.before.get(name) == release:
            continue
        violations = check_release(release)
        if release.applet is not None:
            others = [other.applet for other in situation.after.values() if other.applet is not None]
            violations += check_clashes(release.applet, others)
        yield from (_finding(name, violation) for violation in violations)


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
