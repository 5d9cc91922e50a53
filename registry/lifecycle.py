"""Enable and disable at once, within the caller's transaction: a plan that is made, checked and applied in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from packaging.version import Version

from kernel.context import KernelContext
from registry.errors import AppletInUse, AppletNotEnabled, AppletsRequired, AppletUnfit
from registry.plans.apply import as_violation, check_plan, keep_releases, switch
from registry.plans.moves import required_releases
from registry.plans.planner import make_plan
from registry.plans.situation import PlanRequest, Situation
from registry.releases import Releases, by_version
from registry.rows import read_rows, take_turn
from registry.transitions import RESOURCE


@dataclass(frozen=True)
class Transition:
    """What was done: the applets moved, in order, to `state`."""

    state: str
    applets: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "applets": list(self.applets)}


def enable_applet(
    ctx: KernelContext,
    releases: Releases,
    name: str,
    *,
    version: str | None = None,
    with_required: bool = False,
    consent: bool = False,
) -> Transition:
    """Check everything, then enable. Raises AppletUnfit with every reason, AppletsRequired naming what else is needed.

    Enabling what is enabled changes nothing, unless another version is there to be enabled. Its capabilities, as the
    manifest declares them, are granted with it; what a version that ran before did not have needs consent: raises
    ConsentMissing without it.
    """
    ctx.permissions.check_resource("enable", RESOURCE)
    ctx = _take_turn(ctx)
    request = PlanRequest("enable", name, version or _shipped(ctx, releases, name), with_required)
    plan, situation = make_plan(ctx, releases, request)
    if not situation.moves:
        return Transition("enabled", ())
    _refuse_unfit(situation, name, with_required=with_required)
    if plan.blocks:
        raise AppletUnfit(applet=name, violations=list(map(as_violation, plan.blocks)))
    check_plan(plan, plan.digest, consent=consent)
    keep_releases(situation, releases)
    switch(ctx, situation, plan.digest)
    return Transition("enabled", tuple(move.applet for move in situation.moves))


def disable_applet(ctx: KernelContext, releases: Releases, name: str) -> Transition:
    """Its hooks are called no more, its documents stay. Raises AppletInUse while another enabled applet requires it."""
    ctx.permissions.check_resource("disable", RESOURCE)
    ctx = _take_turn(ctx)
    rows = read_rows(ctx.uow)
    if name not in rows:
        raise AppletNotEnabled(applet=name)
    if rows[name].state == "disabled":
        return Transition("disabled", ())
    catalogue = ctx.runtime.catalogue
    dependents = [other.name for other in catalogue.applets if name in other.manifest.requires.applets]
    if dependents:
        raise AppletInUse(applet=name, dependents=", ".join(dependents), applets=dependents)
    plan, situation = make_plan(ctx, releases, PlanRequest("disable", name))
    check_plan(plan, plan.digest, consent=True)
    switch(ctx, situation, plan.digest)
    return Transition("disabled", (name,))


def _take_turn(ctx: KernelContext) -> KernelContext:
    """The context with the tenant as the one before us has left it."""
    take_turn(ctx.uow)
    return replace(ctx, runtime=ctx.kernel.runtimes.build(ctx.uow))


def _shipped(ctx: KernelContext, releases: Releases, name: str) -> str | None:
    """What lies on the disk now, where it is newer than all the tenant ever ran and nothing pins it; else as it was."""
    row, release = read_rows(ctx.uow).get(name), releases.discovery.find(name)
    if row is None:
        return release.version if release is not None else None
    ran = max(Version(version) for version in (row.version, row.lens_version) if version is not None)
    if release is not None and row.pinned_to is None and Version(release.version) > ran:
        return release.version
    return row.pinned_to


def _refuse_unfit(situation: Situation, name: str, *, with_required: bool) -> None:
    release = situation.after.get(name)
    if release is None or release.applet is None:
        return
    known = situation.known
    required = [r.name for r in required_releases(release, situation.rows, known) if r.applet]
    if required and not with_required and _could_run(situation, name):
        raise AppletsRequired(applet=name, required=", ".join(required), applets=required)


def _could_run(situation: Situation, name: str) -> bool:
    """Whether what it requires is here in fitting versions."""
    release = by_version(situation.known, name, situation.after[name].version)
    ranges = release.applet.manifest.requires.applets if release and release.applet else {}
    return all(
        any(r.applet and range.contains(r.version, prereleases=True) for r in situation.known.get(other, ()))
        for other, range in ranges.items()
    )
