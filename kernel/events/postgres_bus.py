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
PROCESS_ENDED = "the process that delivered it ended, each time"

_log = get_logger()


class PostgresBus:
    """See `Bus`. Any number of processes may deliver for one tenant at once."""

    def __init__(self, kernel: Parts, *, chance: random.Random | None = None) -> None:
        self._kernel = kernel
        self._announcements = Announcements()
        self._chance = chance or random.Random()
        self._parked: dict[str, int] = {}
        self._found: dict[str, deque[tuple[int, bool]]] = {}
        self._began_at = kernel.clock()

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
        """One transaction: claim, receipt, effect, acknowledgement. A failure is counted in a second one.

        What may have ended a process before (it has failed, or was there when this one began) is counted before, so
        that it does not end one process after the other for ever. All others cost nothing more.
        """
        delivery: Delivery | None = None
        is_counted = False
        try:
            with self._kernel.database.transaction(tenant) as uow:
                outcome: Outcome | None = None
                taken = self._take(uow)
                if isinstance(taken, Outcome):
                    outcome = taken
                elif taken is not None:
                    delivery, is_new, is_counted = taken
                    outcome = Outcome.DONE if is_new else Outcome.REPEATED
                    if is_new:
                        handle(uow, delivery)
                uow.commit()
                return outcome
        except Exception as error:
            if delivery is None:
                raise
            return self._count_failure(tenant, delivery, error, is_counted)

    def _take(self, uow: UnitOfWork) -> tuple[Delivery, bool, bool] | Outcome | None:
        """The delivery, whether it is new to its consumer, whether this attempt was counted; or that one has died."""
        runtime = self._kernel.runtimes.get(uow)
        subscribers = subscriber_names(runtime)
        now = self._kernel.clock()
        self._park(runtime, subscribers, now)
        found = self._found.setdefault(runtime.tenant.id, deque())
        # What was found before may be gone or held by now; then, once, look anew.
        taken = self._take_first(uow, found, subscribers, now)
        if taken is None:
            found.extend(store.find_due(uow, subscribers, now, DELIVERIES_FOUND_MAX, self._began_at))
            taken = self._take_first(uow, found, subscribers, now)
        return taken

    def _take_first(
        self, uow: UnitOfWork, found: deque[tuple[int, bool]], subscribers: Sequence[str], now: datetime
    ) -> tuple[Delivery, bool, bool] | Outcome | None:
        """The first that can be taken; several threads may share what was found."""
        assert uow.tenant is not None
        while found:
            try:
                id, is_suspect = found.popleft()
            except IndexError:
                return None
            if is_suspect:
                begun = self._begin_attempt(uow.tenant, id, subscribers, now)
                if begun is Outcome.DEAD:
                    return begun
                if begun is None:
                    continue
            if row := store.take_delivery(uow, id, subscribers, now):
                return *_delivery(row), is_suspect
        return None

    def _begin_attempt(
        self, tenant: TenantRecord, id: int, subscribers: Sequence[str], now: datetime
    ) -> Outcome | None:
        """In a transaction of its own, which stays when the process goes. Something else than None: it was counted."""
        with self._kernel.database.transaction(tenant, aside=True) as uow:
            begun = store.begin_attempt(uow, id, subscribers, now, ATTEMPTS_MAX, PROCESS_ENDED)
            uow.commit()
        if begun is None:
            return None
        if begun[0] != "dead":
            return Outcome.RETRIED
        _log.warning("delivery.dead", message=PROCESS_ENDED, delivery=id, attempts=begun[1])
        return Outcome.DEAD

    def _park(self, runtime: TenantRuntime, subscribers: Sequence[str], now: datetime) -> None:
        """Once per generation: deliveries for applets not enabled wait aside, those for enabled ones come back.

        In a transaction of its own: attempts at what comes back are counted in another one, which has to see it.
        """
        if self._parked.get(runtime.tenant.id) == runtime.generation:
            return
        with self._kernel.database.transaction(runtime.tenant, aside=True) as uow:
            store.park(uow, subscribers, now)
            uow.commit()
        self._parked[runtime.tenant.id] = runtime.generation

    def _count_failure(
        self, tenant: TenantRecord, delivery: Delivery, error: Exception, is_counted: bool
    ) -> Outcome | None:
        attempts = delivery.attempts if is_counted else delivery.attempts + 1
        due_at = self._kernel.clock() + retry_delay(attempts, self._chance)
        text = error_text(error)
        with self._kernel.database.transaction(tenant) as uow:
            state = store.count_failure(
                uow, delivery.id, delivery.attempts, attempts, error=text, due_at=due_at, attempts_max=ATTEMPTS_MAX
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


def _delivery(row: Any) -> tuple[Delivery, bool]:
    id, subscriber, attempts, created_at, is_new, *columns = row
    return Delivery(id, subscriber, attempts, created_at, Event(*columns)), is_new
