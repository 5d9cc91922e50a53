"""A check of plans: whether everything enabled afterwards has what it requires, in the versions it requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.discovery import Release
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from registry.resolver.candidates import candidates_of, present_platform
from registry.resolver.conflict import NoSolution
from registry.resolver.models import ANY, Solution, fits, shown
from registry.resolver.resolve import resolve


@dataclass(frozen=True)
class _Unmet:
    """`applet` requires `name` in `range`, and gets `version`, or nothing."""

    applet: str
    applet_version: str
    name: str
    range: SpecifierSet
    version: str | None

    @property
    def wanted(self) -> str:
        return f"{self.name} {shown(self.range)}".strip()


def resolution_findings(situation: Situation) -> Iterator[Finding]:
    """Requirements that will not be met: of what comes, and of what stays while that which it requires goes or moves.

    What is unmet already, and is not made worse, only warns: another plan may have nothing to do with it.
    """
    before = set(_unmet(situation.before))
    unmet = list(_unmet(situation.after))
    new = [each for each in unmet if each not in before]
    fix = ""
    if any(each.version is not None or each.name not in situation.before for each in new):
        try:
            fix = _tell_moves(situation, _resolve(situation))
        except NoSolution as error:
            fix = error.conflict.fix
            yield Finding(Severity.BLOCKS, "no_solution", _subject(situation), error.message, fix)
    for each in unmet:
        yield _finding(situation, each, fix, Severity.WARNS if each in before else Severity.BLOCKS)


def _unmet(releases: Mapping[str, Release]) -> Iterator[_Unmet]:
    for name, release in sorted(releases.items()):
        ranges = release.applet.manifest.requires.applets if release.applet else {}
        for required, range in sorted(ranges.items()):
            there = releases.get(required)
            version = there.version if there and there.applet else None
            if version is None or not fits(range, Version(version)):
                yield _Unmet(name, release.version, required, range, version)


def _resolve(situation: Situation) -> Solution:
    """What would have to move along: what the plan moves stays as planned, everything else may move."""
    after = {name: release for name, release in situation.after.items() if release.applet}
    planned = {name: SpecifierSet(f"=={after[name].version}") for name in situation.changed if name in after}
    pins = {name: SpecifierSet(f"=={row.pinned_to}") for name, row in situation.rows.items() if row.pinned_to}
    others = {name: pins.get(name, ANY) for name in sorted(after) if name not in planned}
    enabled = {name: Version(release.version) for name, release in after.items()}
    known = candidates_of(situation.known)
    return resolve({**planned, **others}, known, enabled=enabled, platform=present_platform())


def _tell_moves(situation: Situation, solution: Solution) -> str:
    moves = [
        f"{_verb(situation, name, version)} {name} {version}"
        for name, version in solution.versions.items()
        if name not in situation.after or situation.after[name].version != str(version)
    ]
    return f"in the same plan, {', '.join(moves)}"


def _verb(situation: Situation, name: str, version: Version) -> str:
    running = situation.after.get(name)
    if running is None:
        return "enable"
    return "upgrade to" if version > Version(running.version) else "go back to"


def _finding(situation: Situation, unmet: _Unmet, fix: str, severity: Severity) -> Finding:
    who = f"{unmet.applet} {unmet.applet_version} requires {unmet.wanted}"
    if unmet.version is not None:
        message = f"{who}, and {unmet.name} {unmet.version} is what will run"
        return Finding(severity, "requirement_range", unmet.name, message, fix, unmet.applet)
    if unmet.name in situation.before:
        verb = next((move.verb for move in situation.moves if move.applet == unmet.name), "disable")
        message = f"{who}, which will not run any more"
        return Finding(severity, "requirement_gone", unmet.name, message, f"{verb} {unmet.applet} first", unmet.applet)
    message = f"{who}, which is not enabled"
    return Finding(severity, "requirement_missing", unmet.name, message, fix or f"enable {unmet.wanted}", unmet.applet)


def _subject(situation: Situation) -> str:
    return situation.request.name or "all_upgrades"
