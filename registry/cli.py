"""`bos applet …`, and the applets of a fresh demo tenant."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import act, enter, find_caller, open_kernel
from kernel.cli.terminal import Terminal
from kernel.context import KernelContext
from kernel.documents.indexes import refresh_indexes
from kernel.transfer.caller import Caller
from registry.bisect.cli import add_bisect_commands
from registry.cli_check import add_check_command
from registry.cli_guards import add_guard_commands
from registry.cli_health import add_health_commands
from registry.contracts.cli import add_contract_commands
from registry.errors import AppletsRequired
from registry.lifecycle import Transition, disable_applet, enable_applet
from registry.plans.cli import Consent, WithRequired, add_plan_commands
from registry.releases import Releases
from registry.removal.cli import add_removal_commands
from registry.rollouts.cli import add_pin_commands
from registry.service import list_applets
from registry.sweeps import add_sweep_commands
from sdk.errors import BosError

COLUMNS = ("name", "version", "enabled_version", "state", "fits", "requires", "title")

Name = Annotated[str, typer.Argument(help="The applet's name.", show_default=False)]


def add_commands(cli: Cli, releases: Releases) -> None:
    """Add the group `applet`, and what `bos up` does with applets."""
    commands = group("Applets: list, enable and disable them for a tenant, without a restart.")
    cli.add_typer(commands, name="applet")
    cli.demo_steps.append(lambda ctx: enable_fitting(ctx, releases))
    _add_list(commands, releases)
    _add_enable(commands, releases)
    _add_disable(commands, releases)
    add_plan_commands(commands, releases)
    add_contract_commands(commands)
    add_check_command(commands, releases)
    add_removal_commands(commands, releases)
    add_guard_commands(commands)
    add_sweep_commands(commands)
    add_pin_commands(commands, releases)
    add_health_commands(commands)
    add_bisect_commands(commands)


def enable_fitting(ctx: KernelContext, releases: Releases) -> list[str]:
    """Enable every applet here that fits; says which do not, and why."""
    notes = []
    for name in releases.discovery.releases():
        try:
            with ctx.uow.savepoint():
                enable_applet(ctx, releases, name, with_required=True)
        except BosError as error:
            reasons = "; ".join(violation.message for violation in error.violations) or error.message
            notes.append(f"The applet {name} was left out: {reasons}")
    return notes


def _add_list(commands: typer.Typer, releases: Releases) -> None:
    @commands.command("list")
    def list_all(context: typer.Context, tenant: Tenant = None, as_user: ActAs = None, json: AsJson = False) -> None:
        """List every applet found here with its state for the tenant, and why it does not fit, if so.

        Example:

            bos applet list --tenant acme
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            rows = list_applets(ctx, releases)
        terminal.show_rows(rows, COLUMNS)
        if not terminal.is_json:
            for row in rows:
                for reason in row.get("reasons", ()):
                    terminal.say(f"{row['name']}: {reason['message']}")


def _add_enable(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def enable(
        context: typer.Context,
        name: Name,
        with_required: WithRequired = False,
        consent: Consent = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Enable an applet for a tenant; in force everywhere with the next request. Then its hot fields are indexed.

        Examples:

            bos applet enable ledger

            bos applet enable approvals --with-required --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            caller = find_caller(kernel, tenant, as_user)
            done = _enable(terminal, caller, releases, name, with_required, consent, is_kept=not dry_run)
            if done.applets and not dry_run:
                _index(terminal, caller)
        _show(terminal, done, dry_run)


def _add_disable(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def disable(
        context: typer.Context,
        name: Name,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Disable an applet for a tenant: nothing of it is called any more; its documents stay.

        Example:

            bos applet disable approvals --yes
        """
        terminal = Terminal.of(context)
        if not dry_run:
            terminal.confirm(f"Disable the applet {name}?", yes)
        with open_kernel(terminal.settings) as kernel:
            caller = find_caller(kernel, tenant, as_user)
            with act(caller, is_kept=not dry_run) as ctx:
                done = disable_applet(ctx, releases, name)
            if done.applets and not dry_run:
                _index(terminal, caller)
        _show(terminal, done, dry_run)


def _enable(
    terminal: Terminal,
    caller: Caller,
    releases: Releases,
    name: str,
    with_required: bool,
    consent: bool,
    *,
    is_kept: bool,
) -> Transition:
    """Enable it; where others are required, ask at a terminal whether to enable them too."""
    try:
        with act(caller, is_kept=is_kept) as ctx:
            return enable_applet(ctx, releases, name, with_required=with_required, consent=consent)
    except AppletsRequired as error:
        if not terminal.may_ask:
            raise
        terminal.confirm(f"It requires {error.details['required']}: enable them too?", False)
    with act(caller, is_kept=is_kept) as ctx:
        return enable_applet(ctx, releases, name, with_required=True, consent=consent)


def _index(terminal: Terminal, caller: Caller) -> None:
    with caller.begin() as uow:
        types = caller.kernel.runtimes.get(uow).catalogue.types.values()
    report = refresh_indexes(caller.kernel.database, caller.tenant, types)
    if report.over_budget:
        terminal.say(f"Not indexed, as the tenant has its dozen: {', '.join(report.over_budget)}")


def _show(terminal: Terminal, done: Transition, is_rehearsal: bool) -> None:
    shown = done.as_json() | ({"dry_run": True} if is_rehearsal else {})
    if terminal.is_json or done.applets:
        terminal.show_record(shown)
    else:
        typer.echo(f"Nothing to do: it is {done.state} already.")
