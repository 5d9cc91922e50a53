"""How far the documents of moved applets have come: a route, and a command that does the rest at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from fastapi import APIRouter, Request, Response

from kernel.cli.options import AsJson, DryRun, Tenant
from kernel.cli.session import choose_tenant, open_kernel
from kernel.cli.terminal import Terminal
from kernel.context import KernelContext
from kernel.documents.sweep import SweepProgress, sweep, sweep_progress
from kernel.http.operations import describe
from kernel.http.requests import run
from kernel.http.shapes import fields_of, items_of
from registry.transitions import RESOURCE

if TYPE_CHECKING:
    from kernel.main import Kernel

COLUMNS = ("type", "version", "done", "total", "failed")


def add_sweep_routes(router: APIRouter, kernel: Kernel) -> None:
    """`/applets/sweeps`."""

    @router.get("/applets/sweeps", openapi_extra=describe(items_of(fields_of(SweepProgress))))
    def read_sweeps(request: Request) -> Response:
        """How many documents of each type are stored in its present version; none where nothing is being swept."""
        return run(request, kernel, lambda ctx: {"items": _progress(ctx)}, read_only=True)


def add_sweep_commands(commands: typer.Typer) -> None:
    """`bos applet sweep`."""

    @commands.command("sweep")
    def sweep_now(context: typer.Context, dry_run: DryRun = False, tenant: Tenant = None, json: AsJson = False) -> None:
        """Cast what is stored in other versions of its type now, instead of in the background.

        Nobody waits for it: it takes a few documents at a time. --dry-run says how far it has come.

        Example:

            bos applet sweep --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            with kernel.operate(record) as ctx:
                left = sweep_progress(ctx)
            if not dry_run:
                with terminal.progress("Sweeping", sum(each.total - each.done for each in left)) as advance:
                    left = sweep(kernel, record, _steps(left, advance))
        terminal.show_rows([each.as_json() for each in left], COLUMNS)


def _steps(begun: list[SweepProgress], advance: Callable[[int], None]) -> Callable[[SweepProgress], None]:
    """From how far a type has come to how much more that is."""
    done = {each.type: each.done for each in begun}

    def tell(now: SweepProgress) -> None:
        advance(now.done - done.get(now.type, 0))
        done[now.type] = now.done

    return tell


def _progress(ctx: KernelContext) -> list[dict[str, Any]]:
    ctx.permissions.check_resource("read", RESOURCE)
    return [each.as_json() for each in sweep_progress(ctx)]
