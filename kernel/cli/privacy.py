"""`bos privacy …`"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from kernel.cli.errors import InputUnreadable
from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, enter, open_kernel
from kernel.cli.terminal import Terminal
from kernel.cli.values import find_document_id
from kernel.context import KernelContext
from kernel.privacy import replay
from kernel.privacy.erasure import erase, show_plan
from kernel.privacy.export import export_subject
from kernel.privacy.retention import run_rules, show_due
from kernel.privacy.subjects import Subject

DUE_COLUMNS = ("type", "id", "number", "action", "rule")
KEPT_COLUMNS = ("document_type", "document_id", "until", "rule", "basis", "fields")
ERASURE_COLUMNS = ("erased_at", "subject_type", "subject_id")

Person = Annotated[
    str,
    typer.Option("--subject", help="TYPE/ID of the document that stands for the person; also its number or code."),
]


def add_commands(cli: Cli) -> None:
    """Add the group `privacy`."""
    commands = group("Persons: what is known of them, erasing it, and how long what is kept.")
    cli.add_typer(commands, name="privacy")
    for add in (_add_export, _add_erase, _add_retention, _add_erasures, _add_replay):
        add(commands)


def _add_export(commands: typer.Typer) -> None:
    @commands.command()
    def export(
        context: typer.Context,
        subject: Person,
        out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write instead of answering.")] = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Export everything that is known of a person, with every revision, as JSON.

        Example:

            bos privacy export --subject parties.customer/ALFKI --out alfki.json
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            told = export_subject(ctx, _find(ctx, subject))
        if out is None:
            terminal.show_json(told)
            return
        _write(out, orjson.dumps(told, option=orjson.OPT_INDENT_2))
        terminal.show_record({"path": str(out.absolute()), "documents": len(told["documents"])})


def _add_erase(commands: typer.Typer) -> None:
    @commands.command("erase")
    def erase_subject(
        context: typer.Context,
        subject: Person,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Erase a person: personal values go, for good; what the law makes us keep stays until it is due. Asks.

        Examples:

            bos privacy erase --subject parties.customer/ALFKI --dry-run

            bos privacy erase --subject parties.customer/ALFKI --yes
        """
        terminal = Terminal.of(context)
        if not dry_run:
            terminal.confirm(f"All personal values of {subject} will be erased, for good. Go on?", yes)
        with enter(terminal.settings, tenant, as_user, is_kept=not dry_run) as ctx:
            person = _find(ctx, subject)
            told = show_plan(ctx, person) if dry_run else erase(ctx, person)
        if terminal.is_json:
            terminal.show_json(told)
            return
        done = "would_erase" if dry_run else "erased"
        terminal.show_record({done: len(told["erase"]), "kept": len(told["keep"]), "next_due_on": told["next_due_on"]})
        if told["keep"]:
            terminal.show_rows(told["keep"], KEPT_COLUMNS)


def _add_retention(commands: typer.Typer) -> None:
    @commands.command()
    def retention(
        context: typer.Context,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Erase and delete what is due by the retention rules, as the worker does once a day. Asks.

        Examples:

            bos privacy retention --dry-run

            bos privacy retention --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            chosen = choose_tenant(kernel, tenant)
            if dry_run:
                with kernel.operate(chosen) as ctx:
                    report = show_due(ctx)
            else:
                terminal.confirm("What is due will be erased or deleted, for good. Go on?", yes)
                report = run_rules(kernel, chosen)
        told = report.as_json()
        if terminal.is_json:
            terminal.show_json(told)
            return
        terminal.show_record({name: value for name, value in told.items() if name != "documents"})
        terminal.show_rows(told["documents"], DUE_COLUMNS)


def _add_erasures(commands: typer.Typer) -> None:
    @commands.command()
    def erasures(context: typer.Context, tenant: Tenant = None, as_user: ActAs = None, json: AsJson = False) -> None:
        """List who was erased and when. Kept apart from backups, it is what replay-erasures takes after a restore.

        Example:

            bos privacy erasures --json > erasures.json
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            terminal.show_rows(list(replay.list_erasures(ctx)), ERASURE_COLUMNS)


def _add_replay(commands: typer.Typer) -> None:
    @commands.command("replay-erasures")
    def replay_erasures(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="What `bos privacy erasures --json` has answered.")],
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Erase everybody of a list once more, after a backup was restored that knows them still. Asks.

        Example:

            bos privacy replay-erasures erasures.json --yes
        """
        terminal = Terminal.of(context)
        listed = list(_read(file))
        if not dry_run:
            terminal.confirm(f"{len(listed)} persons will be erased, for good. Go on?", yes)
        with enter(terminal.settings, tenant, None, is_kept=not dry_run) as ctx:
            done = replay.replay_erasures(ctx, listed)
        terminal.show_record({"would_erase" if dry_run else "erased": done.erased, "missing": done.missing})


def _find(ctx: KernelContext, text: str) -> Subject:
    """`TYPE/REFERENCE`: an id, a number, or a unique value."""
    name, _, reference = text.partition("/")
    return Subject(name, find_document_id(ctx, name, reference))


def _read(file: Path) -> Iterator[dict[str, Any]]:
    try:
        listed = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InputUnreadable(option="FILE", reason=str(error)) from error
    for each in listed if isinstance(listed, list) else [None]:
        if not isinstance(each, dict) or not {"subject_type", "subject_id"} <= each.keys():
            raise InputUnreadable(option="FILE", reason="it is no list of subject_type and subject_id")
        yield each


def _write(path: Path, content: bytes) -> None:
    try:
        # It holds all there is to know of somebody.
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError as error:
        raise InputUnreadable(option="--out", reason=error.strerror or str(error)) from error
