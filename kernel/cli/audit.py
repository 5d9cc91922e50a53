"""`bos audit …`"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from kernel.audit import store
from kernel.audit.anchors import (
    anchors_of,
    export_anchors,
    faults_of_anchors,
    faults_of_records,
    file_anchor,
    read_anchors,
    record_everywhere,
)
from kernel.audit.errors import AnchorUnwritable, AuditFailed
from kernel.audit.sealer import seal
from kernel.audit.verify import Verification, verify_log
from kernel.cli.options import AsJson, Tenant
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, open_kernel
from kernel.cli.terminal import Terminal
from kernel.events.horizon import Horizon
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord

FAULT_COLUMNS = ("tenant", "kind", "seal", "position", "event_id", "detail")
RESULT_COLUMNS = ("tenant", "is_sound", "seals", "events", "unsealed", "anchors", "last", "last_hash")

AnchorFile = Annotated[
    Path | None, typer.Option("--anchor", help="Compare with anchors that were exported to this file.")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Public key that signed them; without it this installation's.")
]


def add_commands(cli: Cli) -> None:
    """Add the group `audit`."""
    commands = group("The sealed event log: sealing, verifying, anchors.")
    cli.add_typer(commands, name="audit")
    anchor = group("Anchors of the log outside of the database.")
    _add_seal(commands)
    _add_verify(commands)
    commands.add_typer(anchor, name="anchor")
    _add_export(anchor)


def _add_seal(commands: typer.Typer) -> None:
    @commands.command("seal")
    def seal_now(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """Seal now what the worker would seal within a minute.

        Example:

            bos audit seal --tenant demo
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            made = seal(kernel.database, record, Horizon(record.schema), kernel.clock())
            if made:
                record_everywhere(kernel, record, made[-1])
        events = sum(each.events for each in made)
        terminal.show_record({"tenant": record.name, "seals": len(made), "events": events})


def _add_verify(commands: typer.Typer) -> None:
    @commands.command()
    def verify(
        context: typer.Context,
        tenant: Tenant = None,
        anchor: AnchorFile = None,
        key: KeyFile = None,
        json: AsJson = False,
    ) -> None:
        """Compare event logs with their seals and anchors; name each event that was changed, removed or inserted.

        Of all tenants, unless one is named.

        Example:

            bos audit verify --tenant demo --anchor anchors.json
        """
        terminal = Terminal.of(context)
        given = read_anchors(anchor) if anchor else []
        with open_kernel(terminal.settings) as kernel:
            records = [choose_tenant(kernel, tenant)] if tenant else kernel.directory.list()
            results = {record.name: _verify(terminal, kernel, record, given, key) for record in records}
        _show(terminal, results)
        broken = {name: result for name, result in results.items() if not result.is_sound}
        if broken:
            raise AuditFailed(tenant=", ".join(broken), count=sum(len(each.faults) for each in broken.values()))


def _add_export(commands: typer.Typer) -> None:
    @commands.command()
    def export(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="Where to write them.", show_default=False)],
        tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Only of this tenant.")] = None,
        json: AsJson = False,
    ) -> None:
        """Write the newest seal of each tenant, signed, to a file that is to be kept elsewhere.

        Example:

            bos audit anchor export anchors.json
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            tenants = [choose_tenant(kernel, tenant)] if tenant else kernel.directory.list()
            exported = export_anchors(kernel, tenants)
        try:
            file.write_bytes(orjson.dumps(exported, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise AnchorUnwritable(folder=file.parent, reason=error.strerror or str(error)) from None
        terminal.show_record({"file": str(file), "anchors": len(exported["anchors"])})


def _verify(
    terminal: Terminal, kernel: Kernel, tenant: TenantRecord, given: list[dict[str, Any]], key: Path | None
) -> Verification:
    ours = [each for each in given if each["tenant_id"] == tenant.id]
    anchors = anchors_of(kernel)
    with kernel.database.transaction(tenant) as uow:
        with terminal.progress("Seals", store.count_seals(uow.execute)) as advance:
            result = verify_log(uow.execute, advance=advance)
        result.add(faults_of_records(uow.execute, tenant, anchors))
        if ours:
            public = key.read_text("ascii").strip() if key else file_anchor(kernel).key.public
            result.add(faults_of_anchors(uow.execute, tenant, ours, public))
    result.anchors = len(anchors) + len(ours)
    return result


def _show(terminal: Terminal, results: Mapping[str, Verification]) -> None:
    described = [{"tenant": name, **result.as_json()} for name, result in results.items()]
    if terminal.is_json:
        terminal.show_json(described)
        return
    faults = [{"tenant": each["tenant"], **fault} for each in described for fault in each["faults"]]
    if faults:
        terminal.show_rows(faults, FAULT_COLUMNS)
    terminal.show_rows(described, RESULT_COLUMNS)
