"""The verbs: how applets do, resume one by hand, and be stricter than one declares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kernel.breaker.errors import AppletNotRunning, AppletNotSuspended, CannotLoosen
from kernel.breaker.keeper import record_move
from kernel.breaker.meters import Figures, percentile
from kernel.breaker.store import lock_standing, read_measures
from kernel.breaker.suspensions import FAIL_CLOSED, SUSPENDED, Standing
from kernel.context import KernelContext
from kernel.tenancy.record import TenantRecord
from sdk.applet import Applet
from sdk.nearest import nearest

if TYPE_CHECKING:
    from kernel.parts import Parts

# What grants speak of when they allow to look after applets.
RESOURCE = "kernel.applet"
HEALTH_SPAN = timedelta(hours=1)
P95 = 0.95


@dataclass(frozen=True, slots=True)
class HookHealth:
    """One function of an applet, over the last hour, in all processes. Times are of one call, None without calls.

    mean_us, p95_us, database_us: microseconds; what hooks of other applets took that it has called is not in them.
    statements: of all calls. budget_ms: milliseconds. error: what it is suspended for. state: as of an applet.
    """

    function: str
    hook: str
    version: str
    calls: int
    errors: int
    over_budget: int
    mean_us: int | None
    p95_us: int | None
    database_us: int | None
    statements: int
    budget_ms: int
    state: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AppletHealth:
    """state: running, suspended or on_trial. when_suspended: as it is for this tenant. notice: about its suspension."""

    applet: str
    version: str
    state: str
    when_suspended: str
    notice: str | None
    since: datetime | None
    until: datetime | None
    hooks: tuple[HookHealth, ...]


def applet_health(ctx: KernelContext, name: str | None = None) -> list[AppletHealth]:
    """Of one applet, or of all that are enabled. Raises AppletNotRunning."""
    ctx.permissions.check_resource("read", RESOURCE)
    applets = [_applet(ctx, name)] if name else [a for a in ctx.runtime.catalogue.applets if a.name != "kernel"]
    figures = hook_figures(ctx.kernel, ctx.runtime.tenant, ctx.now - HEALTH_SPAN, name)
    return [_health(ctx, applet, figures) for applet in applets]


def hook_figures(
    kernel: Parts, tenant: TenantRecord, since: datetime, applet: str | None = None
) -> dict[tuple[str, str, str, str], Figures]:
    """What hooks have cost since then, in all processes: by applet, version, hook and function."""
    kernel.breaker.measures.flush()
    sums: dict[tuple[str, str, str, str], Figures] = defaultdict(Figures)
    with kernel.database.glance(aside=True) as uow:
        rows = read_measures(uow, tenant.id, since.replace(second=0, microsecond=0), applet)
    for name, version, hook, function, *numbers in rows:
        sums[name, version, hook, function].add(Figures(*numbers))
    return dict(sums)


def resume_applet(ctx: KernelContext, name: str) -> AppletHealth:
    """Call its hooks again, from the next transaction on. Raises AppletNotRunning, AppletNotSuspended."""
    ctx.permissions.check_resource("resume", RESOURCE)
    before = _lock(ctx, name)
    if not before.hooks:
        raise AppletNotSuspended(applet=name)
    return _move(ctx, before, before.resume())


def tighten_applet(ctx: KernelContext, name: str, when_suspended: str | None) -> AppletHealth:
    """Be stricter than an applet that declares `fail_open`. None: as it declares. Raises CannotLoosen."""
    ctx.permissions.check_resource("tighten", RESOURCE)
    before = _lock(ctx, name)
    if when_suspended not in (None, FAIL_CLOSED) and _declared(_applet(ctx, name)) == FAIL_CLOSED:
        raise CannotLoosen(applet=name)
    return _move(ctx, before, before.tighten(FAIL_CLOSED if when_suspended == FAIL_CLOSED else None))


def begin_due_trials(kernel: Parts, tenant: TenantRecord) -> None:
    """A chore: an applet that only hears events is called by nobody who could see that its pause is over."""
    runtime = kernel.runtimes.known(tenant)
    standings = runtime.suspensions if runtime is not None else {}
    now = kernel.clock()
    for applet, standing in standings.items():
        if standing.state == SUSPENDED and standing.until <= now:
            kernel.breaker.keeper.begin_trial(tenant, applet)


def _lock(ctx: KernelContext, name: str) -> Standing:
    _applet(ctx, name)
    standing = lock_standing(ctx.uow, name)
    assert standing is not None
    return standing


def _move(ctx: KernelContext, before: Standing, after: Standing) -> AppletHealth:
    if after != before:
        record_move(ctx.uow, ctx.kernel.runtimes, before, after, ctx.now, ctx.actor.id)
        tenant = ctx.runtime.tenant
        ctx.uow.after_commit(lambda: ctx.kernel.breaker.gate.forget(tenant.id, after.applet))
        ctx.uow.after_commit(ctx.announce_deliveries)
    applet = _applet(ctx, after.applet)
    figures = hook_figures(ctx.kernel, ctx.runtime.tenant, ctx.now - HEALTH_SPAN, applet.name)
    return _health(ctx, applet, figures, after)


def _applet(ctx: KernelContext, name: str) -> Applet:
    found = ctx.runtime.catalogue.applet(name)
    if found is None or name == "kernel":
        names = [applet.name for applet in ctx.runtime.catalogue.applets if applet.name != "kernel"]
        raise AppletNotRunning(applet=name, nearest=nearest(name, names) or "none")
    return found


def _declared(applet: Applet) -> str:
    return applet.manifest.limits.when_suspended


def _health(
    ctx: KernelContext,
    applet: Applet,
    figures: Mapping[tuple[str, str, str, str], Figures],
    standing: Standing | None = None,
) -> AppletHealth:
    version = str(applet.manifest.version)
    standing = standing or ctx.runtime.suspensions.get(applet.name) or _standing(ctx, applet.name)
    budget_ms = applet.manifest.limits.hook_ms or ctx.kernel.settings.hook_ms
    hooks = [
        _hook_health(row, figures.get((applet.name, version, row["hook"], row["function"]), Figures()), version)
        | {"budget_ms": budget_ms, **_suspended(standing, row["function"])}
        for row in ctx.runtime.catalogue.hooks.describe()
        if row["applet"] == applet.name
    ]
    return AppletHealth(
        applet=applet.name,
        version=version,
        state=standing.state,
        when_suspended=standing.when_suspended or _declared(applet),
        notice=standing.notice if standing.hooks else None,
        since=standing.first.since if standing.hooks else None,
        until=standing.first.until if standing.hooks else None,
        hooks=tuple(HookHealth(**each) for each in hooks),
    )


def _standing(ctx: KernelContext, name: str) -> Standing:
    """Of one that runs: whether it is tightened."""
    row = ctx.uow.execute("SELECT version, suspensions FROM {t}.applets WHERE name = %s", [name]).fetchone()
    return Standing.read(name, row[0], row[1]) if row else Standing(name, {})


def _hook_health(row: Mapping[str, Any], figures: Figures, version: str) -> dict[str, Any]:
    calls = figures.calls
    p95_s = percentile(figures.buckets, P95)
    return {
        "function": row["function"],
        "hook": row["hook"],
        "version": version,
        "calls": calls,
        "errors": figures.errors,
        "over_budget": figures.over_budget,
        "mean_us": round(figures.seconds / calls * 1_000_000) if calls else None,
        "p95_us": round(p95_s * 1_000_000) if p95_s is not None else None,
        "database_us": round(figures.database_s / calls * 1_000_000) if calls else None,
        "statements": figures.statements,
    }


def _suspended(standing: Standing, function: str) -> dict[str, Any]:
    found = standing.hooks.get(function)
    return {"state": found.state if found else "running", "error": found.failure.error if found else None}


def columns() -> tuple[str, ...]:
    """What a table of hooks shows."""
    return tuple(field.name for field in fields(HookHealth) if field.name != "version")
