"""`bos applet plan`, `apply`, and the verbs that do both: `install`, `upgrade`, `rollback`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.session import find_caller, open_kernel
from kernel.cli.terminal import Terminal
from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import VERBS, PlanRequest, Progress, Verb
from registry.releases import Releases

FINDING_COLUMNS = ("severity", "rule", "message", "fix", "where")
MOVE_COLUMNS = ("applet", "verb", "from_version", "to_version", "from_state", "to_state")
BLOCKED = 1

Named = Annotated[str, typer.Argument(help="NAME, or NAME@VERSION.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Consent = Annotated[bool, typer.Option("--consent", help="Say yes to all that needs consent.")]
WithRequired = Annotated[bool, typer.Option("--with-required", help="Enable the applets it requires too.")]


def add_plan_commands(commands: typer.Typer, releases: Releases) -> None:
    """Beside `bos applet list`, `enable` and `disable`."""
    _add_plan(commands, releases)
    _add_apply(commands, releases)
    _add_add(commands, releases)
    for verb, text in _DIRECT.items():
        _add_direct(commands, releases, verb, text)


def _add_plan(commands: typer.Typer, releases: Releases) -> None:
    @commands.command("plan")
    def make(
        context: typer.Context,
        verb: Annotated[str, typer.Argument(help=f"{', '.join(VERBS[:-1])} or {VERBS[-1]}.", show_default=False)],
        name: Annotated[str, typer.Argument(help="NAME, or NAME@VERSION.")] = "",
        all_upgrades: Annotated[bool, typer.Option("--all-upgrades", help="Everything to the newest.")] = False,
        with_required: WithRequired = False,
        keep_stubs: Annotated[
            bool, typer.Option("--keep-stubs", help="Of what is uninstalled, titles for others' links.")
        ] = False,
        reason: Reason = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Say what a move of an applet would do and what speaks against it. Nothing is changed.

        Exit status 1 when something blocks it. `bos applet apply DIGEST` does it.

        Examples:

            bos applet plan upgrade receivables@2.0.0 --tenant acme

            bos applet plan upgrade --all-upgrades
        """
        terminal = Terminal.of(context)
        wanted = _read_verb(verb)
        if bool(name) == all_upgrades:
            raise typer.BadParameter("give the applet's name, or --all-upgrades")
        request = _request(wanted, name, with_required, reason, all_upgrades=all_upgrades, keep_stubs=keep_stubs)
        with open_kernel(terminal.settings) as kernel, _progress(terminal) as progress:
            made = plan(find_caller(kernel, tenant, as_user), releases, request, progress=progress)
        show_plan(terminal, made)
        if not made["applicable"]:
            raise typer.Exit(BLOCKED)


def _add_apply(commands: typer.Typer, releases: Releases) -> None:
    @commands.command("apply")
    def apply_one(
        context: typer.Context,
        digest: Annotated[str, typer.Argument(help="Of a plan.", show_default=False)],
        consent: Consent = False,
        reason: Reason = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Apply a plan: it is made again, refused if it differs, then done in one transaction.

        In force with the next request, in every process. Applying it twice changes nothing the second time.

        Example:

            bos applet apply 3f1c9a0b2d4e5f60 --consent
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, _progress(terminal) as progress:
            caller = find_caller(kernel, tenant, as_user)
            done = apply_plan(caller, releases, digest, consent=consent, reason=reason, progress=progress)
        _show_done(terminal, done)


def _add_add(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def add(
        context: typer.Context,
        folder: Annotated[Path, typer.Argument(help="An applet's folder.", exists=True, file_okay=False)],
        trust: Annotated[bool, typer.Option("--trust", help="Let it run in the server's own process.")] = False,
        json: AsJson = False,
    ) -> None:
        """Make a release known here, so that tenants can install it; beside the versions that are here already.

        One that does not ask to be sandboxed has all the rights of the server: it is added with --trust only.

        Examples:

            bos applet add ~/applets/receivables --trust

            bos applet add ~/downloads/loyalty
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            added = releases.add(kernel.database, folder.resolve(), kernel.clock(), "operator", is_trusted=trust)
        terminal.show_record({"name": added.name, "version": added.version, "digest": added.digest})


_DIRECT: Mapping[Verb, str] = {
    "install": "Install an applet for a tenant: everything is checked, and nothing runs before it is enabled.",
    "upgrade": "Move an applet to another version: the plan is shown, then applied.",
    "rollback": "Go back to the version before: documents written since are cast down, nothing is lost.",
}


def _add_direct(commands: typer.Typer, releases: Releases, verb: Verb, text: str) -> None:
    def direct(
        context: typer.Context,
        name: Named,
        consent: Consent = False,
        yes: Yes = False,
        dry_run: DryRun = False,
        reason: Reason = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        terminal = Terminal.of(context)
        request = _request(verb, name, False, reason)
        with open_kernel(terminal.settings) as kernel:
            do(terminal, find_caller(kernel, tenant, as_user), releases, request, consent, yes, is_kept=not dry_run)

    direct.__doc__ = f"{text}\n\nExample:\n\n    bos applet {verb} receivables"
    commands.command(verb)(direct)


def do(
    terminal: Terminal,
    caller: Caller,
    releases: Releases,
    request: PlanRequest,
    consent: bool,
    yes: bool,
    *,
    is_kept: bool = True,
) -> None:
    """Plan, show, ask, apply."""
    with _progress(terminal) as progress:
        made = plan(caller, releases, request, progress=progress)
    if not made["moves"]:
        terminal.say("Nothing to do.")
    if not is_kept or not made["applicable"] or not made["moves"]:
        show_plan(terminal, made)
        if not made["applicable"]:
            raise typer.Exit(BLOCKED)
        return
    if not terminal.is_json:
        show_plan(terminal, made)
    if made["needs_consent"] and not consent:
        terminal.confirm("Consent to all of this?", False)
        consent = True
    terminal.confirm("Apply it?", yes or consent)
    with _progress(terminal) as progress:
        done = apply_plan(caller, releases, made["digest"], consent=consent, progress=progress, reason=request.reason)
    _show_done(terminal, done)


def show_plan(terminal: Terminal, made: Mapping[str, Any]) -> None:
    """What will be done, then what was found, the worst first."""
    if terminal.is_json:
        terminal.show_json(made)
        return
    terminal.show_rows(made["moves"], MOVE_COLUMNS)
    if made["findings"]:
        terminal.show_rows(made["findings"], FINDING_COLUMNS)
    terminal.show_record({"digest": made["digest"], "applicable": made["applicable"], "estimate_s": made["estimate_s"]})


def _show_done(terminal: Terminal, done: Mapping[str, Any]) -> None:
    if terminal.is_json:
        terminal.show_json(done)
        return
    for move in done["moves"]:
        version = f" {move['to_version']}" if move["to_version"] else ""
        typer.echo(f"{move['applet']}{version} is {move['to_state']}, by plan {done['digest']}")


def _request(verb: Verb, name: str, with_required: bool, reason: str, **options: bool) -> PlanRequest:
    bare, _, version = name.partition("@")
    return PlanRequest(verb, bare, version or None, with_required, reason=reason, **options)


def _read_verb(text: str) -> Verb:
    found = next((verb for verb in VERBS if verb == text), None)
    if found is None:
        raise typer.BadParameter(f"{text} is none of {', '.join(VERBS)}")
    return found


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Progress]:
    """A bar for each check that takes long enough to count."""
    told: dict[str, int] = {}
    with terminal.progress("Checking") as advance:
        yield lambda label, done, total: _advance(advance, told, label, done)


def _advance(advance: Callable[[int], None], told: dict[str, int], label: str, done: int) -> None:
    advance(max(0, done - told.get(label, 0)))
    told[label] = done
