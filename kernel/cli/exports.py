"""`bos export`"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from kernel.cli.options import ActAs, Company, Tenant
from kernel.cli.root import Cli
from kernel.cli.session import enter, find_company
from kernel.cli.terminal import Terminal
from kernel.cli.values import read_pairs
from kernel.context import KernelContext
from kernel.transfer.beancount import write_beancount
from kernel.transfer.books import Books, open_books
from kernel.transfer.errors import FileExists, SourceUnreadable
from kernel.transfer.exporter import ExportRequest, FileShape, export, open_sink
from kernel.transfer.hledger import write_hledger
from kernel.transfer.reading import count_documents
from kernel.transfer.requests import ExportOrder, check_export
from kernel.transfer.sinks import FORMATS as FILE_FORMATS
from kernel.transfer.templates import read_template

BOOK_FORMATS: dict[str, Callable[[Books], Iterator[str]]] = {"hledger": write_hledger, "beancount": write_beancount}
FORMATS = (*FILE_FORMATS, *BOOK_FORMATS)

Type = Annotated[str, typer.Argument(help="Document type, e.g. parties.customer; a template says its own.")]
Format = Annotated[str, typer.Option("--format", "-f", help=f"{', '.join(FORMATS)}; else by the name, or csv.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")]
Filter = Annotated[str, typer.Option("--filter", help="An expression over the fields.")]
Param = Annotated[list[str] | None, typer.Option("--param", help="name=value of a param.<name> in it.")]
Fields = Annotated[str, typer.Option("--fields", help="Only these, between commas.")]
Sort = Annotated[str, typer.Option("--sort", help="Fields between commas; - turns the order.")]
Lines = Annotated[str, typer.Option("--lines", help="A row for each item of this list.")]
Template = Annotated[str, typer.Option("--template", help="Name of an export template, which says the rest.")]
Packed = Annotated[bool, typer.Option("--gzip", help="Compress CSV or JSONL; also by a name that ends with .gz.")]
Raw = Annotated[bool, typer.Option("--raw", help="Leave texts of a CSV as they are that a spreadsheet would compute.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]


def add_commands(cli: Cli) -> None:
    """Add `export`."""

    @cli.command("export")
    def export_documents(
        context: typer.Context,
        type: Type = "",
        format: Format = "",
        out: Out = None,
        filter: Filter = "",
        param: Param = None,
        fields: Fields = "",
        sort: Sort = "",
        lines: Lines = "",
        template: Template = "",
        packed: Packed = False,
        raw: Raw = False,
        force: Force = False,
        company: Company = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
    ) -> None:
        """Export documents to CSV, JSONL or XLSX, or posted journal entries for hledger and beancount.

        The file has its name only when it is whole. More about files: docs/transfer.md.

        Examples:

            bos export parties.customer --fields code,name --out customers.csv

            bos export receivables.invoice --filter 'state == "posted"' --lines lines --out lines.xlsx

            bos export --template "Open invoices" --param day=2026-03-31 --out open.xlsx

            bos export ledger.journal_entry --format beancount --company "Acme Ltd" --out books.beancount
        """
        terminal = Terminal.of(context)
        parameters = dict(read_pairs("--param", param or ()))
        shape = FileShape(_format(format, out), packed or (out is not None and out.suffix == ".gz"), raw)
        wanted = ExportRequest(type, filter, parameters, _names(fields), _names(sort) or ("id",), lines)
        if bool(type) == bool(template):
            raise typer.BadParameter("a document type or --template", param_hint="TYPE")
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            order = read_template(ctx, template, parameters) if template else ExportOrder(wanted, shape)
            if template and (format or packed):
                order = replace(order, shape=replace(order.shape, format=shape.format, is_packed=shape.is_packed))
            company_id = find_company(ctx, company)
            count = _write(terminal, ctx, order, company_id, _Target(out, force))
        if out is not None:
            terminal.say(f"{count} document(s) in {out}")


class _Target:
    """Where it goes. A file is written beside its final place, and nothing that is there is replaced unasked."""

    def __init__(self, out: Path | None, force: bool) -> None:
        self.out, self._force = out, force
        if out is not None and out.exists() and not force:
            raise FileExists(file=str(out))

    @contextmanager
    def path(self) -> Iterator[Path]:
        """Of the file to write; it gets its name when the block ends well."""
        assert self.out is not None
        partial = self.out.with_name(self.out.name + ".partial")
        try:
            yield partial
            if self.out.exists() and not self._force:
                raise FileExists(file=str(self.out))
            partial.replace(self.out)
        except OSError as error:
            raise SourceUnreadable(f"{self.out} cannot be written: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        if self.out is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        with self.path() as partial, partial.open("wb") as file:
            yield file


def _write(terminal: Terminal, ctx: KernelContext, order: ExportOrder, company_id: str | None, target: _Target) -> int:
    wanted, shape = order.wanted, order.shape
    if shape.format in BOOK_FORMATS:
        with target.stream() as stream, terminal.progress(f"Exporting {wanted.type}") as advance:
            return _write_books(ctx, wanted.type, shape.format, company_id, stream, advance)
    check_export(ctx, order)
    total = count_documents(ctx, wanted) if terminal.has_progress else None
    with terminal.progress(f"Exporting {wanted.type}", total) as advance:
        progress = advance if terminal.has_progress else None
        if shape.format == "xlsx":
            if target.out is None:
                raise typer.BadParameter("an XLSX file cannot go to standard output", param_hint="--out")
            with target.path() as path:
                sink = open_sink(ctx, wanted, shape, None, path)
                count = export(ctx, wanted, sink, progress)
                sink.close()
            return count
        with target.stream() as stream:
            sink = open_sink(ctx, wanted, shape, stream)
            count = export(ctx, wanted, sink, progress)
            sink.close()
        return count


def _write_books(
    ctx: KernelContext, type: str, format: str, company_id: str | None, stream: BinaryIO, advance: Callable[[int], None]
) -> int:
    books, count = open_books(ctx, type, company_id), 0
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n", write_through=False)
    try:
        for line in BOOK_FORMATS[format](books):
            text.write(line)
            if line.startswith("\n"):
                count += 1
                advance(1)
    finally:
        text.flush()
        text.detach()
    return count


def _format(format: str, out: Path | None) -> str:
    suffix = Path(out.name.removesuffix(".gz")).suffix[1:].lower() if out is not None else ""
    chosen = format or {"ndjson": "jsonl"}.get(suffix, suffix if suffix in FILE_FORMATS else "csv")
    if chosen not in FORMATS:
        raise typer.BadParameter(", ".join(FORMATS), param_hint="--format")
    return chosen


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
