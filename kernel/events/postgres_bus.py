"""The bus that needs nothing but the database: the deliveries table is the queue, claimed with SKIP LOCKED."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kernel.breaker.suspensions import SUSPENDED
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.ahead import Ahead
from kernel.events import store
from kernel.events.announcements import Announcements
from kernel.events.bus import Delivery, Handler, Outcome
from kernel.events.retry import ATTEMPTS_MAX, error_text, retry_delay
from kernel.events.runs import Found, Runs
from kernel.parts import Parts
from kernel.runtime import TenantRuntime
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.event import Event

# Looking for what is due costs more than taking it, so it is done for many at once.
DELIVERIES_FOUND_MAX = 500
# For how long those that share a transaction go on with the next one.
RUN_S_MAX = 0.1
# A process in safe mode, or one that an applet is missing in, may have parked what this one delivers.
PARK_AGAIN_S = 60.0
PROCESS_ENDED = "the process that delivered it ended, each time"

_log = get_logger()


class PostgresBus:
    """See `Bus`. Any number of processes may deliver for one tenant at once."""

    def __init__(
        self,
        kernel: Parts,
        *,
        chance: random.Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernel, self._monotonic = kernel, monotonic
        self._announcements = Announcements()
        self._chance = chance or random.Random()
        # At which generation and revision of the stops, and when.
        self._parked: dict[str, tuple[tuple[int, int], float]] = {}
        self._runs: dict[str, Runs] = defaultdict(Runs)
        # As the look that found nothing any more has seen it.
        self._next_due: dict[str, datetime | None] = {}
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
        if tenant.id in self._next_due:
            return self._next_due.pop(tenant.id)
        with self._kernel.database.transaction(tenant) as uow:
            return store.next_due(uow)

    def deliver_some(self, tenant: TenantRecord, handle: Handler, most: int) -> Sequence[Outcome]:
        """As many of one subscriber in one transaction as change nothing, and one that does.

        So nothing is locked for longer, nothing read is older and nothing fails otherwise than if each had its own.
        """
        runs = self._runs[tenant.id]
        self._next_due.pop(tenant.id, None)
        if not runs:
            self._look(tenant, runs)
        run = runs.take_run(most)
        if len(run) > 1:
            outcomes = self._deliver_run(tenant, handle, run)
            if outcomes:
                return outcomes
        else:
            runs.put_back(run)
        if not runs:
            return ()
        outcome = self.deliver(tenant, handle)
        return () if outcome is None else (outcome,)

    def _look(self, tenant: TenantRecord, runs: Runs) -> None:
        """In a transaction of its own, which ends before anything is handled."""
        with self._kernel.database.transaction(tenant) as uow:
            runtime = self._kernel.runtimes.get(uow)
            subscribers, now = self._subscribers(runtime), self._kernel.clock()
            self._park(runtime, subscribers, now)
            found = store.find_due(uow, subscribers, now, DELIVERIES_FOUND_MAX, self._began_at)
            if not found:
                self._next_due[tenant.id] = store.next_due(uow)
        runs.add(found)

    def _deliver_run(self, tenant: TenantRecord, handle: Handler, run: Sequence[Found]) -> list[Outcome]:
        """Claim, effects, then receipts and acknowledgements of those handled; none when none could be claimed.

        Where it is not known which one has failed, none is counted: the next is taken alone.
        """
        runs, subscriber = self._runs[tenant.id], run[0].subscriber
        at_hand: Delivery | None = None
        handled: list[tuple[Delivery, bool]] = []
        try:
            with self._kernel.database.transaction(tenant) as uow:
                claimed = self._claim(uow, run)
                mark, until = uow.effects, self._monotonic() + RUN_S_MAX
                for at_hand, is_new in claimed:
                    if is_new:
                        _handle(uow, handle, at_hand)
                    handled.append((at_hand, is_new))
                    if uow.effects != mark or self._monotonic() >= until:
                        break
                at_hand = None
                has_effect = uow.effects != mark
                if handled:
                    self._acknowledge(uow, handled)
                    uow.commit()
        except Exception as error:  # reason: whatever went wrong is counted, or happens again to the one taken alone
            runs.shorten(subscriber)
            runs.put_back(one for one in run if at_hand is None or one.id != at_hand.id)
            outcome = self._count_failure(tenant, at_hand, error, False) if at_hand is not None else None
            return [outcome] if outcome is not None else []
        left = {delivery.id for delivery, _ in claimed[len(handled) :]}
        runs.put_back(one for one in run if one.id in left)
        if has_effect or left:
            runs.shorten(subscriber, 1 if has_effect else len(handled))
        else:
            runs.lengthen(subscriber)
        return [Outcome.DONE if is_new else Outcome.REPEATED for _, is_new in handled]

    def _claim(self, uow: UnitOfWork, run: Sequence[Found]) -> list[tuple[Delivery, bool]]:
        subscribers = self._subscribers(self._kernel.runtimes.get(uow))
        rows = store.claim_deliveries(uow, [one.id for one in run], subscribers, self._kernel.clock())
        claimed = [_delivery(row) for row in rows]
        together = Ahead([delivery.event.aggregate_id for delivery, is_new in claimed if is_new])
        return [(replace(delivery, together=together), is_new) for delivery, is_new in claimed]

    def _acknowledge(self, uow: UnitOfWork, handled: Sequence[tuple[Delivery, bool]]) -> None:
        new = [delivery.id for delivery, is_new in handled if is_new]
        store.acknowledge(uow, [delivery.id for delivery, _ in handled], new, self._kernel.clock())

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
                        self._handle_alone(uow, handle, delivery)
                uow.commit()
                return outcome
        except Exception as error:
            if delivery is None:
                raise
            self._runs[tenant.id].shorten(delivery.subscriber)
            return self._count_failure(tenant, delivery, error, is_counted)

    def _handle_alone(self, uow: UnitOfWork, handle: Handler, delivery: Delivery) -> None:
        """Remember whether it changed anything: what does not may share its transaction with others."""
        assert uow.tenant is not None
        mark = uow.effects
        _handle(uow, handle, delivery)
        runs = self._runs[uow.tenant.id]
        if uow.effects == mark:
            runs.lengthen(delivery.subscriber)
        else:
            runs.shorten(delivery.subscriber)

    def _take(self, uow: UnitOfWork) -> tuple[Delivery, bool, bool] | Outcome | None:
        """The delivery, whether it is new to its consumer, whether this attempt was counted; or that one has died."""
        runtime = self._kernel.runtimes.get(uow)
        subscribers = self._subscribers(runtime)
        now = self._kernel.clock()
        self._park(runtime, subscribers, now)
        runs = self._runs[runtime.tenant.id]
        # What was found before may be gone or held by now; then, once, look anew.
        taken = self._take_first(uow, runs, subscribers, now)
        if taken is None:
            runs.add(store.find_due(uow, subscribers, now, DELIVERIES_FOUND_MAX, self._began_at))
            taken = self._take_first(uow, runs, subscribers, now)
        return taken

    def _take_first(
        self, uow: UnitOfWork, runs: Runs, subscribers: Sequence[str], now: datetime
    ) -> tuple[Delivery, bool, bool] | Outcome | None:
        """The first that can be taken."""
        assert uow.tenant is not None
        while (found := runs.take()) is not None:
            if found.is_suspect:
                begun = self._begin_attempt(uow.tenant, found.id, subscribers, now)
                if begun is Outcome.DEAD:
                    return begun
                if begun is None:
                    continue
            if row := store.take_delivery(uow, found.id, subscribers, now):
                return *_delivery(row), found.is_suspect
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
        """Once per generation, and now and then: deliveries for applets not enabled wait aside, others come back.

        With each look while one is suspended or stopped: it subscribes, so that it has what came meanwhile afterwards.

        In a transaction of its own: attempts at what comes back are counted in another one, which has to see it.
        """
        state = (runtime.generation, self._kernel.breaker.stops.revision)
        parked, at = self._parked.get(runtime.tenant.id, (None, 0.0))
        is_fresh = parked == state and self._monotonic() - at < PARK_AGAIN_S
        if is_fresh and not runtime.suspensions and not self._kernel.breaker.stops.known:
            return
        with self._kernel.database.transaction(runtime.tenant, aside=True) as uow:
            store.park(uow, subscribers, now)
            uow.commit()
        self._parked[runtime.tenant.id] = state, self._monotonic()

    def _subscribers(self, runtime: TenantRuntime) -> Sequence[str]:
        """Of these, those that are not switched off, see kernel/breaker/stops.py."""
        names, stops = subscriber_names(runtime), self._kernel.breaker.stops
        if not stops.known:
            return names
        applets = {name.partition(":")[0] for name in names}
        stopped = {applet for applet in applets if stops.stopping(runtime, applet)}
        return [name for name in names if name.partition(":")[0] not in stopped]

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
    """Names of all subscriptions of the tenant's enabled applets, but for those that are suspended."""
    found: list[str] | None = runtime.compiled.get("subscribers")
    if found is None:
        hooks = runtime.catalogue.hooks.describe()
        waiting = {name for name, standing in runtime.suspensions.items() if standing.state == SUSPENDED}
        found = [h["function"] for h in hooks if h["hook"] == "on_event" and h["applet"] not in waiting]
        runtime.remember("subscribers", found)
    return found


def _handle(uow: UnitOfWork, handle: Handler, delivery: Delivery) -> None:
    """What is put off until the commit is part of it."""
    handle(uow, delivery)
    uow.release()


def _delivery(row: Any) -> tuple[Delivery, bool]:
    id, subscriber, attempts, created_at, is_new, *columns = row
    return Delivery(id, subscriber, attempts, created_at, Event(*columns)), is_new
