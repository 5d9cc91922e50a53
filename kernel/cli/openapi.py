"""`bos openapi`: a tenant's description of its API."""

from __future__ import annotations

from typing import Annotated

import typer
from fastapi import FastAPI

from kernel.cli.options import Tenant
from kernel.cli.root import Cli
from kernel.cli.session import act, find_caller, open_kernel
from kernel.cli.terminal import Terminal
from kernel.http.app import create_app
from kernel.http.description import Description, Dialect


def add_commands(cli: Cli) -> None:
    """Add `openapi`."""

    @cli.command()
    def openapi(
        context: typer.Context,
        version: Annotated[str, typer.Option("--version", help="3.1 or 3.0.")] = "3.1",
        tenant: Tenant = None,
    ) -> None:
        """Print the OpenAPI description of a tenant: the fixed routes and those of its enabled applets.

        Example:

            bos openapi --tenant acme > acme.json
        """
        if version not in ("3.1", "3.0"):
            raise typer.BadParameter("3.1 or 3.0", param_hint="--version")
        dialect: Dialect = "3.0" if version == "3.0" else "3.1"
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            app: FastAPI = create_app(kernel, has_worker=False)
            with act(find_caller(kernel, tenant, None), is_kept=False) as ctx:
                typer.echo(Description(app).of(ctx, dialect).decode())
