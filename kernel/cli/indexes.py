"""`bos index …`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from kernel.cli.options import AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, open_kernel
from kernel.cli.terminal import Terminal
from kernel.documents.index_states import list_indexes
from kernel.documents.indexes import INDEXES_PER_TENANT_MAX, IndexPlan, plan_indexes, refresh_indexes
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from sdk.schema import DocumentType

COLUMNS = ("field", "state", "size_bytes", "scans", "last_scan_at", "is_unused", "name")


def add_commands(cli: Cli) -> None:
    """Add the group `index`."""
    commands = group("Indexes on hot keys: fields marked x-index.")
    cli.add_typer(commands, name="index")
    for add in (_add_list, _add_build, _add_drop):
        add(commands)


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_all(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """List declared hot keys with their indexes, how large they are, and whether anybody uses them.

        Example:

            bos index list --tenant demo
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            with kernel.database.owner(record.database) as connection:
                states = list_indexes(connection, record.schema, _types(kernel, record), kernel.clock())
        terminal.show_rows([asdict(state) for state in states], COLUMNS)
        over = sum(state.state == "over_budget" for state in states)
        if over:
            terminal.say(f"{over} have no index: a tenant has {INDEXES_PER_TENANT_MAX} at most.")


def _add_build(commands: typer.Typer) -> None:
    @commands.command()
    def build(context: typer.Context, tenant: Tenant = None, dry_run: DryRun = False, json: AsJson = False) -> None:
        """Build what is declared and missing, and drop what nobody declares, as the worker does; nobody has to wait.

        Example:

            bos index build --tenant demo --dry-run
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            types = _types(kernel, record)
            plan = _plan(kernel, record, types)
            if not dry_run:
                with terminal.progress("Indexes", len(plan.build) + len(plan.drop)) as advance:
                    refresh_indexes(kernel.database, record, types, advance)
        terminal.show_record({"tenant": record.name, "is_done": not dry_run, **_describe(plan)})


def _add_drop(commands: typer.Typer) -> None:
    @commands.command()
    def drop(
        context: typer.Context,
        tenant: Tenant = None,
        yes: Yes = False,
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Drop the indexes that nobody declares any more, and those that an interrupted build has left invalid.

        Example:

            bos index drop --tenant demo --dry-run
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            types = _types(kernel, record)
            plan = _plan(kernel, record, types)
            if plan.drop and not dry_run:
                terminal.confirm(f"Drop {len(plan.drop)} indexes of {record.name}?", yes)
                refresh_indexes(kernel.database, record, types, is_building=False)
        terminal.show_record({"tenant": record.name, "is_done": not dry_run, "dropped": plan.drop})


def _types(kernel: Kernel, tenant: TenantRecord) -> Sequence[DocumentType]:
    with kernel.database.transaction(tenant) as uow:
        return list(kernel.runtimes.get(uow).catalogue.types.values())


def _plan(kernel: Kernel, tenant: TenantRecord, types: Sequence[DocumentType]) -> IndexPlan:
    with kernel.database.owner(tenant.database) as connection:
        return plan_indexes(connection, tenant.schema, types)


def _describe(plan: IndexPlan) -> dict[str, Any]:
    return {
        "built": [f"{index.type}.{index.path}" for index in plan.build],
        "dropped": plan.drop,
        "over_budget": [f"{index.type}.{index.path}" for index in plan.over_budget],
    }
