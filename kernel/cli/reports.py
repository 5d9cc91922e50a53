"""`bos report …`"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.cli.errors import InputUnreadable
from kernel.cli.options import ActAs, AsJson, Tenant
from kernel.cli.root import Cli, group
from kernel.cli.session import enter
from kernel.cli.terminal import Terminal
from kernel.cli.values import read_pairs
from kernel.http.bodies import render_json
from kernel.reports import service
from kernel.reports.formats import render
from kernel.reports.result import ReportResult
from kernel.reports.schemas import report_json
from sdk.values import decimal_text

COLUMNS = ("name", "title", "parameters")
FORMATS = ("table", "json", "csv", "xlsx")
_INDENT = "  "


def add_commands(cli: Cli) -> None:
    """Add the group `report`."""
    commands = group("Reports of the enabled applets.")
    cli.add_typer(commands, name="report")
    _add_list(commands)
    _add_run(commands)


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_reports(
        context: typer.Context, tenant: Tenant = None, as_user: ActAs = None, json: AsJson = False
    ) -> None:
        """List the reports that may be run, with their parameters.

        Example:

            bos report list
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            rows = [report_json(report) for report in service.list_reports(ctx)]
        if not terminal.is_json:
            rows = [row | {"parameters": ", ".join(each["name"] for each in row["parameters"])} for row in rows]
        terminal.show_rows(rows, COLUMNS)


def _add_run(commands: typer.Typer) -> None:
    @commands.command()
    def run(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="The report, e.g. ledger.trial_balance.", show_default=False)],
        param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value of a parameter.")] = None,
        format: Annotated[str, typer.Option("--format", "-f", help=f"{', '.join(FORMATS)}.")] = "table",
        out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")] = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Run a report.

        Examples:

            bos report run ledger.trial_balance --param at=2025-12-31

            bos report run receivables.ageing --format xlsx --out ageing.xlsx
        """
        terminal = Terminal.of(context)
        chosen = "json" if terminal.is_json else format
        if chosen not in FORMATS:
            raise typer.BadParameter(", ".join(FORMATS), param_hint="--format")
        given = dict(read_pairs("--param", param or ()))
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            result = service.run(ctx, name, given)
        if chosen == "table" and out is None:
            _show_table(terminal, result)
            return
        body = render(result, "csv" if chosen == "table" else chosen)[0]
        _write(out, body if isinstance(body, bytes) else render_json(body) + b"\n")


def _write(out: Path | None, body: bytes) -> None:
    if out is None:
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
        return
    try:
        out.write_bytes(body)
    except OSError as error:
        raise InputUnreadable(f"{out} cannot be written: {error.strerror}") from error


def _show_table(terminal: Terminal, result: ReportResult) -> None:
    titles = [column.title for column in result.shown]
    rows = [_cells(result, line.values, line.title, line.level, line.kind) for line in result.lines]
    if result.totals:
        rows.append(_cells(result, result.totals, "Total", 0, "total"))
    rows += [_cells(result, line.values, line.title, 0, "total") for line in result.results]
    terminal.say(f"{result.report.title}")
    terminal.show_rows([dict(zip(titles, cells, strict=True)) for cells in rows], titles)


def _cells(result: ReportResult, values: Any, title: str | None, level: int, kind: str) -> list[Any]:
    """A line as shown: names of linked documents, amounts of the column's scale, captions in the first cell."""
    cells = []
    for column in result.shown:
        value = values.get(column.name)
        if column.link and value is not None:
            value = result.titles.get(value, value)
        cells.append(decimal_text(value, column.scale) if isinstance(value, Decimal) else value)
    if kind != "row" and cells and cells[0] is None:
        caption = {"opening": "Opening balance", "total": f"Total {title or ''}"}.get(kind, title or "")
        cells[0] = (caption if caption != "Total Total" else "Total").strip()
    if cells and level and cells[0] is not None:
        cells[0] = _INDENT * level + str(cells[0])
    return cells
