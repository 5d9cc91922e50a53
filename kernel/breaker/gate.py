"""Who may be called: everybody, until an applet is suspended or on trial."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from kernel.breaker.errors import AppletSuspended
from kernel.breaker.suspensions import SUSPENDED, Standing

# Those that decide about a change or answer to an event. An applet's own life goes on: else it could not be disabled.
GATED = frozenset(
    {
        "before_save", "validate_document", "after_save", "before_delete", "validate_action", "perform_action",
        "after_action", "on_event", "resolve_price", "resolve_tax_rate", "resolve_exchange_rate",
    }
)  # fmt: skip
# What an action does cannot be left out: the document would claim what never happened. Nor is an event handled that
# nobody has handled.
NEVER_SKIPPED = frozenset({"perform_action", "on_event"})
# Calls of a suspended function that are let through on trial, in each process, and have to go well.
TRIAL_CALLS = 3
# Remembered at once, most of them ended long ago.
TRIALS_MAX = 10_000


class Admission(enum.Enum):
    PASS = enum.auto()
    TRIAL = enum.auto()
    SKIP = enum.auto()


@dataclass(slots=True)
class Trial:
    """Of one suspension: calls let through, and those that went well."""

    admitted: int = 0
    passed: int = 0


class Tripped(NamedTuple):
    """What this process knows before it stands in the database. generation: the last one that cannot know of it."""

    generation: int
    standing: Standing


class Gate:
    """One per process. begin_trial: called with (ctx, standing) when the pause of a suspended applet is over."""

    def __init__(self, clock: Callable[[], datetime], begin_trial: Callable[[Any, Standing], None]) -> None:
        self._clock, self._begin_trial = clock, begin_trial
        self.tripped: dict[tuple[str, str], Tripped] = {}
        self._trials: dict[tuple[str, str, datetime, int], Trial] = {}
        self._lock = threading.Lock()

    def admit(self, ctx: Any, plugin: Any) -> Admission:
        """Raises AppletSuspended. Asked only where anything is suspended at all."""
        if plugin.hook not in GATED:
            return Admission.PASS
        standing = self.standing(ctx.runtime, plugin.applet)
        if standing is None or not standing.hooks:
            return Admission.PASS
        if standing.state == SUSPENDED:
            if self._clock() < standing.until:
                return self._refuse(ctx, plugin, standing)
            standing = standing.begin_trial()
            self.trip(ctx.runtime, standing)
            self._begin_trial(ctx, standing)
        if not standing.is_tried(plugin.name):
            return Admission.PASS
        return Admission.TRIAL if self._take_turn(ctx, plugin, standing) else self._refuse(ctx, plugin, standing)

    def standing(self, runtime: Any, applet: str) -> Standing | None:
        """As the tenant's generation has it, or as this process knows better."""
        key = (runtime.tenant.id, applet)
        tripped = self.tripped.get(key)
        if tripped is not None:
            if runtime.generation <= tripped.generation:
                return tripped.standing
            self.tripped.pop(key, None)
        found: Standing | None = runtime.suspensions.get(applet)
        return found

    def trip(self, runtime: Any, standing: Standing) -> None:
        """In force in this process at once; everywhere with the generation that is raised for it."""
        self.tripped[runtime.tenant.id, standing.applet] = Tripped(runtime.generation, standing)

    def forget(self, tenant_id: str, applet: str) -> None:
        """What is known beyond the database: it is resumed by hand, say."""
        with self._lock:
            self.tripped.pop((tenant_id, applet), None)
            for key in [key for key in self._trials if key[0] == tenant_id and key[1].startswith(f"{applet}:")]:
                del self._trials[key]

    def pass_call(self, ctx: Any, plugin: Any) -> Standing | None:
        """A call on trial went well; what becomes of the applet when that were enough."""
        standing = self.standing(ctx.runtime, plugin.applet)
        if standing is None or not standing.is_tried(plugin.name):
            return None
        with self._lock:
            trial = self._trial(ctx, plugin, standing)
            trial.passed += 1
            is_enough = trial.passed == TRIAL_CALLS
            if is_enough:
                self._end_trial(ctx, plugin, standing)
        return standing.pass_trial(plugin.name) if is_enough else None

    def fail_call(self, ctx: Any, plugin: Any) -> None:
        """A call on trial failed."""
        standing = self.standing(ctx.runtime, plugin.applet)
        if standing is not None and standing.is_tried(plugin.name):
            with self._lock:
                self._end_trial(ctx, plugin, standing)

    def give_back(self, ctx: Any, plugin: Any) -> None:
        """A call on trial has shown nothing: the database was lost, say."""
        standing = self.standing(ctx.runtime, plugin.applet)
        if standing is not None and standing.is_tried(plugin.name):
            with self._lock:
                self._trial(ctx, plugin, standing).admitted -= 1

    def _take_turn(self, ctx: Any, plugin: Any, standing: Standing) -> bool:
        with self._lock:
            trial = self._trial(ctx, plugin, standing)
            if trial.admitted >= TRIAL_CALLS:
                return False
            trial.admitted += 1
            return True

    def _trial(self, ctx: Any, plugin: Any, standing: Standing) -> Trial:
        if len(self._trials) > TRIALS_MAX:
            self._trials.clear()
        return self._trials.setdefault(_trial_key(ctx, plugin, standing), Trial())

    def _end_trial(self, ctx: Any, plugin: Any, standing: Standing) -> None:
        """Should what it has come to never be written down, it begins again; else nobody would be let through."""
        self._trials.pop(_trial_key(ctx, plugin, standing), None)

    def _refuse(self, ctx: Any, plugin: Any, standing: Standing) -> Admission:
        """Left out, where that is declared and not tightened; else whatever it might have refused is refused."""
        applet = ctx.runtime.catalogue.applet(plugin.applet)
        declared = applet.manifest.limits.when_suspended
        if standing.may_skip(declared) and plugin.hook not in NEVER_SKIPPED:
            return Admission.SKIP
        told = standing.first
        wait_s = (told.until - self._clock()).total_seconds()
        raise AppletSuspended(
            applet=plugin.applet,
            hook=plugin.hook,
            since=told.since.isoformat(timespec="seconds"),
            notice=standing.notice,
            retry_after_s=max(1, round(wait_s)),
        )


def _trial_key(ctx: Any, plugin: Any, standing: Standing) -> tuple[str, str, datetime, int]:
    tried = standing.hooks[plugin.name]
    return ctx.runtime.tenant.id, plugin.name, tried.since, tried.times
