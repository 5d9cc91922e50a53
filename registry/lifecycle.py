"""Enable and disable an applet for a tenant: one transaction each, in force everywhere with the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from kernel.context import KernelContext
from kernel.events.service import append
from registry.compatibility import check_clashes, check_compatibility, check_dependents, missing_requirements
from registry.discovery import Discovery, Release
from registry.errors import AppletInUse, AppletNotEnabled, AppletsRequired, AppletUnfit, AppletUnknown
from sdk.applet import Applet
from sdk.event import Event
from sdk.identifiers import new_id
from sdk.nearest import nearest

# What grants speak of when they allow to move applets.
RESOURCE = "kernel.applet"

_SET_STATE = """
INSERT INTO {t}.applets (name, version, state, capabilities, changed_at, changed_by)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, state = excluded.state,
    capabilities = excluded.capabilities, changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"


@dataclass(frozen=True)
class Transition:
    """What was done: the applets moved, in order, to `state`."""

    state: str
    applets: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "applets": list(self.applets)}


def enable_applet(ctx: KernelContext, discovery: Discovery, name: str, *, with_required: bool = False) -> Transition:
    """Check everything, then enable. Raises AppletUnfit with every reason, AppletsRequired naming what else is needed.

    Enabling what is enabled changes nothing. Its capabilities, as the manifest declares them, are granted with it.
    """
    ctx.permissions.check_resource("enable", RESOURCE)
    ctx = _take_turn(ctx)
    releases = discovery.releases()
    release = _known(releases, name)
    states = applet_states(ctx)
    if states.get(name, ("", ""))[1] == "enabled" and states[name][0] == release.version:
        return Transition("enabled", ())
    enabled = [other for other, (_, state) in states.items() if state == "enabled"]
    _refuse_unfit(ctx, release, releases)
    required = missing_requirements(_applet(release), enabled, releases)
    if required and not with_required:
        raise AppletsRequired(applet=name, required=", ".join(required), applets=required)
    moved = [*required, name]
    for other in required:
        _refuse_unfit(ctx, releases[other], releases)
    for other in moved:
        _move(ctx, releases[other], "enabled")
    return Transition("enabled", tuple(moved))


def disable_applet(ctx: KernelContext, discovery: Discovery, name: str) -> Transition:
    """Its hooks are called no more, its documents stay. Raises AppletInUse while another enabled applet requires it."""
    ctx.permissions.check_resource("disable", RESOURCE)
    ctx = _take_turn(ctx)
    states = applet_states(ctx)
    if name not in states:
        raise AppletNotEnabled(applet=name)
    version, state = states[name]
    if state == "disabled":
        return Transition("disabled", ())
    catalogue = ctx.runtime.catalogue
    dependents = [other.name for other in catalogue.applets if name in other.manifest.requires.applets]
    if dependents:
        raise AppletInUse(applet=name, dependents=", ".join(dependents), applets=dependents)
    catalogue.hooks.call_applet("applet_disabled", name, ctx=ctx)
    ctx.uow.execute(_SET_STATE, [name, version, "disabled", _capabilities(ctx, name), ctx.now, ctx.actor.id])
    _record(ctx, name, "disabled", {"version": version})
    return Transition("disabled", (name,))


def _take_turn(ctx: KernelContext) -> KernelContext:
    """The context with the tenant as the one before us has left it: the row's lock is held until the commit."""
    ctx.uow.execute(_RAISE_GENERATION)
    return replace(ctx, runtime=ctx.kernel.runtimes.build(ctx.uow))


def applet_states(ctx: KernelContext) -> dict[str, tuple[str, str]]:
    """Version and state of each applet the tenant has had, by name."""
    rows = ctx.uow.execute("SELECT name, version, state FROM {t}.applets").fetchall()
    return {name: (version, state) for name, version, state in rows}


def _move(ctx: KernelContext, release: Release, state: str) -> None:
    applet = _applet(release)
    capabilities = [str(capability) for capability in applet.manifest.capabilities]
    ctx.uow.execute(_SET_STATE, [release.name, release.version, state, capabilities, ctx.now, ctx.actor.id])
    _record(ctx, release.name, state, {"version": release.version, "capabilities": capabilities})
    # Its own hook must see the tenant as it will be, itself included.
    runtime = ctx.kernel.runtimes.build(ctx.uow)
    runtime.catalogue.hooks.call_applet("applet_enabled", release.name, ctx=replace(ctx, runtime=runtime))


def _record(ctx: KernelContext, name: str, state: str, payload: Mapping[str, Any]) -> None:
    """Who moved which applet when, in the tenant's audit trail. An applet's aggregate id follows from its name."""
    event = Event(
        id=new_id(),
        type=f"kernel.applet.{state}",
        aggregate_type="kernel.applet",
        aggregate_id=str(uuid5(NAMESPACE_DNS, f"{name}.applet.bos")),
        version=0,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        correlation_id=ctx.correlation_id,
        payload={"applet": name, **payload},
    )
    append(ctx, event)


def _refuse_unfit(ctx: KernelContext, release: Release, releases: Mapping[str, Release]) -> None:
    violations = check_compatibility(release, releases)
    if release.applet:
        enabled = ctx.runtime.catalogue.applets
        violations += [*check_clashes(release.applet, enabled), *check_dependents(release.applet, enabled)]
    if violations:
        raise AppletUnfit(applet=release.name, violations=violations)


def _known(releases: Mapping[str, Release], name: str) -> Release:
    found = releases.get(name)
    if found is None:
        raise AppletUnknown(applet=name, nearest=nearest(name, releases))
    return found


def _applet(release: Release) -> Applet:
    assert release.applet is not None
    return release.applet


def _capabilities(ctx: KernelContext, name: str) -> list[str]:
    return [str(capability) for capability in ctx.runtime.capabilities.get(name, ())]
