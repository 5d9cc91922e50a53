"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.terminal import Terminal


def _remember(context: typer.Context, value: bool) -> bool:
    if value:
        Terminal.of(context).is_json = True
    return value


AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON.", callback=_remember, is_eager=True)]
Tenant = Annotated[
    str | None,
    typer.Option("--tenant", "-t", help="The tenant; may be left out while there is only one.", show_default=False),
]
ActAs = Annotated[
    str | None,
    typer.Option("--as", help="Email of the user to act as; without it the operator, who may do everything."),
]
Company = Annotated[
    str | None,
    typer.Option("--company", "-c", help="Name or id of the company, where the tenant has several."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Host = Annotated[
    str | None, typer.Option("--host", help="Address to listen on instead of BOS_HOST.", show_default=False)
]
Port = Annotated[
    int | None,
    typer.Option("--port", "-p", min=0, max=65535, help="Port instead of BOS_PORT; 0 takes a free one."),
]
