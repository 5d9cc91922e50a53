"""`bos sandbox run`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from kernel.cli.options import AsJson
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from registry.releases import Releases
from registry.sandboxing.cli.report import EXIT_CODES, Ending, Report
from registry.sandboxing.cli.site import open_site
from registry.sandboxing.cli.trial import Trial, name_of, read_source
from registry.sandboxing.engines import OFF
from registry.sandboxing.sandbox import Sandbox
from sandbox.errors import SandboxOff
from sdk.manifest import Capability, parse_capability

ENTRIES_MAX = 50
SECONDS, SECONDS_MAX = 1.0, 60.0

File = Annotated[
    Path, typer.Argument(help="The Python file.", exists=True, dir_okay=False, readable=True, show_default=False)
]
Entries = Annotated[
    list[str] | None,
    typer.Option("--entry", "-e", help="Function to call with ctx; run when left out. Again for more."),
]
TrialTenant = Annotated[
    str | None,
    typer.Option("--tenant", "-t", help="An existing tenant, in which nothing is kept; else one made for this run."),
]
Users = Annotated[
    list[str] | None,
    typer.Option("--user", "-u", help="Email of the user to act as; without one the operator. Again for more."),
]
Grants = Annotated[
    list[str] | None,
    typer.Option("--grant", "-g", help="What it may: read:TYPE, write:TYPE, or a capability as in a manifest."),
]
Seconds = Annotated[float, typer.Option("--seconds", help="Of its own time for each call.", min=0.01, max=SECONDS_MAX)]


def add_run(commands: typer.Typer, sandbox: Sandbox, releases: Releases) -> None:
    """Add it to the group `sandbox`."""

    @commands.command()
    def run(
        context: typer.Context,
        file: File,
        entry: Entries = None,
        tenant: TrialTenant = None,
        user: Users = None,
        grant: Grants = None,
        seconds: Seconds = SECONDS,
        json: AsJson = False,
    ) -> None:
        """Run functions of a file as an applet nobody trusts, and tell how each call ended. Nothing of it is kept.

        Each function is called for each user, in one transaction that is rolled back, with the permissions of the
        user as far as they were granted. Exit codes: 0 all returned, 3 refused, 4 failed, 5 a violation; the gravest
        counts.

        Examples:

            bos sandbox run rules.py

            bos sandbox run rules.py --entry check --tenant acme --user ada@acme.example --grant read:ledger.account
        """
        terminal = Terminal.of(context)
        granted = tuple(map(_capability, grant or ()))
        users: list[str | None] = [*user] if user else [None]
        calls = [(each, who) for who in users for each in (entry or ["run"])]
        if len(calls) > ENTRIES_MAX:
            raise typer.BadParameter(f"{len(calls)} calls are more than {ENTRIES_MAX}", param_hint="--entry")
        # Asked for first: that it is off is no news to be logged beside the answer.
        if terminal.settings.sandbox == OFF:
            raise SandboxOff(applet=file.stem, reason=f"BOS_SANDBOX is {OFF}")
        with ThreadPoolExecutor(1) as beside:
            # The self-test takes as long as the database does to start.
            beside.submit(sandbox.problem)
            with open_kernel(terminal.settings) as kernel:
                problem = sandbox.problem(kernel.database)
                if problem is not None:
                    raise SandboxOff(applet=file.stem, reason=problem)
                reports = _run_all(kernel, sandbox, releases, file, calls, tenant, granted, seconds)
        _show(terminal, reports)
        raise typer.Exit(max(EXIT_CODES[report.ending.outcome] for report in reports))


def _run_all(
    kernel: Kernel,
    sandbox: Sandbox,
    releases: Releases,
    file: Path,
    calls: list[tuple[str, str | None]],
    tenant: str | None,
    granted: tuple[Capability, ...],
    seconds: float,
) -> list[Report]:
    source = read_source(file)
    if isinstance(source, Ending):
        return [Report(entry, user, source, 0.0) for entry, user in calls]
    with open_site(kernel, releases, tenant, granted) as site, site.begin() as uow:
        applets = {applet.name for applet in kernel.operator_context(uow).runtime.catalogue.applets}
        name = name_of(file, {"kernel", *applets})
        trial = Trial(sandbox, name, source, granted, seconds)
        try:
            return [trial.call(site.context(uow, user), entry, user) for entry, user in calls]
        finally:
            trial.close()


def _capability(text: str) -> Capability:
    found = parse_capability(text if text.count(":") > 1 else f"documents:{text}")
    if found is None:
        hint = "say read:TYPE, write:TYPE, registers:read:NAME or reports:run:NAME"
        raise typer.BadParameter(f"{text!r} grants nothing: {hint}", param_hint="--grant")
    return found


def _show(terminal: Terminal, reports: list[Report]) -> None:
    shown = [report.as_json() for report in reports]
    if terminal.is_json:
        terminal.show_json(shown if len(shown) > 1 else shown[0])
        return
    for record in shown:
        terminal.show_record(record)
