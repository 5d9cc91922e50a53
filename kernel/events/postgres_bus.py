"""The bus that needs nothing but the database: the deliveries table is the queue, claimed with SKIP LOCKED."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kernel.db.unit_of_work import UnitOfWork
from kernel.events import store
from kernel.events.announcements import Announcements
from kernel.events.bus import Delivery, Handler, Outcome
from kernel.events.retry import ATTEMPTS_MAX, error_text, retry_delay
from kernel.parts import Parts
from kernel.runtime import TenantRuntime
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.event import Event

# Looking for what is due costs more than taking it, so it is done for many at once.
DELIVERIES_FOUND_MAX = 500

_log = get_logger()


class PostgresBus:
    """See `Bus`. Any number of processes may deliver for one tenant at once."""

    def __init__(self, kernel: Parts, *, chance: random.Random | None = None) -> None:
        self._kernel = kernel
        self._announcements = Announcements()
        self._chance = chance or random.Random()
        self._parked: dict[str, int] = {}
        self._found: dict[str, deque[int]] = {}

    def announce(self, tenant: TenantRecord) -> None:
        self._announcements.add(tenant.name)

    def announce_names(self, names: Sequence[str]) -> None:
        """The same for what another process has said."""
        self._announcements.add(*names)

    def wait(self, timeout_s: float) -> frozenset[str]:
        return self._announcements.take(timeout_s)

    def close(self) -> None:
        self._announcements.close()

    def next_due(self, tenant: TenantRecord) -> datetime | None:
        with self._kernel.database.transaction(tenant) as uow:
            return store.next_due(uow)

    def deliver(self, tenant: TenantRecord, handle: Handler) -> Outcome | None:
        """One transaction: claim, receipt, effect, acknowledgement. A failure is counted in a second one."""
        delivery: Delivery | None = None
        try:
            with self._kernel.database.transaction(tenant) as uow:
                outcome: Outcome | None = None
                if (taken := self._take(uow)) is not None:
                    delivery, is_new = taken
                    outcome = Outcome.DONE if is_new else Outcome.REPEATED
                    if is_new:
                        handle(uow, delivery)
                # With nothing taken too: what was parked has to stay parked.
                uow.commit()
                return outcome
        except Exception as error:
            if delivery is None:
                raise
            return self._count_failure(tenant, delivery, error)

    def _take(self, uow: UnitOfWork) -> tuple[Delivery, bool] | None:
        runtime = self._kernel.runtimes.get(uow)
        subscribers = subscriber_names(runtime)
        now = self._kernel.clock()
        self._park(uow, runtime, subscribers, now)
        found = self._found.setdefault(runtime.tenant.id, deque())
        # What was found before may be gone or held by now; then, once, look anew.
        row = _take_first(uow, found, subscribers, now)
        if row is None:
            found.extend(store.find_due(uow, subscribers, now, DELIVERIES_FOUND_MAX))
            row = _take_first(uow, found, subscribers, now)
        return _delivery(row) if row else None

    def _park(self, uow: UnitOfWork, runtime: TenantRuntime, subscribers: Sequence[str], now: datetime) -> None:
        """Once per generation: deliveries for applets not enabled wait aside, those for enabled ones come back."""
        if self._parked.get(runtime.tenant.id) == runtime.generation:
            return
        store.park(uow, subscribers, now)
        uow.after_commit(lambda: self._parked.update({runtime.tenant.id: runtime.generation}))

    def _count_failure(self, tenant: TenantRecord, delivery: Delivery, error: Exception) -> Outcome | None:
        attempts = delivery.attempts + 1
        due_at = self._kernel.clock() + retry_delay(attempts, self._chance)
        text = error_text(error)
        with self._kernel.database.transaction(tenant) as uow:
            state = store.count_failure(
                uow, delivery.id, delivery.attempts, error=text, due_at=due_at, attempts_max=ATTEMPTS_MAX
            )
            uow.commit()
        if state is None:
            return Outcome.RETRIED
        outcome = Outcome.DEAD if state == "dead" else Outcome.RETRIED
        _log.warning(
            f"delivery.{outcome}",
            message=text,
            subscriber=delivery.subscriber,
            event_type=delivery.event.type,
            event_id=delivery.event.id,
            attempts=attempts,
            exc_info=error,
        )
        return outcome


def subscriber_names(runtime: TenantRuntime) -> list[str]:
    """Names of all subscriptions of the tenant's enabled applets."""
    found: list[str] | None = runtime.compiled.get("subscribers")
    if found is None:
        hooks = runtime.catalogue.hooks.describe()
        found = [hook["function"] for hook in hooks if hook["hook"] == "on_event"]
        runtime.remember("subscribers", found)
    return found


def _take_first(uow: UnitOfWork, found: deque[int], subscribers: Sequence[str], now: datetime) -> Any | None:
    """The first that can be taken; several threads may share what was found."""
    while found:
        try:
            id = found.popleft()
        except IndexError:
            return None
        if row := store.take_delivery(uow, id, subscribers, now):
            return row
    return None


def _delivery(row: Any) -> tuple[Delivery, bool]:
    id, subscriber, attempts, created_at, is_new, *columns = row
    return Delivery(id, subscriber, attempts, created_at, Event(*columns)), is_new
