"""Moving applets within a transaction: rows, record, lifecycle hooks. What was checked before is not checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from packaging.version import Version

from kernel.context import KernelContext
from kernel.events.service import append
from registry.discovery import Release
from registry.plans.situation import Move, Situation
from registry.releases import by_version
from registry.rows import ENABLED, INSTALLED, AppletRow, read_rows, write_row
from sdk.applet import Applet
from sdk.event import Event
from sdk.identifiers import new_id

# What grants speak of when they allow to move applets.
RESOURCE = "kernel.applet"
PAST_PARTICIPLES = {
    "install": "installed", "enable": "enabled", "disable": "disabled", "upgrade": "upgraded",
    "rollback": "rolled_back", "uninstall": "uninstalled", "purge": "purged",
}  # fmt: skip

_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"

# Told the name of each step before it is taken, so that it can be tried what happens when it is the last one.
OnStep = Callable[[str], None]


def nothing(step: str) -> None:
    """Listens to no step."""


def make_moves(ctx: KernelContext, situation: Situation, plan: str, on_step: OnStep = nothing) -> KernelContext:
    """Make the moves of a plan; the context of the tenant as it is from now on. The commit is the caller's.

    plan: its digest, for the record.
    """
    rows = read_rows(ctx.uow)
    for move in situation.moves:
        if move.from_state == ENABLED and move.to_state != ENABLED:
            on_step(f"leave {move.applet}")
            ctx.runtime.catalogue.hooks.call_applet("applet_disabled", move.applet, ctx=ctx)
    for move in situation.moves:
        on_step(f"move {move.applet}")
        row = moved_row(ctx, rows.get(move.applet), move, situation.known, plan)
        write_row(ctx.uow, row)
        record(ctx, move, {"plan": plan, "reason": situation.request.reason, "capabilities": list(row.capabilities)})
    # An applet's own hook must see the tenant as it will be, itself included.
    ctx = replace(ctx, runtime=ctx.kernel.runtimes.build(ctx.uow))
    for move in situation.moves:
        on_step(f"enter {move.applet}")
        _enter(ctx, move)
    return ctx


def raise_generation(ctx: KernelContext) -> None:
    """From the commit on every transaction that begins, in any process, finds the tenant as it is now."""
    ctx.uow.execute(_RAISE_GENERATION)


def moved_row(
    ctx: KernelContext, row: AppletRow | None, move: Move, known: Mapping[str, Sequence[Release]], plan: str
) -> AppletRow:
    """The row after the move."""
    release = by_version(known, move.applet, move.to_version)
    version = move.to_version or (row.version if row is not None else "")
    made = AppletRow(
        move.applet, version, move.to_state, _granted(row, move, release), ctx.now, ctx.actor.id, plan=plan
    )
    if row is None:
        return made
    made = replace(made, pinned_to=row.pinned_to, stubs=row.stubs, lens_version=row.lens_version)
    if version == row.version:
        return replace(made, previous_version=row.previous_version, unswept=row.unswept, suspensions=row.suspensions)
    newest = max((Version(each), each) for each in (row.lens_version, row.version, version) if each)[1]
    unswept = {*row.unswept, *_types_that_differ(known, move.applet, row.version, version, newest)}
    return replace(made, previous_version=row.version, lens_version=newest, unswept=tuple(sorted(unswept)))


def record(ctx: KernelContext, move: Move, payload: Mapping[str, Any]) -> None:
    """Who moved which applet when, why, from where to where."""
    append(ctx, event_of(ctx, move, payload))


def event_of(ctx: KernelContext, move: Move, payload: Mapping[str, Any]) -> Event:
    """What the record says of a move. An applet's aggregate id follows from its name."""
    told = {
        "applet": move.applet, "from": move.from_state, "to": move.to_state, "from_version": move.from_version,
        "to_version": move.to_version, **payload,
    }  # fmt: skip
    participle = PAST_PARTICIPLES[move.verb]
    if move.from_state == "uninstalled" and move.to_state in (INSTALLED, ENABLED):
        participle = "reinstalled"
    return Event(
        id=new_id(),
        type=f"{RESOURCE}.{participle}",
        aggregate_type=RESOURCE,
        aggregate_id=aggregate_id(move.applet),
        version=0,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        correlation_id=ctx.correlation_id,
        payload={name: value for name, value in told.items() if value not in (None, "", [])},
    )


def aggregate_id(name: str) -> str:
    """What events about the applet of this name are about."""
    return str(uuid5(NAMESPACE_DNS, f"{name}.applet.bos"))


def _enter(ctx: KernelContext, move: Move) -> None:
    hooks = ctx.runtime.catalogue.hooks
    if move.to_state == ENABLED and move.from_state != ENABLED:
        hooks.call_applet("applet_enabled", move.applet, ctx=ctx)
    if move.to_state == ENABLED and move.from_version not in (None, move.to_version):
        hooks.call_applet("applet_upgraded", move.applet, ctx=ctx, previous=move.from_version)


def _granted(row: AppletRow | None, move: Move, release: Release | None) -> tuple[str, ...]:
    """Capabilities come with being enabled, as the manifest of that version asks for them; they stay until then."""
    if move.to_state == ENABLED and release is not None and release.applet is not None:
        return tuple(str(capability) for capability in release.applet.manifest.capabilities)
    return row.capabilities if row is not None else ()


def _types_that_differ(
    known: Mapping[str, Sequence[Release]], name: str, before: str, after: str, newest: str
) -> set[str]:
    """Document types of which documents may lie in another version than the one they have from now on.

    Those the version before does not know as well: a release before that may have written some.
    """
    old, new, lenses = (_applet(known, name, version) for version in (before, after, newest))
    if new is None:
        return set()
    was = {each.name: each.version for each in old.types.values()} if old is not None else {}
    cast = {*new.lenses, *(lenses.lenses if lenses is not None else ())}
    return {each.name for each in new.types.values() if each.name in cast and was.get(each.name) != each.version}


def _applet(known: Mapping[str, Sequence[Release]], name: str, version: str) -> Applet | None:
    release = by_version(known, name, version)
    return release.applet if release is not None else None
