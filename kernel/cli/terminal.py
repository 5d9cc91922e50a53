"""What commands answer: tables for people at a terminal, plain text where it is piped, JSON when asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from kernel.cli.errors import NotConfirmed
from kernel.http.bodies import render_json
from kernel.settings import Settings
from sdk.errors import BosError


@dataclass
class Terminal:
    """The object of every command's context. is_json: answer with JSON."""

    settings: Settings
    is_json: bool = False

    @classmethod
    def of(cls, context: typer.Context) -> Self:
        """The terminal of a command."""
        found = context.find_root().obj
        assert isinstance(found, cls)
        return found

    def show_json(self, value: Any) -> None:
        """One JSON value, indented."""
        typer.echo(orjson.dumps(orjson.loads(render_json(value)), option=orjson.OPT_INDENT_2).decode())

    def show_rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """A list: a table at a terminal, values between tabs where it is piped, JSON with all there is."""
        if self.is_json:
            self.show_json(list(rows))
        elif sys.stdout.isatty():
            table = Table(box=SIMPLE_HEAD)
            for column in columns:
                table.add_column(Text(column.replace("_", " ")), overflow="fold")
            for row in rows:
                # Texts, since brackets in a plain str would be taken for markup.
                table.add_row(*(Text(text_of(row.get(column))) for column in columns))
            Console().print(table)
        else:
            typer.echo("\t".join(columns))
            for row in rows:
                typer.echo("\t".join(_one_line(text_of(row.get(column))) for column in columns))

    def show_record(self, record: Mapping[str, Any]) -> None:
        """One thing: its fields below each other, or JSON."""
        if self.is_json:
            self.show_json(record)
            return
        width = max((len(name) for name in record), default=0)
        for name, value in record.items():
            typer.echo(f"{name:<{width}}  {text_of(value)}")

    def say(self, text: str) -> None:
        """For people only, and not into the answer: on standard error, not with --json."""
        if not self.is_json:
            typer.echo(text, err=True)

    def tell(self, error: BosError) -> None:
        """A failure, on standard error."""
        if self.is_json:
            typer.echo(json.dumps(problem_of(error), ensure_ascii=False), err=True)
            return
        typer.echo(f"Error: {error.message} ({error.code})", err=True)
        for violation in error.violations:
            expected = f"; expected {violation.expected}" if violation.expected else ""
            typer.echo(f"  {violation.pointer or '/'}: {violation.message} [{violation.rule}]{expected}", err=True)

    @property
    def may_ask(self) -> bool:
        """Whether there is somebody to ask."""
        return sys.stdin.isatty() and not self.is_json

    def confirm(self, question: str, is_sure: bool, *, wanted: str = "") -> None:
        """Ask before something is destroyed. wanted: what has to be typed, else yes or no. Raises NotConfirmed."""
        if is_sure:
            return
        if not self.may_ask:
            raise NotConfirmed(advice="Say --yes where nobody can be asked.")
        if wanted:
            if typer.prompt(question, err=True) != wanted:
                raise NotConfirmed(advice="")
        elif not typer.confirm(question, err=True):
            raise NotConfirmed(advice="")

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar on standard error while something slow goes on; call what it gives with how much more was done.

        total: of whatever is counted; None where that is not known.
        """
        is_shown = sys.stderr.isatty() and not self.is_json
        count = TaskProgressColumn() if total is not None else TextColumn("{task.completed}")
        bar = BarColumn() if total is not None else SpinnerColumn()
        console = Console(stderr=True)
        with Progress(
            TextColumn("{task.description}"), bar, count, TimeElapsedColumn(), console=console,
            transient=True, disable=not is_shown,
        ) as progress:  # fmt: skip
            task = progress.add_task(title, total=total)
            yield lambda done: progress.advance(task, done)


def text_of(value: Any) -> str:
    """A value for people; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | dict):
        return render_json(value).decode()
    return str(value)


def problem_of(error: BosError) -> dict[str, Any]:
    """What a problem is on the wire, as far as it makes sense here."""
    problem: dict[str, Any] = {"code": error.code, "detail": error.message}
    if error.violations:
        problem["violations"] = [violation.as_json() for violation in error.violations]
    return problem


def _one_line(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
