"""`bos sandbox status`: how strong the sandbox is here, what is stopped, and how sandboxed applets do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kernel.breaker.service import AppletHealth, applet_health
from kernel.cli.options import AsJson
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from registry.sandboxing.cli.stops import COLUMNS as STOP_COLUMNS
from registry.sandboxing.cli.stops import stops_told
from registry.sandboxing.sandbox import Sandbox
from sandbox.zygote.self_test import Probed, Trial

PROBE_COLUMNS = ("level", "probe", "behind", "told", "is_held")
APPLET_COLUMNS = ("tenant", "applet", "version", "state", "calls", "errors", "over_budget", "mean_us", "p95_us")


def add_status(commands: typer.Typer, sandbox: Sandbox) -> None:
    """Add it to the group `sandbox`."""

    @commands.command()
    def status(
        context: typer.Context,
        tenant: Annotated[
            str | None, typer.Option("--tenant", "-t", help="Applets of this tenant only.", show_default=False)
        ] = None,
        json: AsJson = False,
    ) -> None:
        """Tell how strong the sandbox is here, by trying what is forbidden; what is stopped; how its applets do.

        Figures of applets are of the last hour and of all processes; those of workers stand on each process's
        /metrics. Workers of other processes are told by their settings.

        Example:

            bos sandbox status --json
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = _status(kernel, sandbox, tenant)
        _show(terminal, found)


def _status(kernel: Kernel, sandbox: Sandbox, tenant: str | None) -> dict[str, Any]:
    settings = kernel.settings
    problem = sandbox.problem(kernel.database)
    figures = sandbox.figures()
    tenants = [kernel.directory.get(tenant)] if tenant else kernel.directory.list(state="active")
    return {
        "level": sandbox.level,
        "problem": problem,
        "wanted": settings.sandbox,
        "workers_max": settings.sandbox_workers_max,
        "spares": settings.sandbox_spares,
        "is_pinned": settings.sandbox_pin,
        "workers": {"busy": figures.busy, "idle": figures.idle, "spares": figures.spares} if figures else None,
        "probes": [_probe(trial, each) for trial in sandbox.trials for each in trial.probes],
        "problems": {str(trial.level): trial.problem for trial in sandbox.trials if trial.problem},
        "stops": stops_told(kernel),
        "applets": [row for each in tenants for row in _applets(kernel, each)],
    }


def _probe(trial: Trial, each: Probed) -> dict[str, Any]:
    told = {"probe": each.name, "behind": each.behind, "told": each.told, "is_held": each.is_held}
    return {"level": str(trial.level), **told}


def _applets(kernel: Kernel, tenant: TenantRecord) -> list[dict[str, Any]]:
    with kernel.operate(tenant) as ctx:
        names = {applet.name for applet in ctx.runtime.catalogue.applets if applet.manifest.trust != "trusted"}
        return [_row(tenant.name, health) for health in applet_health(ctx) if health.applet in names] if names else []


def _row(tenant: str, health: AppletHealth) -> dict[str, Any]:
    calls = sum(hook.calls for hook in health.hooks)
    return {
        "tenant": tenant,
        "applet": health.applet,
        "version": health.version,
        "state": health.state,
        "calls": calls,
        "errors": sum(hook.errors for hook in health.hooks),
        "over_budget": sum(hook.over_budget for hook in health.hooks),
        "mean_us": sum((hook.mean_us or 0) * hook.calls for hook in health.hooks) // calls if calls else None,
        "p95_us": max((hook.p95_us for hook in health.hooks if hook.p95_us is not None), default=None),
        "notice": health.notice,
    }


def _show(terminal: Terminal, found: Mapping[str, Any]) -> None:
    if terminal.is_json:
        terminal.show_json(found)
        return
    lists = ("probes", "stops", "applets")
    terminal.show_record({name: value for name, value in found.items() if name not in lists})
    for name, columns in zip(lists, (PROBE_COLUMNS, STOP_COLUMNS, APPLET_COLUMNS), strict=True):
        if found[name]:
            typer.echo("")
            terminal.show_rows(found[name], columns)
