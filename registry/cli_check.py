"""`bos applet check`: what speaks against an applet, found before anybody installs it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.cli.options import AsJson
from kernel.cli.root import EXIT_FAILED
from kernel.cli.terminal import Terminal
from registry.compatibility import check_release
from registry.discovery import Release
from registry.releases import Releases
from sdk.applet import Applet
from sdk.errors import BosError, Violation

COLUMNS = ("file", "line", "rule", "message", "fix")
# Pointers of code end with a line: /data/rates.py:12.
_PLACE = re.compile(r"/?(?P<file>[^#:]*?\.\w+)(?::(?P<line>\d+))?(?:#(?P<pointer>.*))?")

Folder = Annotated[
    Path, typer.Argument(help="The applet's folder, with its applet.toml.", exists=True, file_okay=False)
]
AsStranger = Annotated[bool, typer.Option("--sandboxed", help="As if its manifest said it is not trusted.")]


def add_check_command(commands: typer.Typer, releases: Releases) -> None:
    """Add it to the group `applet`."""

    @commands.command()
    def check(
        context: typer.Context, folder: Folder = Path(), sandboxed: AsStranger = False, json: AsJson = False
    ) -> None:
        """Check an applet's manifest, definitions and code, and tell each fault with its file, line and remedy.

        Code of a sandboxed applet is judged and loaded in a locked-down worker, by the policy that will run it; nothing
        of it is run here. Ends with status 1 when something speaks against it. No database is needed.

        Examples:

            bos applet check applets/approvals --sandboxed

            bos applet check --json
        """
        terminal = Terminal.of(context)
        release = _release(folder.resolve(), releases, is_stranger=sandboxed)
        found = [told(violation) for violation in check_release(release)]
        _show(terminal, release, found)
        if found:
            raise typer.Exit(EXIT_FAILED)


def told(violation: Violation) -> dict[str, Any]:
    """A fault by file and line, as far as its pointer names them. pointer: within the file."""
    place = _PLACE.fullmatch(violation.pointer)
    file, line, pointer = place.group("file", "line", "pointer") if place else ("applet.toml", None, violation.pointer)
    return {
        "file": file,
        "line": int(line) if line else None,
        "pointer": pointer or "",
        "rule": violation.rule,
        "message": violation.message,
        "fix": violation.expected or "",
    }


def _release(folder: Path, releases: Releases, *, is_stranger: bool) -> Release:
    try:
        applet = Applet.load(folder)
    except BosError as fault:
        return Release(folder.name, folder, fault=fault)
    if is_stranger:
        applet = replace(applet, manifest=replace(applet.manifest, trust="sandboxed"))
    return Release(applet.name, folder, applet, sandbox=releases.discovery.sandbox)


def _show(terminal: Terminal, release: Release, found: list[dict[str, Any]]) -> None:
    head = {"applet": release.name, "version": release.version, "sandboxed": release.is_sandboxed}
    if terminal.is_json:
        terminal.show_json({**head, "violations": found})
    elif found:
        terminal.show_rows(found, COLUMNS)
    else:
        terminal.show_record({**head, "violations": 0})
