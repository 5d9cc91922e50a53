"""Making a plan: the situation, the checks, the digest. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kernel.context import KernelContext
from registry.discovery import Release
from registry.plans.checks import BARE_CHECKS, CHECKS, FITNESS, run_checks
from registry.plans.findings import Finding, Severity
from registry.plans.model import Plan, make
from registry.plans.moves import find_moves
from registry.plans.position import settled_position
from registry.plans.running import running_release
from registry.plans.situation import Move, PlanRequest, Progress, Situation
from registry.releases import Releases, by_version
from registry.rows import ENABLED, AppletRow, read_rows
from registry.transitions import RESOURCE
from sdk.catalogue import CatalogueClash


def make_plan(
    ctx: KernelContext,
    releases: Releases,
    request: PlanRequest,
    *,
    since: int | None = None,
    earlier: Sequence[Mapping[str, Any]] = (),
    progress: Progress = lambda label, done, total: None,
) -> tuple[Plan, Situation]:
    """What would be done and what speaks against it. Raises what `find_moves` raises, PermissionDenied.

    since, earlier: see `Situation`.
    """
    # Before anything is read: what comes later is found by it.
    position = settled_position(ctx.uow)
    situation = replace(situate(ctx, releases, request), since=since, earlier=earlier, progress=progress)
    unfit = run_checks(situation, FITNESS)
    findings = [*unfit, *run_checks(situation, BARE_CHECKS), *_missing(situation)]
    # Nothing of an applet is loaded that is not fit to run, and without a catalogue the rest cannot be asked.
    if not unfit:
        situation, missing = _look_ahead(situation)
        findings += missing or run_checks(situation, CHECKS)
    situation = replace(situation, findings=tuple(findings))
    return make(situation, findings, position, _estimate_s(findings)), situation


def situate(ctx: KernelContext, releases: Releases, request: PlanRequest) -> Situation:
    rows, known = read_rows(ctx.uow), releases.known(ctx.kernel.database)
    moves = find_moves(request, rows, known)
    # What is asked for may move others along, or by another verb: whoever may enable may not upgrade by that.
    for verb in sorted({move.verb for move in moves}):
        ctx.permissions.check_resource(verb, RESOURCE)
    before = {name: found for name, row in rows.items() if row.is_enabled and (found := _running(row, known))}
    now = ctx.runtime.catalogue
    return Situation(ctx, request, rows, known, before, _after(before, moves, known), moves, now, now)


def _look_ahead(situation: Situation) -> tuple[Situation, list[Finding]]:
    """With the catalogue as it would be; or what stands against there being one."""
    ctx, rows = situation.ctx, situation.rows
    running = [running_release(rows.get(name), release) for name, release in situation.after.items()]
    try:
        catalogue, gone = ctx.kernel.runtimes.preview(ctx.uow, running)
    except CatalogueClash as error:
        return situation, [Finding(Severity.BLOCKS, "clash", situation.request.name, error.message)]
    return replace(situation, catalogue_after=catalogue), [
        Finding(Severity.BLOCKS, "unavailable", name, f"{name} fails to load") for name in gone
    ]


def _missing(situation: Situation) -> Iterator[Finding]:
    """Enabled and to stay so, but not here any more."""
    moved = {move.applet for move in situation.moves}
    for name, row in situation.rows.items():
        if row.is_enabled and name not in situation.before and name not in moved:
            message = f"{name} {row.version} is enabled, but is not here"
            yield Finding(Severity.WARNS, "missing_release", name, message, "install it again, or disable it", name)


def _running(row: AppletRow, known: Mapping[str, Sequence[Release]]) -> Release | None:
    return by_version(known, row.name, row.version)


def _after(
    before: Mapping[str, Release], moves: Sequence[Move], known: Mapping[str, Sequence[Release]]
) -> dict[str, Release]:
    after = dict(before)
    for move in moves:
        after.pop(move.applet, None)
        if move.to_state == ENABLED:
            found = by_version(known, move.applet, move.to_version)
            release = found or next(iter(known.get(move.applet, ())), None)
            if release is not None:
                after[move.applet] = release
    return dict(sorted(after.items()))


def _estimate_s(findings: Sequence[Finding]) -> float:
    return float(sum(finding.details.get("estimate_s", 0) for finding in findings))
