"""`bos export`"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from kernel.cli.options import ActAs, Company, Tenant
from kernel.cli.root import Cli
from kernel.cli.session import enter, find_company
from kernel.cli.terminal import Terminal
from kernel.cli.values import read_pairs
from kernel.context import KernelContext
from kernel.transfer.beancount import write_beancount
from kernel.transfer.books import Books, open_books
from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.exporter import ExportRequest, write_csv, write_jsonl
from kernel.transfer.hledger import write_hledger

BOOK_FORMATS: dict[str, Callable[[Books], Iterator[str]]] = {"hledger": write_hledger, "beancount": write_beancount}
FORMATS = ("csv", "jsonl", *BOOK_FORMATS)


def add_commands(cli: Cli) -> None:
    """Add `export`."""

    @cli.command()
    def export(
        context: typer.Context,
        type: Annotated[str, typer.Argument(help="Document type, e.g. parties.customer.", show_default=False)],
        format: Annotated[str, typer.Option("--format", "-f", help=f"{', '.join(FORMATS)}.")] = "csv",
        out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")] = None,
        filter: Annotated[str, typer.Option("--filter", help="An expression over the fields.")] = "",
        param: Annotated[list[str] | None, typer.Option("--param", help="name=value of a param.<name> in it.")] = None,
        fields: Annotated[str, typer.Option("--fields", help="Only these, between commas.")] = "",
        lines: Annotated[str, typer.Option("--lines", help="A row of CSV for each item of this list.")] = "",
        company: Company = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
    ) -> None:
        """Export documents to CSV or JSONL, or posted journal entries for hledger and beancount.

        Examples:

            bos export parties.customer --fields code,name --out customers.csv

            bos export receivables.invoice --filter 'state == "posted"' --lines lines > lines.csv

            bos export ledger.journal_entry --format beancount --company "Acme Ltd" --out books.beancount
        """
        terminal = Terminal.of(context)
        if format not in FORMATS:
            raise typer.BadParameter(", ".join(FORMATS), param_hint="--format")
        wanted = ExportRequest(
            type,
            filter,
            dict(read_pairs("--param", param or ())),
            tuple(name.strip() for name in fields.split(",") if name.strip()),
            lines=lines,
        )
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            company_id = find_company(ctx, company)
            with _open(out) as stream, terminal.progress(f"Exporting {type}") as advance:
                count = _write(ctx, wanted, format, company_id, stream, advance)
        if out is not None:
            terminal.say(f"{count} document(s) in {out}")


def _write(
    ctx: KernelContext,
    wanted: ExportRequest,
    format: str,
    company_id: str | None,
    stream: TextIO,
    advance: Callable[[int], None],
) -> int:
    if format in BOOK_FORMATS:
        return _write_books(ctx, wanted.type, format, company_id, stream, advance)
    return (write_jsonl if format == "jsonl" else write_csv)(ctx, wanted, stream, advance)


def _write_books(
    ctx: KernelContext, type: str, format: str, company_id: str | None, stream: TextIO, advance: Callable[[int], None]
) -> int:
    books = open_books(ctx, type, company_id)
    count = 0
    for text in BOOK_FORMATS[format](books):
        stream.write(text)
        if text.startswith("\n"):
            count += 1
            advance(1)
    return count


@contextmanager
def _open(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n", write_through=False)
        try:
            yield stream
        finally:
            stream.flush()
            stream.detach()
        return
    try:
        file = out.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise SourceUnreadable(f"{out} cannot be written: {error.strerror}") from error
    with file:
        yield file
