"""Writes down how applets stand, in transactions of its own, with the event that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from kernel.breaker.store import lock_standing, write_standing
from kernel.breaker.suspensions import ON_TRIAL, RUNNING, SUSPENDED, Failure, Standing
from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.events.store import insert_event
from kernel.runtime import Runtimes
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.event import Event
from sdk.identifiers import new_id

# Who suspends and resumes where nobody does by hand.
ACTOR = "breaker"

_log = get_logger()
# From how it stands to how it is to stand; None where there is nothing to do.
Step = Callable[[Standing], Standing | None]


class Keeper:
    """announce: told the tenant whose events wait to be delivered."""

    def __init__(
        self,
        database: Database,
        runtimes: Runtimes,
        clock: Callable[[], datetime],
        pause_s: float,
        announce: Callable[[TenantRecord], None],
    ) -> None:
        self._database, self._runtimes, self._clock = database, runtimes, clock
        self._pause_s, self._announce = pause_s, announce

    def suspend(self, tenant: TenantRecord, applet: str, failure: Failure) -> None:
        """Does nothing where another process was first, or the applet has been upgraded since."""

        def step(standing: Standing) -> Standing | None:
            known = standing.hooks.get(failure.function)
            if known is not None and known.state == SUSPENDED:
                return None
            return standing.suspend(failure, self._clock(), self._pause_s)

        self._move(tenant, applet, step, failure.version)

    def begin_trial(self, tenant: TenantRecord, applet: str) -> None:
        """When its pause is over."""

        def step(standing: Standing) -> Standing | None:
            is_due = standing.state == SUSPENDED and standing.until <= self._clock()
            return standing.begin_trial() if is_due else None

        self._move(tenant, applet, step)

    def pass_trial(self, tenant: TenantRecord, applet: str, function: str) -> None:
        """Does nothing where it has failed in another process meanwhile."""
        self._move(
            tenant, applet, lambda standing: standing.pass_trial(function) if standing.is_tried(function) else None
        )

    def _move(self, tenant: TenantRecord, applet: str, step: Step, version: str | None = None) -> None:
        """Once the transaction it was found out in has ended: it may hold what this one has to wait for.

        version: the only one that is meant; None is any.
        """
        try:
            with self._database.transaction(tenant, aside=True) as uow:
                standing = lock_standing(uow, applet, version)
                moved = step(standing) if standing is not None else None
                if standing is None or moved is None:
                    return
                record_move(uow, self._runtimes, standing, moved, self._clock(), ACTOR)
                uow.commit()
        except Exception:  # reason: the failure that led here is what the caller has to hear of; it comes again
            _log.exception("applet.not_moved", message=f"How {applet} stands was not recorded.", applet=applet)
            return
        if moved.state == SUSPENDED:
            _log.warning("applet.suspended", message=moved.notice, tenant=tenant.name, applet=applet)
        self._announce(tenant)


def record_move(
    uow: UnitOfWork, runtimes: Runtimes, before: Standing, after: Standing, now: datetime, actor: str
) -> None:
    """Write how an applet stands now, raise the generation, and tell of it where that is news to its tenant."""
    write_standing(uow, after)
    type = event_type(before, after)
    if type is not None:
        event = _event(type, before, after, now, actor)
        insert_event(uow, event, None, runtimes.get(uow).catalogue.hooks.subscribers(type))


def event_type(before: Standing, after: Standing) -> str | None:
    """A trial is told of by what it ends with."""
    if after.state == SUSPENDED and after.hooks != before.hooks:
        return "kernel.applet.suspended"
    return "kernel.applet.resumed" if after.state == RUNNING and before.state != RUNNING else None


def _event(type: str, before: Standing, after: Standing, now: datetime, actor: str) -> Event:
    told = after if after.hooks else before
    payload: dict[str, Any] = {"applet": after.applet, "from": _word(before), "to": _word(after)}
    payload |= {"notice": told.notice, **told.first.as_json()}
    return Event(
        id=new_id(),
        type=type,
        aggregate_type="kernel.applet",
        aggregate_id=str(uuid5(NAMESPACE_DNS, f"{after.applet}.applet.bos")),
        version=0,
        occurred_at=now,
        actor=actor,
        correlation_id=new_id(),
        payload=payload,
    )


def _word(standing: Standing) -> str:
    """An applet on trial is still not trusted."""
    return SUSPENDED if standing.state in (SUSPENDED, ON_TRIAL) else "enabled"
