"""What is kept of an uninstalled applet beside its documents, which stay where they are: one small column.

`applets.stubs`: "types": by type, the field that names its documents; "personal": those of them where that is a
person's name; "at": when it was uninstalled; "purge": when a purge has begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Json

from kernel.context import KernelContext
from registry.errors import AppletStateWrong
from registry.plans.situation import Situation
from registry.releases import by_version
from registry.removal.errors import PurgeTooEarly
from registry.rows import INSTALLED, UNINSTALLED, AppletRow
from sdk.applet import Applet
from sdk.values import instant_text, to_instant

_SET = "UPDATE {t}.applets SET stubs = %s WHERE name = %s"


def settle_tombstones(ctx: KernelContext, situation: Situation) -> None:
    """After the moves of a plan: what goes is remembered by its titles, what comes back needs no stand-in."""
    for move in situation.moves:
        if move.to_state == UNINSTALLED:
            release = by_version(situation.known, move.applet, move.to_version)
            stubs = make_stubs(release.applet if release is not None else None, ctx.now)
            ctx.uow.execute(_SET, [Json(stubs), move.applet])
        elif move.from_state == UNINSTALLED:
            ctx.uow.execute(_SET, [None, move.applet])


def make_stubs(applet: Applet | None, at: datetime) -> dict[str, Any]:
    """What `applets.stubs` holds from the moment an applet is uninstalled. applet: None where its release is lost."""
    types = list(applet.types.values()) if applet is not None else []
    # What is encrypted names nothing; the number, which is a column, needs no field.
    titles = {type.name: None if type.encrypted or type.title_field == "number" else type.title_field for type in types}
    personal = [type.name for type in types if type.title_field in {field.path for field in type.personal}]
    return {"types": titles, "personal": personal, "at": instant_text(at)}


def uninstalled_at(row: AppletRow) -> datetime:
    return to_instant(row.stubs["at"]) if row.stubs and "at" in row.stubs else row.changed_at


def purge_begun_at(row: AppletRow) -> str | None:
    """Since when there is no way back; None while there is one."""
    begun: str | None = (row.stubs or {}).get("purge")
    return begun


def check_purge(ctx: KernelContext, rows: Mapping[str, AppletRow], name: str) -> AppletRow:
    """The row of an applet that may be purged now. Raises AppletStateWrong, PurgeTooEarly."""
    row = rows.get(name)
    if row is None or row.state != UNINSTALLED:
        state = row.state if row is not None else "available"
        raise AppletStateWrong(applet=name, state=state, verb="purge", allowed=UNINSTALLED)
    since = uninstalled_at(row)
    until = since + timedelta(days=ctx.kernel.settings.applet_retention_days)
    # Whatever has been begun has to be ended, however long the time was made since.
    if ctx.now < until and purge_begun_at(row) is None:
        raise PurgeTooEarly(applet=name, uninstalled_on=since.date(), from_on=until.date())
    return row


def begin_purge(ctx: KernelContext, row: AppletRow) -> None:
    """From the commit on the applet cannot come back before the purge has ended."""
    stubs = {**(row.stubs or {}), "purge": instant_text(ctx.now)}
    ctx.uow.execute(_SET, [Json(stubs), row.name])


def comes_back(situation: Situation) -> list[AppletRow]:
    """The rows of applets that were uninstalled and are to be no more."""
    return [
        situation.rows[move.applet]
        for move in situation.moves
        if move.from_state == UNINSTALLED and move.to_state in (INSTALLED, "enabled", "disabled")
    ]
