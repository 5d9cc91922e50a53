"""Makes every call of a hook: measured, within its budget, and only while its applet is not suspended."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic, perf_counter
from typing import Any

from psycopg.errors import QueryCanceled

from kernel.breaker.errors import HookOverBudget
from kernel.breaker.gate import GATED, Admission, Gate
from kernel.breaker.keeper import ACTOR, Keeper
from kernel.breaker.measures import Measures
from kernel.breaker.meters import Limits, Meter
from kernel.breaker.stops import Stop, Stops
from kernel.breaker.strikes import Strike, Strikes
from kernel.breaker.suspensions import Failure, Standing, error_text
from kernel.breaker.watchdog import HookInterrupted, Span, Watchdog
from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.runtime import Runtimes
from kernel.settings import Settings
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.errors import BosError

FAILURE_WINDOW_S = 60.0
# Fewer failures than every second call may be the fault of what it is called with.
FAILURE_SHARE = 0.5

_get_ident = threading.get_ident
_log = get_logger()


class Breaker:
    """One per process. `call` stands between the kernel and each hook; see `sdk.hookset`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        runtimes: Runtimes,
        clock: Callable[[], datetime],
        announce: Callable[[TenantRecord], None],
    ) -> None:
        self._settings = settings
        self._limits = Limits(settings.hook_failures_max, FAILURE_WINDOW_S, FAILURE_SHARE)
        self._clock = clock
        self.keeper = Keeper(database, runtimes, clock, settings.suspension_pause_s, announce)
        self.gate = Gate(clock, self._begin_trial)
        self.stops = Stops(database, clock)
        self._strikes = Strikes()
        self.measures = Measures(database, clock, self._make_meter)
        self._watchdog = Watchdog(Breaker.call.__code__)
        self._spans, self._tenants = self._watchdog.spans, self.measures.tenants

    def close(self) -> None:
        self.stops.close()
        self._watchdog.close()
        self.measures.close()

    def call(self, ctx: Any, plugin: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """What the hook answers, None where it is left out. Raises what it raises, HookOverBudget, AppletSuspended."""
        runtime, uow = ctx.runtime, ctx.uow
        admission = Admission.PASS
        if runtime.suspensions or self.gate.tripped or self.stops.known:
            admission = self._admit(ctx, plugin)
            if admission is Admission.SKIP:
                return None
        try:
            meter = self._tenants[runtime.tenant.id][plugin]
        except KeyError:
            meter = self.measures.add(runtime, plugin)
        spans, thread_id, watch = self._spans, _get_ident(), uow.watch
        outer = spans.get(thread_id)
        span = spans[thread_id] = uow.watch = Span(meter, thread_id, perf_counter())
        error: BaseException | None = None
        try:
            if self._watchdog.is_idle:
                self._begin_to_look()
            try:
                return function(ctx.bind(plugin.applet), *arguments)
            finally:
                # Nothing is called before this is said: no exception from outside can arrive in between.
                span.is_over = True
                if span.is_aimed:
                    self._watchdog.settle(span)
        except HookInterrupted:
            error = _over_budget(span)
            raise error from None
        except BaseException as raised:
            error = raised
            raise
        finally:
            elapsed = perf_counter() - span.started
            uow.watch = watch
            if outer is None:
                del spans[thread_id]
            else:
                spans[thread_id] = outer
                outer.nested_s += elapsed
                outer.deadline += elapsed
            own_s = elapsed - span.nested_s
            meter.count(own_s, span)
            # What others' locks take says nothing about the hook.
            own_s -= span.lock_s
            if error or span.refusal or own_s > meter.budget_s or admission is Admission.TRIAL:
                self._judge(ctx, plugin, span, own_s, error, admission)

    def _admit(self, ctx: Any, plugin: Any) -> Admission:
        if self.stops.known and self.stops.admit(ctx, plugin) is Admission.SKIP:
            return Admission.SKIP
        return self.gate.admit(ctx, plugin)

    def strike(self, ctx: Any, strike: Strike) -> None:
        """Said of the hook that is being called, by who runs it sandboxed; counted once the call is over."""
        span = self._spans.get(_get_ident())
        if span is not None and span.meter.applet == strike.applet:
            span.strike = strike
        if strike.is_grave:
            self.stop(strike, ctx.uow)

    def excuse(self, ctx: Any, seconds: float) -> None:
        """Said of the hook that is being called: so long it has waited for us, which is not its own time."""
        span = self._spans.get(_get_ident())
        if span is not None and ctx.uow.watch is span:
            span.wait(seconds)

    def stop(self, strike: Strike, uow: UnitOfWork | None = None) -> None:
        """Nobody runs this version of the applet any more: here at once, everywhere as soon as others look.

        uow: after whose end it is written down; None: now.
        """
        reason = f"{strike.applet} {strike.version} {strike.reason}"
        made = self.stops.make(reason, ACTOR, applet=strike.applet, version=strike.version, evidence=strike.evidence)
        self.stops.trip(made)
        if uow is None:
            self._record_stop(made)
        else:
            uow.at_end(partial(self._record_stop, made))

    def _record_stop(self, stop: Stop) -> None:
        try:
            self.stops.record(stop)
        except Exception:  # reason: what led here is what the caller has to hear of; this process knows of it anyway
            _log.exception("sandbox.stop_not_recorded", message=stop.reason, applet=stop.applet)

    def _begin_to_look(self) -> None:
        self._watchdog.wake()
        self.measures.start()

    def _judge(
        self, ctx: Any, plugin: Any, span: Span, own_s: float, error: BaseException | None, admission: Admission
    ) -> None:
        """See whether that was one failure too many.

        A refusal on purpose is none, nor is the database's; but the first may have taken too long.
        """
        meter = span.meter
        is_over_budget = span.refusal is not None or own_s > meter.budget_s
        if isinstance(error, ctx.passed_on) and not isinstance(error, QueryCanceled):
            # Of a statement that was given up the budget still tells whose fault that was.
            is_over_budget = False
        if span.refusal is not None:
            # Whoever has caught it goes on with half of what the hook was to do.
            ctx.uow.doom()
            error = span.refusal
        strike = span.strike
        is_failure = isinstance(error, Exception) and not isinstance(error, (BosError, *ctx.passed_on))
        is_failure = is_failure or strike is not None
        if plugin.hook in GATED and (is_failure or is_over_budget):
            text = error_text(error) if error is not None and (is_failure or span.refusal) else _slow(own_s, meter)
            text = text if strike is None else strike.text
            about = ctx.causation_id if plugin.hook == "on_event" else None
            is_too_much = meter.fail(monotonic(), text, is_over_budget=is_over_budget, about=about)
            if strike is not None and not strike.is_grave:
                is_too_much = self._strikes.add(ctx.runtime.tenant.id, strike, monotonic()) or is_too_much
            if admission is Admission.TRIAL:
                self.gate.fail_call(ctx, plugin)
            if is_too_much or admission is Admission.TRIAL:
                self._suspend(ctx, meter, text)
        elif admission is Admission.TRIAL:
            self._pass(ctx, plugin, error)

    def _suspend(self, ctx: Any, meter: Meter, text: str) -> None:
        failures, calls = meter.recent()
        meter.forgive()
        failure = Failure(meter.hook, meter.function, meter.version, text, failures, calls)
        standing = self.gate.standing(ctx.runtime, meter.applet) or Standing(meter.applet, {})
        self.gate.trip(ctx.runtime, standing.suspend(failure, self._clock(), self._settings.suspension_pause_s))
        ctx.uow.at_end(partial(self.keeper.suspend, ctx.runtime.tenant, meter.applet, failure))

    def _pass(self, ctx: Any, plugin: Any, error: BaseException | None) -> None:
        if isinstance(error, ctx.passed_on):
            self.gate.give_back(ctx, plugin)
            return
        standing = self.gate.pass_call(ctx, plugin)
        if standing is not None:
            self.gate.trip(ctx.runtime, standing)
            ctx.uow.at_end(partial(self.keeper.pass_trial, ctx.runtime.tenant, plugin.applet, plugin.name))

    def _begin_trial(self, ctx: Any, standing: Standing) -> None:
        ctx.uow.at_end(partial(self.keeper.begin_trial, ctx.runtime.tenant, standing.applet))

    def _make_meter(self, runtime: Any, plugin: Any) -> Meter:
        applet = runtime.catalogue.applet(plugin.applet)
        hook_ms = (applet.manifest.limits.hook_ms if applet else None) or self._settings.hook_ms
        is_limited = plugin.hook in GATED
        return Meter(
            plugin.applet,
            str(applet.manifest.version) if applet else "",
            plugin.hook,
            plugin.name,
            budget_s=hook_ms / 1000 if is_limited else math.inf,
            statements_max=self._settings.hook_statements_max if is_limited else math.inf,
            limits=self._limits,
            code_package=plugin.package,
        )


def _over_budget(span: Span) -> HookOverBudget:
    """As the span would have refused it."""
    try:
        span.refuse()
    except HookOverBudget as error:
        return error


def _slow(seconds: float, meter: Meter) -> str:
    return f"HookOverBudget: it took {seconds * 1000:.0f} ms, {meter.budget_s * 1000:.0f} ms are its budget"
