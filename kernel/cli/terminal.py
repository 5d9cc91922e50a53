"""What commands answer: tables for people at a terminal, plain text where it is piped, JSON when asked for."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import orjson
import typer

from kernel.cli.errors import NotConfirmed
from kernel.http.bodies import render_json
from kernel.lazy import LazyModule
from kernel.settings import Settings
from sdk.errors import BosError

# A server has a terminal too, and shows no table on it.
rich_box, rich_console, rich_progress = map(LazyModule, ("rich.box", "rich.console", "rich.progress"))
rich_table, rich_text = map(LazyModule, ("rich.table", "rich.text"))


# Control characters but tab and line break, and those that turn the direction of writing (UTR 36).
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


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
            table = rich_table.Table(box=rich_box.SIMPLE_HEAD)
            for column in columns:
                table.add_column(rich_text.Text(column.replace("_", " ")), overflow="fold")
            for row in rows:
                # Texts, since brackets in a plain str would be taken for markup.
                table.add_row(*(rich_text.Text(text_of(row.get(column))) for column in columns))
            rich_console.Console().print(table)
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
            typer.echo(visible(text), err=True)

    def tell(self, error: BosError) -> None:
        """A failure, on standard error."""
        if self.is_json:
            typer.echo(json.dumps(problem_of(error), ensure_ascii=False), err=True)
            return
        typer.echo(visible(f"Error: {error.message} ({error.code})"), err=True)
        for violation in error.violations:
            expected = f"; expected {violation.expected}" if violation.expected else ""
            told = f"  {violation.pointer or '/'}: {violation.message} [{violation.rule}]{expected}"
            typer.echo(visible(told), err=True)

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

    @property
    def has_progress(self) -> bool:
        """Whether a bar is shown to anybody."""
        return sys.stderr.isatty() and not self.is_json

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar on standard error while something slow goes on; call what it gives with how much more was done.

        total: of whatever is counted; None where that is not known.
        """
        is_shown = self.has_progress
        count = rich_progress.TaskProgressColumn() if total is not None else _text_column("{task.completed}")
        bar = rich_progress.BarColumn() if total is not None else rich_progress.SpinnerColumn()
        columns = (_text_column("{task.description}"), bar, count, rich_progress.TimeElapsedColumn())
        console = rich_console.Console(stderr=True)
        with rich_progress.Progress(*columns, console=console, transient=True, disable=not is_shown) as progress:
            task = progress.add_task(title, total=total)
            yield lambda done: progress.advance(task, done)


def _text_column(template: str) -> Any:
    return rich_progress.TextColumn(template)


def text_of(value: Any) -> str:
    """A value for people; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | dict):
        return visible(render_json(value).decode())
    return visible(str(value))


def visible(text: str) -> str:
    """The text without what a terminal would obey instead of showing it: escape sequences, turned directions."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def problem_of(error: BosError) -> dict[str, Any]:
    """What a problem is on the wire, as far as it makes sense here."""
    problem: dict[str, Any] = {"code": error.code, "detail": error.message}
    if error.violations:
        problem["violations"] = [violation.as_json() for violation in error.violations]
    return problem


def _one_line(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
