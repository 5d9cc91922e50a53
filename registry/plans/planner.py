"""Making a plan: the situation, the checks, the digest. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.version import Version

from kernel.context import KernelContext
from kernel.runtime import RunningRelease
from registry.discovery import Release
from registry.plans.checks import run_checks
from registry.plans.findings import Finding, Severity
from registry.plans.fitness import fitness_findings
from registry.plans.model import Plan, make
from registry.plans.moves import find_moves
from registry.plans.situation import Move, PlanRequest, Progress, Situation
from registry.releases import Releases, by_version
from registry.rows import ENABLED, AppletRow, read_rows
from sdk.catalogue import CatalogueClash

_POSITION = "SELECT coalesce(max(position), 0) FROM {t}.events"


def make_plan(
    ctx: KernelContext,
    releases: Releases,
    request: PlanRequest,
    *,
    since: int | None = None,
    progress: Progress = lambda label, done, total: None,
) -> tuple[Plan, Situation]:
    """What would be done and what speaks against it. since: see `Situation`. Raises what `find_moves` raises."""
    row = ctx.uow.execute(_POSITION).fetchone()
    assert row is not None
    situation, findings = _situate(ctx, releases, request)
    situation = replace(situation, since=since, progress=progress)
    # Without a catalogue nothing else can be asked.
    findings += fitness_findings(situation) if findings else run_checks(situation)
    return make(situation, findings, row[0], _estimate_s(findings)), situation


def _situate(ctx: KernelContext, releases: Releases, request: PlanRequest) -> tuple[Situation, list[Finding]]:
    rows, known = read_rows(ctx.uow), releases.known(ctx.kernel.database)
    moves = find_moves(request, rows, known)
    before = {name: found for name, row in rows.items() if row.is_enabled and (found := _running(row, known))}
    after = _after(before, moves, known)
    situation = Situation(
        ctx, request, rows, known, before, after, moves, ctx.runtime.catalogue, ctx.runtime.catalogue
    )  # fmt: skip
    gone = [name for name, row in rows.items() if row.is_enabled and name not in before]
    findings = [_missing(rows[name]) for name in gone if name not in {move.applet for move in moves}]
    try:
        running = [running_release(rows.get(name), release, rows) for name, release in after.items()]
        catalogue, unavailable = ctx.kernel.runtimes.preview(ctx.uow, running)
    except CatalogueClash as error:
        return situation, [Finding(Severity.BLOCKS, "clash", request.name, error.message, "disable one of them")]
    findings += [Finding(Severity.BLOCKS, "unavailable", name, f"{name} cannot be loaded") for name in unavailable]
    return replace(situation, catalogue_after=catalogue), findings


def running_release(row: AppletRow | None, release: Release, rows: Mapping[str, AppletRow]) -> RunningRelease:
    """How the release will run for a tenant that had this row before."""
    if row is None or (row.version == release.version and row.lens_version is None):
        return RunningRelease(release.name, release.version, None, row.unswept if row is not None else ())
    newest = max((Version(v), v) for v in (row.lens_version, row.version, release.version) if v is not None)[1]
    return RunningRelease(release.name, release.version, newest, row.unswept)


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


def _missing(row: AppletRow) -> Finding:
    message = f"{row.name} {row.version} is enabled, but is not here"
    return Finding(Severity.BLOCKS, "missing_release", row.name, message, "install it again, or disable it", row.name)


def _estimate_s(findings: Sequence[Finding]) -> float:
    return float(sum(finding.details.get("estimate_s", 0) for finding in findings))
