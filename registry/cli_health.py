"""`bos applet health`, `resume` and `tighten`: how applets do, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.breaker.service import AppletHealth, applet_health, columns, resume_applet, tighten_applet
from kernel.breaker.suspensions import FAIL_CLOSED
from kernel.cli.options import ActAs, AsJson, DryRun, Tenant
from kernel.cli.session import enter
from kernel.cli.terminal import Terminal

Name = Annotated[str, typer.Argument(help="The applet's name.", show_default=False)]


def add_health_commands(commands: typer.Typer) -> None:
    """Add them to the group `applet`."""
    _add_health(commands)
    _add_resume(commands)
    _add_tighten(commands)


def _add_health(commands: typer.Typer) -> None:
    @commands.command()
    def health(
        context: typer.Context,
        name: Annotated[str | None, typer.Argument(help="One applet; all without.", show_default=False)] = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Tell how applets do: calls, errors, times and budgets of their hooks in the last hour, and who is suspended.

        Examples:

            bos applet health --tenant acme

            bos applet health receivables --json
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            found = applet_health(ctx, name)
        _show(terminal, found)


def _add_resume(commands: typer.Typer) -> None:
    @commands.command()
    def resume(
        context: typer.Context,
        name: Name,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Call the hooks of a suspended applet again, without waiting for its next trial.

        Example:

            bos applet resume approvals --tenant acme
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=not dry_run) as ctx:
            done = resume_applet(ctx, name)
        _show_one(terminal, done)


def _add_tighten(commands: typer.Typer) -> None:
    @commands.command()
    def tighten(
        context: typer.Context,
        name: Name,
        undo: Annotated[bool, typer.Option("--undo", help="Back to what the applet declares.")] = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """While the applet is suspended refuse what its hooks might have refused, even where it declares `fail_open`.

        Examples:

            bos applet tighten approvals --tenant acme

            bos applet tighten approvals --undo
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=not dry_run) as ctx:
            done = tighten_applet(ctx, name, None if undo else FAIL_CLOSED)
        _show_one(terminal, done)


def _show_one(terminal: Terminal, done: AppletHealth) -> None:
    if terminal.is_json:
        terminal.show_json(done)
    else:
        _show(terminal, [done])


def _show(terminal: Terminal, found: list[AppletHealth]) -> None:
    if terminal.is_json:
        terminal.show_json(found)
        return
    terminal.show_rows([{n: getattr(h, n) for n in columns()} for each in found for h in each.hooks], columns())
    for each in found:
        terminal.say(f"{each.applet} {each.version}: {each.state} ({each.when_suspended})")
        if each.notice:
            terminal.say(each.notice)
