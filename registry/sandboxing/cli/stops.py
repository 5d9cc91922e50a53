"""`bos sandbox off`, `on` and `trace`: the switch, and what has led to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from kernel.breaker.service import applet_health
from kernel.cli.options import AsJson
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import OPERATOR, Kernel
from registry.errors import AppletUnknown
from registry.releases import Releases
from sdk.nearest import nearest_or_all

COLUMNS = ("applet", "version", "tenant", "since", "by", "reason")
TRACE_COLUMNS = ("at", "tenant", "applet", "version", "what", "reason", "frames")
# Of one frame in words; it was cut when it was kept.
FRAME_CHARACTERS_MAX = 2_000

Applet = Annotated[str | None, typer.Option("--applet", help="This applet.", show_default=False)]
Version = Annotated[
    str | None, typer.Option("--version", help="With --applet: this version of it alone.", show_default=False)
]
OfTenant = Annotated[str | None, typer.Option("--tenant", "-t", help="For this tenant alone.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All sandboxed applets of all tenants.")]


def add_switch(commands: typer.Typer, releases: Releases) -> None:
    """Add them to the group `sandbox`."""
    _add_off(commands, releases)
    _add_on(commands)
    _add_trace(commands)


def stops_told(kernel: Kernel) -> list[dict[str, Any]]:
    """What is stopped, oldest first."""
    stops = kernel.breaker.stops
    stops.look()
    names = {tenant.id: tenant.name for tenant in kernel.directory.list()}
    return [
        {
            "applet": stop.applet,
            "version": stop.version,
            "tenant": names.get(stop.tenant_id, stop.tenant_id) if stop.tenant_id else None,
            "since": stop.at,
            "by": stop.by,
            "reason": stop.reason,
        }
        for stop in stops.known
    ]


def _add_off(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def off(
        context: typer.Context,
        reason: Annotated[str, typer.Option("--reason", "-r", help="Told to whoever meets it.", show_default=False)],
        applet: Applet = None,
        version: Version = None,
        tenant: OfTenant = None,
        all: All = False,
        json: AsJson = False,
    ) -> None:
        """Stop sandboxed applets until they are switched on again: by applet, version, tenant, or all of them.

        In force here at once and in every process within a second, also for calls that are running; deliveries wait.

        Examples:

            bos sandbox off --applet shop --version 1.2.0 --reason "sends orders twice"

            bos sandbox off --all --reason "looking into a report"
        """
        terminal = Terminal.of(context)
        _check_scope(applet, version, tenant, is_all=all)
        with open_kernel(terminal.settings) as kernel:
            if applet is not None:
                _check_known(kernel, releases, applet)
            stops = kernel.breaker.stops
            tenant_id = kernel.directory.get(tenant).id if tenant else None
            stops.record(stops.make(reason, OPERATOR.id, applet=applet, version=version, tenant_id=tenant_id))
            terminal.show_rows(stops_told(kernel), COLUMNS)


def _add_on(commands: typer.Typer) -> None:
    @commands.command()
    def on(
        context: typer.Context,
        applet: Applet = None,
        version: Version = None,
        tenant: OfTenant = None,
        all: All = False,
        json: AsJson = False,
    ) -> None:
        """Let run again what was switched off, by hand or by a violation; what waited is delivered.

        Lifts every stop that fits; what is left stopped is listed.

        Examples:

            bos sandbox on --applet shop

            bos sandbox on --all
        """
        terminal = Terminal.of(context)
        _check_scope(applet, version, tenant, is_all=all)
        with open_kernel(terminal.settings) as kernel:
            tenant_id = kernel.directory.get(tenant).id if tenant else None
            count = kernel.breaker.stops.lift(applet=applet, version=version, tenant_id=tenant_id)
            left = stops_told(kernel)
        terminal.say(f"{count} stop(s) lifted.")
        terminal.show_rows(left, COLUMNS)


def _add_trace(commands: typer.Typer) -> None:
    @commands.command()
    def trace(
        context: typer.Context,
        applet: Applet = None,
        tenant: OfTenant = None,
        json: AsJson = False,
    ) -> None:
        """Tell what sandboxed applets were stopped and suspended for, with the last frames of a worker that broke out.

        Example:

            bos sandbox trace --applet shop --json
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            rows = [
                row
                for row in (*_traced_stops(kernel), *_traced_suspensions(kernel, tenant))
                if applet in (None, row["applet"]) and (tenant is None or row["tenant"] in (None, tenant))
            ]
        terminal.show_rows(rows, TRACE_COLUMNS)


def _traced_stops(kernel: Kernel) -> Iterator[dict[str, Any]]:
    for told, stop in zip(stops_told(kernel), kernel.breaker.stops.known, strict=True):
        detail, *frames = stop.evidence.split("\n")
        yield {
            "at": told["since"],
            "tenant": told["tenant"],
            "applet": told["applet"],
            "version": told["version"],
            "what": "stopped",
            "reason": told["reason"],
            "by": told["by"],
            "detail": detail,
            "frames": [in_words(frame) for frame in frames if frame],
        }


def _traced_suspensions(kernel: Kernel, tenant: str | None) -> Iterator[dict[str, Any]]:
    for each in [kernel.directory.get(tenant)] if tenant else kernel.directory.list(state="active"):
        with kernel.operate(each) as ctx:
            trusted = {found.name for found in ctx.runtime.catalogue.applets if found.manifest.trust == "trusted"}
            suspended = [found for found in applet_health(ctx) if found.notice and found.applet not in trusted]
        for health in suspended:
            yield {
                "at": health.since,
                "tenant": each.name,
                "applet": health.applet,
                "version": health.version,
                "what": health.state,
                "reason": health.notice,
                "by": "breaker",
                "detail": "; ".join(hook.error for hook in health.hooks if hook.error),
                "frames": [],
            }


def in_words(frame: str) -> str:
    """A frame that was kept as hexadecimal digits, decoded where it is whole; extension types stay bytes."""
    try:
        decoded = msgspec.msgpack.decode(bytes.fromhex(frame))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return frame[:FRAME_CHARACTERS_MAX]
    return repr(decoded)[:FRAME_CHARACTERS_MAX]


def _check_scope(applet: str | None, version: str | None, tenant: str | None, *, is_all: bool) -> None:
    """Nobody stops or starts everything by leaving something out."""
    if is_all == (applet is not None or tenant is not None):
        raise typer.BadParameter("say --applet or --tenant, or --all alone")
    if version is not None and applet is None:
        raise typer.BadParameter("say which applet the version is of", param_hint="--version")


def _check_known(kernel: Kernel, releases: Releases, applet: str) -> None:
    known = releases.known(kernel.database)
    if applet not in known:
        raise AppletUnknown(applet=applet, nearest=nearest_or_all(applet, list(known)))
