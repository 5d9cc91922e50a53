"""Carrying rollouts on: watch, move, hold, next stage; or take everything back. Any process may, at any time, again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from kernel.events.chores import Chore
from kernel.main import Kernel
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from registry.releases import Releases
from registry.rollouts.model import DONE, HALTED, MOVED, MOVING, PAUSED, ROLLING_BACK, RUNNING, WAITING, Moved, Rollout
from registry.rollouts.moving import NOT_NOW, cut, move_tenant, return_tenant
from registry.rollouts.store import (
    begin_hold,
    begin_stage,
    change_state,
    has_waiting,
    list_rollouts,
    moved_tenants,
    note_trouble,
    read_rollout,
    read_tenants,
    take_rollout,
)
from registry.rollouts.watch import find_bad_figures, is_due, look_at_tenant

CARRY_ON_EVERY_S = 10.0
# So that the tenants' other upkeep does not wait for long; the rest comes with the next time.
AT_ONCE_S_MAX = 20.0

_log = get_logger()


def rollout_chore(releases: Releases) -> Chore:
    """So that nobody has to watch."""

    def run(kernel: Kernel, _: TenantRecord) -> None:
        for rollout in list_rollouts(kernel.database, is_open=True):
            carry_on(kernel, releases, rollout.id)

    return Chore("rollouts", CARRY_ON_EVERY_S, run, is_shared=True)


def carry_on(kernel: Kernel, releases: Releases, id: str, *, monotonic: Callable[[], float] = time.monotonic) -> bool:
    """What is to be done now, for some seconds at most. False where another process is at it."""
    with take_rollout(kernel.database, id) as is_ours:
        if not is_ours:
            return False
        tenants = {tenant.id: tenant for tenant in kernel.directory.list()}
        Turn(kernel, releases, tenants, monotonic() + AT_ONCE_S_MAX, monotonic).take(id)
        return True


class Turn:
    """One turn at a rollout. tenants: by id. until: of the monotonic clock, in seconds."""

    def __init__(
        self,
        kernel: Kernel,
        releases: Releases,
        tenants: dict[str, TenantRecord],
        until: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._kernel, self._releases, self._tenants = kernel, releases, tenants
        self._until, self._monotonic = until, monotonic

    def take(self, id: str) -> None:
        rollout = read_rollout(self._kernel.database, id)
        if rollout is not None and rollout.state in (RUNNING, PAUSED):
            reason = self._watch(rollout) or (self._move(rollout) if rollout.state == RUNNING else None)
            if reason:
                self._halt(rollout, reason)
            elif rollout.state == RUNNING:
                self._end_stage(rollout)
            rollout = read_rollout(self._kernel.database, id)
        if rollout is not None and rollout.state == ROLLING_BACK:
            self._return_all(rollout)

    def _watch(self, rollout: Rollout) -> str | None:
        moved = moved_tenants(self._read(rollout))
        reason = find_bad_figures(self._kernel, rollout, {each.tenant_id: self._name(each) for each in moved})
        due = [each for each in moved if is_due(self._kernel, rollout, each)]
        for each in sorted(due, key=lambda each: (each.looked_at is not None, each.looked_at)):
            if reason or self._is_over:
                break
            reason = self._try(rollout, each, partial(look_at_tenant, self._kernel, rollout))
        return reason

    def _move(self, rollout: Rollout) -> str | None:
        for each in self._read(rollout):
            if each.stage > rollout.stage or each.state not in (WAITING, MOVING):
                continue
            # Somebody may have paused or halted it meanwhile.
            now = read_rollout(self._kernel.database, rollout.id)
            if self._is_over or now is None or now.state != RUNNING:
                return None
            if reason := self._try(rollout, each, partial(move_tenant, self._kernel, self._releases, rollout)):
                return f"{self._name(each)}: {reason}"
        return None

    def _end_stage(self, rollout: Rollout) -> None:
        """When all are moved, the time is over and everybody was looked at since."""
        tenants, now = self._read(rollout), self._kernel.clock()
        if has_waiting(tenants, rollout.stage):
            return
        if rollout.ends_hold_at is None:
            begin_hold(self._kernel.database, rollout.id, now)
            return
        if now < rollout.ends_hold_at or not all(_is_well(each, rollout) for each in moved_tenants(tenants)):
            return
        if rollout.stage + 1 < len(rollout.stages):
            begin_stage(self._kernel.database, rollout)
        elif change_state(self._kernel.database, rollout.id, DONE, [RUNNING], ended_at=now):
            _log.info("rollout.done", rollout=rollout.id, applet=rollout.applet, version=rollout.version)

    def _halt(self, rollout: Rollout, reason: str) -> None:
        if change_state(self._kernel.database, rollout.id, ROLLING_BACK, [RUNNING, PAUSED], reason=reason):
            _log.error("rollout.halted", message=reason, rollout=rollout.id, applet=rollout.applet)

    def _return_all(self, rollout: Rollout) -> None:
        """Those who cannot be brought back now hold up nobody but the end."""
        for each in self._there(rollout):
            if self._is_over:
                return
            self._try(rollout, each, partial(return_tenant, self._kernel, self._releases, rollout))
        if not self._there(rollout):
            ended_at = self._kernel.clock()
            change_state(self._kernel.database, rollout.id, HALTED, [ROLLING_BACK], ended_at=ended_at)

    def _there(self, rollout: Rollout) -> list[Moved]:
        """Who runs the release, or may."""
        return [each for each in self._read(rollout) if each.state in (MOVED, MOVING)]

    def _try(self, rollout: Rollout, moved: Moved, verb: Callable[[TenantRecord, Moved], str | None]) -> str | None:
        """What the verb says of the tenant; where nothing can be done now that is noted, for the next time."""
        try:
            return verb(self._tenants[moved.tenant_id], moved)
        except NOT_NOW as error:
            note_trouble(self._kernel.database, rollout.id, moved.tenant_id, cut(str(error)))
            return None

    def _read(self, rollout: Rollout) -> Sequence[Moved]:
        """Those that are still there."""
        return [each for each in read_tenants(self._kernel.database, rollout.id) if each.tenant_id in self._tenants]

    def _name(self, moved: Moved) -> str:
        return self._tenants[moved.tenant_id].name

    @property
    def _is_over(self) -> bool:
        return self._monotonic() >= self._until


def _is_well(moved: Moved, rollout: Rollout) -> bool:
    held_since = rollout.held_since
    return (
        moved.reason is None and moved.looked_at is not None and (held_since is None or moved.looked_at >= held_since)
    )
