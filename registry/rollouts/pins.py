"""Pins: a tenant stays at a version, whatever is rolled out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.events.service import append
from registry.errors import AppletNotEnabled, AppletVersionUnknown
from registry.releases import Releases, by_version
from registry.rows import UNINSTALLED, AppletRow, read_rows, take_turn
from registry.transitions import RESOURCE, aggregate_id
from sdk.event import Event
from sdk.identifiers import new_id

_PIN = "UPDATE {t}.applets SET pinned_to = %s WHERE name = %s"


def pin_applet(ctx: KernelContext, releases: Releases, name: str, version: str | None = None) -> dict[str, Any]:
    """Keep the applet at this version, or the one it has. Raises AppletNotEnabled, AppletVersionUnknown."""
    ctx.permissions.check_resource("pin", RESOURCE)
    row = _find(ctx, name)
    wanted = version or row.version
    known = releases.known(ctx.kernel.database)
    if by_version(known, name, wanted) is None:
        there = ", ".join(release.version for release in known.get(name, ())) or "none"
        raise AppletVersionUnknown(applet=name, version=wanted, known=there)
    return _set(ctx, row, wanted, "pinned", {"pinned_to": wanted})


def unpin_applet(ctx: KernelContext, name: str) -> dict[str, Any]:
    """Let it be moved again. Raises AppletNotEnabled."""
    ctx.permissions.check_resource("unpin", RESOURCE)
    return _set(ctx, _find(ctx, name), None, "unpinned", {})


def _find(ctx: KernelContext, name: str) -> AppletRow:
    take_turn(ctx.uow)
    row = read_rows(ctx.uow).get(name)
    if row is None or row.state == UNINSTALLED:
        raise AppletNotEnabled(applet=name)
    return row


def _set(
    ctx: KernelContext, row: AppletRow, version: str | None, participle: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    shown = {"name": row.name, "version": row.version, "pinned_to": version}
    if row.pinned_to == version:
        return shown
    ctx.uow.execute(_PIN, [version, row.name])
    event = Event(
        id=new_id(),
        type=f"{RESOURCE}.{participle}",
        aggregate_type=RESOURCE,
        aggregate_id=aggregate_id(row.name),
        version=0,
        occurred_at=ctx.now,
        actor=ctx.actor.id,
        correlation_id=ctx.correlation_id,
        payload={"applet": row.name, **payload},
    )
    append(ctx, event)
    return shown
