"""`bos import`"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from kernel.cli.options import ActAs, AsJson, Company, DryRun, Tenant
from kernel.cli.root import EXIT_FAILED, Cli
from kernel.cli.session import act, find_caller, find_company, open_kernel
from kernel.cli.terminal import Terminal
from kernel.transfer.caller import Caller
from kernel.transfer.command import CommandImport
from kernel.transfer.errors import MappingInvalid, SourceUnreadable
from kernel.transfer.importer import BATCH_SIZE, ImportOptions, ImportReport
from kernel.transfer.mapping import ImportMapping, load_mapping
from kernel.transfer.requests import ON_EXISTING, check_key
from kernel.transfer.sources import FORMATS, STDIN, Dialect, Source, guess_format
from sdk.errors import Violation

Format = Annotated[str | None, typer.Option("--format", "-f", help=f"{', '.join(FORMATS)}; else by the name.")]
BadRows = Annotated[Path | None, typer.Option("--rejects", help="Where bad rows go; else <file>.rejects.jsonl here.")]
Batch = Annotated[int, typer.Option("--batch", min=1, max=5000, help="Documents in a transaction.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an import of this file was stopped or killed.")]


def add_commands(cli: Cli) -> None:
    """Add `import`."""

    @cli.command("import")
    def import_documents(
        context: typer.Context,
        file: Annotated[str, typer.Argument(help="CSV, JSONL or XLSX; - is standard input.", show_default=False)],
        type: Annotated[str, typer.Option("--type", help="Document type, unless the mapping says it.")] = "",
        mapping: Annotated[
            Path | None, typer.Option("--mapping", "-m", help="JSON file; without it columns are fields.")
        ] = None,
        key: Annotated[str, typer.Option("--key", "-k", help="Field by which a document is known again.")] = "",
        on_existing: Annotated[
            str, typer.Option("--on-existing", help="What to do with a known one: skip, update or reject.")
        ] = "skip",
        format: Format = None,
        delimiter: Annotated[str, typer.Option("--delimiter", help="Between the cells of a CSV.")] = ",",
        encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV.")] = "utf-8",
        rejects: BadRows = None,
        batch: Batch = BATCH_SIZE,
        resume: Resume = False,
        company: Company = None,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Import documents from a file. Good rows go in, bad ones into the rejects file; then the code is 1.

        With --dry-run all of it is done and rolled back. One that was stopped or killed goes on with --resume. A
        mapping joins files, groups rows, looks up links and performs actions: see docs/cli.md.

        Examples:

            bos import customers.csv --type parties.customer --key code

            bos import orders.csv --mapping invoices.json --dry-run

            bos import large.xlsx --type catalog.product --key code --resume

            cat more.jsonl | bos import - --format jsonl --type catalog.product --on-existing update --key code
        """
        terminal = Terminal.of(context)
        for value, known, option in (
            (on_existing, ON_EXISTING, "--on-existing"),
            (format, (None, *FORMATS), "--format"),
        ):
            if value not in known:
                raise typer.BadParameter(", ".join(filter(None, known)), param_hint=option)
        plan = _read_plan(mapping, type, key)
        dialect = Dialect(format or guess_format(file), delimiter.replace("\\t", "\t"), encoding)
        path = rejects or Path(f"{'stdin' if file == STDIN else Path(file).stem}.rejects.jsonl")
        content = mapping.read_bytes() if mapping else b""
        with open_kernel(terminal.settings) as kernel, _open(file) as stream:
            caller = find_caller(kernel, tenant, as_user)
            options = _options(caller, plan, company, on_existing=on_existing, batch=batch, is_rehearsal=dry_run)
            source = Source(file, stream, dialect)
            report = _run(terminal, CommandImport(caller, options, source, path, content, resume))
        _show(terminal, report, path, is_rehearsal=dry_run)


def _read_plan(path: Path | None, type: str, key: str) -> ImportMapping:
    plan = load_mapping(path) if path else ImportMapping()
    if type and plan.type and plan.type != type:
        message = f"the mapping is for {plan.type}, not for {type}"
        raise MappingInvalid(violations=[Violation("/type", "type", message, plan.type)])
    if not (type or plan.type):
        raise typer.BadParameter("say it, or the mapping must", param_hint="--type")
    return replace(plan, type=type or plan.type, key=key or plan.key)


def _options(caller: Caller, plan: ImportMapping, company: str | None, **given: Any) -> ImportOptions:
    with act(caller, is_kept=False) as ctx:
        check_key(ctx.runtime.catalogue.type(plan.type), plan.key)
        company_id = find_company(ctx, company) or ctx.company_id
    return ImportOptions(
        plan.type,
        plan,
        given["on_existing"],
        company_id,
        given["batch"],
        given["is_rehearsal"],
    )


def _run(terminal: Terminal, importing: CommandImport) -> ImportReport:
    source = importing.source
    size = source.size()
    with terminal.progress(f"Importing {source.name}", size) as advance:
        try:
            return importing.run(_measure(source, advance) if size else advance)
        except (SourceUnreadable, KeyboardInterrupt):
            done = importing.report
            terminal.say(f"Stopped after {done.seen} document(s): {_counts(done)}. To go on, say --resume.")
            raise


def _measure(source: Source, advance: Callable[[int], None]) -> Callable[[int], None]:
    """Progress in bytes of the file: how many documents it holds is not known before it has been read."""
    read = 0

    def measure(count: int) -> None:
        nonlocal read
        advance(source.position() - read)
        read = source.position()

    return measure


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    if file == STDIN:
        yield sys.stdin.buffer
        return
    if not Path(file).is_file():
        raise SourceUnreadable(file=file, reason="there is no such file")
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - what follows must not be taken for a failure to open it
    except OSError as error:
        raise SourceUnreadable(file=file, reason=error.strerror or str(error)) from error
    with stream:
        yield stream


def _show(terminal: Terminal, report: ImportReport, rejects: Path, *, is_rehearsal: bool) -> None:
    if terminal.is_json:
        place = str(rejects) if report.rejected else None
        terminal.show_json({**asdict(report), "dry_run": is_rehearsal, "rejects": place})
    else:
        typer.echo(("Nothing was written. It would be: " if is_rehearsal else "") + _counts(report))
        if report.rejected:
            terminal.say(f"The rejected rows, with what is wrong with them, are in {rejects}")
    if report.rejected:
        raise typer.Exit(EXIT_FAILED)


def _counts(report: ImportReport) -> str:
    return ", ".join(f"{count} {name}" for name, count in asdict(report).items())
