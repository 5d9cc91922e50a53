"""`bos applet build` and `bos upgrade …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.cli.options import AsJson
from kernel.cli.root import EXIT_FAILED, Cli, group
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from registry.contracts.extract import extract_contract
from registry.contracts.lock import LOCK_NAME, is_current, write_lock
from registry.contracts.model import Contract, as_text
from registry.contracts.upgrade import breaks, check_tenants, describe_platform, read_platform
from registry.releases import Releases

UNRESOLVED_COLUMNS = ("where", "reason", "target", "name")
FINDING_COLUMNS = ("tenant", "applet", "severity", "where", "message", "fix")

Folder = Annotated[
    Path, typer.Argument(help="The applet's folder, with its applet.toml.", exists=True, file_okay=False)
]


def add_contract_commands(applets: typer.Typer) -> None:
    """To the group `applet`."""

    @applets.command()
    def build(
        context: typer.Context,
        folder: Folder = Path(),
        check: Annotated[
            bool, typer.Option("--check", help="Write nothing: end with status 1 unless applet.lock is current.")
        ] = False,
        json: AsJson = False,
    ) -> None:
        """Read what an applet uses of others and offers them, from its code and data, and write its applet.lock.

        Nothing of it is run. Places where the code does not say what it reads are listed, as plans can only warn there.

        Examples:

            bos applet build applets/receivables

            bos applet build --check
        """
        terminal = Terminal.of(context)
        contract = extract_contract(folder)
        was_current = is_current(folder, contract) if check else not write_lock(folder, contract)
        _show_build(terminal, contract, folder / LOCK_NAME, was_current)
        if check and not was_current:
            raise typer.Exit(EXIT_FAILED)


def _show_build(terminal: Terminal, contract: Contract, lock: Path, was_current: bool) -> None:
    shown: dict[str, Any] = {"applet": contract.applet, "version": contract.version, "lock": str(lock)}
    shown |= {"was_current": was_current, "uses": len(contract.uses), "unresolved": len(contract.unresolved)}
    if terminal.is_json:
        terminal.show_json({**shown, "unresolved": [one.as_json() for one in contract.unresolved]})
        return
    terminal.show_record(shown)
    if contract.unresolved:
        terminal.show_rows([one.as_json() for one in contract.unresolved], UNRESOLVED_COLUMNS)


def add_upgrade_commands(cli: Cli, releases: Releases) -> None:
    """The group `upgrade`."""
    commands = group("Versions of Bos itself: what another one would break, before anything is touched.")
    cli.add_typer(commands, name="upgrade")
    _add_describe(commands)
    _add_check(commands, releases)


def _add_describe(commands: typer.Typer) -> None:
    @commands.command()
    def describe(
        context: typer.Context,
        source: Annotated[
            Path | None,
            typer.Option("--source", help="A source tree of another version.", exists=True, file_okay=False),
        ] = None,
        output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")] = None,
        json: AsJson = False,
    ) -> None:
        """Write what this version of the kernel and its SDK offers applets, for `bos upgrade check` of another one.

        Example:

            bos upgrade describe --output bos-0.2.json
        """
        terminal = Terminal.of(context)
        platform = describe_platform(source)
        if output is None:
            typer.echo(as_text(platform.as_json()), nl=False)
            return
        output.write_text(as_text(platform.as_json()), encoding="utf-8")
        terminal.show_record({"version": platform.version, "sdk": platform.sdk.version, "file": str(output)})


def _add_check(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def check(
        context: typer.Context,
        kernel: Annotated[
            Path, typer.Option("--kernel", help="What the other version offers, by `bos upgrade describe` of it.")
        ],
        json: AsJson = False,
    ) -> None:
        """List for every tenant which applet would break with another version of Bos, where and why.

        Ends with status 1 when something would. Nothing is changed.

        Example:

            bos upgrade check --kernel bos-0.2.json
        """
        terminal = Terminal.of(context)
        coming = read_platform(kernel)
        with open_kernel(terminal.settings) as opened:
            rows = list(check_tenants(opened, releases, coming))
        terminal.show_rows(rows, FINDING_COLUMNS)
        if not rows:
            terminal.say(f"Nothing breaks with {coming.version}.")
        if any(breaks(row) for row in rows):
            raise typer.Exit(EXIT_FAILED)
