"""`bos rollout …`, and `bos applet pin` and `unpin`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import enter, open_kernel
from kernel.cli.terminal import Terminal
from registry.releases import Releases
from registry.rollouts.model import WATCHED, Limits, Wish
from registry.rollouts.pins import pin_applet, unpin_applet
from registry.rollouts.progress import carry_on
from registry.rollouts.service import (
    describe_rollout,
    describe_rollouts,
    find_rollout,
    halt_rollout,
    pause_rollout,
    resume_rollout,
    start_rollout,
)

LIST_COLUMNS = ("id", "applet", "version", "state", "stage", "percent", "started_at", "reason")
TENANT_COLUMNS = ("tenant", "stage", "state", "from_version", "moved_at", "before", "after", "reason")
STAGE_COLUMNS = ("stage", "percent", "waiting", "moving", "moved", "left_out", "failed", "rolled_back", "stuck")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")

Which = Annotated[str, typer.Argument(help="Its id, or the applet's name for the latest one.", show_default=False)]
Named = Annotated[str, typer.Argument(help="NAME, or NAME@VERSION.", show_default=False)]


def read_duration(text: str) -> float:
    """`10m` and the like in seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time like 30s, 10m, 2h or 1d")
    return float(found[1]) * _SECONDS[found[2]]


def read_percent(text: str) -> float:
    """`5%` as 5.0."""
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no share like 5%")
    return float(found[1])


def add_rollout_commands(cli: Cli, releases: Releases) -> None:
    """The group `rollout`."""
    commands = group("Rollouts: a release for a few tenants first, watched, then for more.")
    cli.add_typer(commands, name="rollout")
    _add_start(commands, releases)
    _add_looks(commands)
    _add_changes(commands, releases)


def _add_start(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def start(
        context: typer.Context,
        release: Annotated[str, typer.Argument(help="NAME@VERSION.", show_default=False)],
        tenants: Annotated[str, typer.Option("--tenants", help="Share of the tenants in the first stage.")] = "5%",
        then: Annotated[
            list[str] | None, typer.Option("--then", help="Share after the next stage; repeatable.")
        ] = None,
        watch: Annotated[str, typer.Option("--watch", help="error-rate, p95 or both, between commas.")] = ",".join(
            WATCHED
        ),
        error_rate_max: Annotated[str, typer.Option("--error-rate-max", help="Of hook calls; more halts it.")] = "1%",
        p95_max_ratio: Annotated[
            float, typer.Option("--p95-max-ratio", min=1, help="Of hooks' latency, after to before; more halts it.")
        ] = 2.0,
        hold: Annotated[str, typer.Option("--hold", help="How long each stage is watched.")] = "10m",
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Bring a release to a share of the tenants that run the applet, watch them, then go on to the next share.

        The worker carries it on: once a stage was held within the limits the next one begins; past a limit, or with a
        guard broken, everybody who was moved is rolled back. Tenants pinned to a version, and those whose plan is
        blocked or needs consent, are left out.

        Example:

            bos rollout start receivables@2.0.0 --tenants 5% --then 50% --then 100% --hold 1h
        """
        terminal = Terminal.of(context)
        name, _, version = release.partition("@")
        if not version:
            raise typer.BadParameter("give NAME@VERSION")
        watched = tuple(filter(None, (each.strip() for each in watch.split(","))))
        limits = Limits(watched, read_percent(error_rate_max) / 100, p95_max_ratio, read_duration(hold))
        wish = Wish(name, version, tuple(map(read_percent, [tenants, *(then or ())])), limits)
        with open_kernel(terminal.settings) as kernel:
            started = start_rollout(kernel, releases, wish, is_kept=not dry_run)
            if not dry_run:
                carry_on(kernel, releases, started["id"])
                started = describe_rollout(kernel, started["id"])
        _show(terminal, started)


def _add_looks(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_all(context: typer.Context, json: AsJson = False) -> None:
        """List the latest rollouts, newest first.

        Example:

            bos rollout list
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            terminal.show_rows(describe_rollouts(kernel), LIST_COLUMNS)

    @commands.command()
    def status(context: typer.Context, rollout: Which, json: AsJson = False) -> None:
        """Say how a rollout stands: stages, tenants, who was left out and why, hooks before and after.

        Example:

            bos rollout status receivables
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            _show(terminal, describe_rollout(kernel, rollout))


def _add_changes(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def pause(context: typer.Context, rollout: Which, json: AsJson = False) -> None:
        """Move no more tenants for the time being; those that were moved stay, and are still watched.

        Example:

            bos rollout pause receivables
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            _show(terminal, pause_rollout(kernel, rollout))

    @commands.command()
    def resume(context: typer.Context, rollout: Which, json: AsJson = False) -> None:
        """Go on with a rollout that was paused.

        Example:

            bos rollout resume receivables
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            _show(terminal, resume_rollout(kernel, rollout))

    @commands.command()
    def halt(
        context: typer.Context,
        rollout: Which,
        roll_back: Annotated[bool, typer.Option("--roll-back", help="Bring those that were moved back.")] = False,
        yes: Yes = False,
        json: AsJson = False,
    ) -> None:
        """End a rollout for good: nobody else is moved; with --roll-back everybody returns to the version before.

        Example:

            bos rollout halt receivables --roll-back --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = find_rollout(kernel, rollout)
            suffix = ", and roll its tenants back" if roll_back else ""
            terminal.confirm(f"Halt the rollout of {found.applet} {found.version}{suffix}?", yes)
            halt_rollout(kernel, found.id, roll_back=roll_back)
            if roll_back:
                carry_on(kernel, releases, found.id)
            _show(terminal, describe_rollout(kernel, found.id))


def add_pin_commands(commands: typer.Typer, releases: Releases) -> None:
    """Beside the other commands of `bos applet`."""

    @commands.command()
    def pin(
        context: typer.Context, name: Named, tenant: Tenant = None, as_user: ActAs = None, json: AsJson = False
    ) -> None:
        """Keep an applet of a tenant at a version, the present one unless another is named, whatever is rolled out.

        Example:

            bos applet pin receivables@1.0.0 --tenant acme
        """
        terminal = Terminal.of(context)
        bare, _, version = name.partition("@")
        with enter(terminal.settings, tenant, as_user) as ctx:
            pinned = pin_applet(ctx, releases, bare, version or None)
        terminal.show_record(pinned)

    @commands.command()
    def unpin(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="The applet's name.", show_default=False)],
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Let rollouts and upgrades of everything move an applet of a tenant again.

        Example:

            bos applet unpin receivables --tenant acme
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user) as ctx:
            unpinned = unpin_applet(ctx, name)
        terminal.show_record(unpinned)


def _show(terminal: Terminal, shown: Mapping[str, Any]) -> None:
    if terminal.is_json:
        terminal.show_json(shown)
        return
    lists = ("stages", "tenants")
    terminal.show_record({name: value for name, value in shown.items() if name not in lists})
    terminal.show_rows(shown["stages"], STAGE_COLUMNS)
    terminal.show_rows(shown["tenants"], TENANT_COLUMNS)
