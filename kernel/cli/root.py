"""The root of the commands: tells every failure the same way, and lets system plugins take part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import typer
from typer.core import TyperGroup

from kernel.cli.terminal import Terminal
from kernel.context import KernelContext
from kernel.http.problems import to_error
from sdk.errors import BosError

EXIT_FAILED = 1

# Given a fresh demo tenant's context by `bos up`; says what it did, in words.
DemoStep = Callable[[KernelContext], Sequence[str]]


class RootGroup(TyperGroup):
    """A failure of the request ends with code 1 and its problem on standard error; a wrong usage with 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BosError as error:
            Terminal.of(ctx).tell(error)
            raise typer.Exit(EXIT_FAILED) from None
        except psycopg.OperationalError as error:
            Terminal.of(ctx).tell(to_error(error, ""))
            raise typer.Exit(EXIT_FAILED) from None
        except BrokenPipeError:
            # Whoever read the answer has read enough.
            raise typer.Exit(EXIT_FAILED) from None


class Cli(typer.Typer):
    """`register_cli` gets this. demo_steps: what `bos up` does to a fresh demo tenant before its demo data."""

    def __init__(self) -> None:
        super().__init__(
            name="bos",
            cls=RootGroup,
            help="Bos, the business operating system.",
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
        )
        self.demo_steps: list[DemoStep] = []


def group(help: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None)
