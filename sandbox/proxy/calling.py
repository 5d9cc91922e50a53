"""One call of a hook: out to a worker and back, with all that belongs to it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

from sandbox.broker import Broker, Budgets
from sandbox.broker.quotas import quotas_of
from sandbox.errors import AppletStopped
from sandbox.host.engine import Program
from sandbox.host.outcome import AppletFailure, HookFound, Result, Status
from sandbox.host.violation import Violation
from sandbox.pool import Pool
from sandbox.proxy.answers import apply_changes, document_place, is_asked, read_answer
from sandbox.proxy.deadlines import deadlines_of
from sandbox.proxy.raising import AppletFault, raise_failure, raise_fault
from sandbox.values import Facts
from sdk.context import Context

_LEVELS = {name: logging.getLevelNamesMapping()[name.upper()] for name in ("debug", "info", "warning", "error")}
_NO_FAILURE = AppletFailure("Exception", message="it failed, and did not say how")


class Watcher(Protocol):
    """Told how calls end that end badly. ctx: that of the call."""

    def violated(self, ctx: Any, violation: Violation) -> None:
        """Of what no honest applet does. Nothing the call has done may be kept."""

    def waited(self, ctx: Any, seconds: float) -> None:
        """Of a call that had to wait for its worker, which is no doing of the applet's."""

    def killed(self, ctx: Any) -> None:
        """Of a call that was ended from outside. Nothing it has done may be kept."""


class Plan:
    """What is the same for all calls of a hook."""

    __slots__ = ("answers", "deadlines", "found", "place", "quotas")

    def __init__(self, found: HookFound, hook_ms: int | None) -> None:
        self.found = found
        self.deadlines, self.quotas = deadlines_of(found.hook, hook_ms), quotas_of(found.hook)
        self.place, self.answers = document_place(found), is_asked(found)


class Caller:
    """Of one release. hook_ms: what its manifest wants, None for the platform's own."""

    def __init__(
        self, pool: Pool, program: Program, budgets: Budgets, watcher: Watcher, hook_ms: int | None = None
    ) -> None:
        self._pool, self._program, self._budgets, self._watcher = pool, program, budgets, watcher
        self._hook_ms = hook_ms
        self._plans: dict[str, Plan] = {}

    def call(self, ctx: Context, found: HookFound, arguments: Sequence[Any]) -> Any:
        """What the hook answers. Raises what it raises: leaves of the error tree, AppletFault; and AppletStopped,
        SandboxBusy, SandboxOff, BudgetSpent."""
        plan = self._plans.get(found.function)
        if plan is None or plan.found is not found:
            plan = self._plans[found.function] = Plan(found, self._hook_ms)
        applet, tenant_id, day = self._program.applet, ctx.tenant.id, ctx.today
        self._budgets.check(tenant_id, applet, day)
        broker = Broker(ctx, arguments, plan.quotas)
        try:
            with self._pool.checkout(tenant_id, self._program) as lease:
                if lease.waited_s:
                    self._watcher.waited(ctx, lease.waited_s)
                facts = Facts(ctx.tenant, ctx.actor, ctx.now, day, ctx.company_id, ctx.settings)
                try:
                    result = lease.call(found.function, [facts, *arguments], broker.answer, plan.deadlines)
                finally:
                    self._budgets.spend(tenant_id, applet, day, lease.cpu_s, broker.requests)
        except Violation as violation:
            self._watcher.violated(ctx, violation)
            raise violation.told() from None
        except AppletStopped:
            self._watcher.killed(ctx)
            raise
        if broker.denials:
            self._pool.deny(applet, broker.denials)
        return self._finish(ctx, plan, arguments, broker, result)

    def _finish(self, ctx: Context, plan: Plan, arguments: Sequence[Any], broker: Broker, result: Result) -> Any:
        if result.logs:
            write_logs(ctx, result)
        # A lost database, say: whatever the applet has made of it, the caller has to know.
        if broker.failure is not None:
            raise broker.failure
        if result.status is not Status.RETURNED:
            _raise(result, broker)
        if result.changes:
            apply_changes(plan.found, plan.place, arguments, result.changes)
        return read_answer(plan.found, result.value) if plan.answers else None


def facts_of(ctx: Context) -> Facts:
    """What `ctx` knows without asking."""
    return Facts(ctx.tenant, ctx.actor, ctx.now, ctx.today, ctx.company_id, ctx.settings)


def write_logs(ctx: Context, result: Result) -> None:
    """To the log of the applet; its lines carry the ids of the request like all that are written meanwhile."""
    for line in result.logs:
        # Whoever wrote it decides what it says, but not how it is filled in.
        ctx.log.log(_LEVELS.get(line.level, logging.INFO), "%s", line.text)
    if result.dropped:
        ctx.log.warning("%d more lines were left out", result.dropped)


def _raise(result: Result, broker: Broker) -> NoReturn:
    failure = result.failure or _NO_FAILURE
    if result.status is not Status.REFUSED:
        raise_fault(failure)
    told = broker.refusal
    if told is not None and (told.code, told.message) == (failure.code, failure.message):
        # It let pass what the kernel refused: that very error, with all it has.
        raise told
    if failure.kind == "BosError":
        raise AppletFault(f"{failure.code}: {failure.message}")
    raise_failure(failure)
