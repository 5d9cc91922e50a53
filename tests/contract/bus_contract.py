"""What every bus promises (`kernel.events.bus.Bus`). A new one subclasses `BusContract` and gives it a `Bench`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from kernel.db.unit_of_work import UnitOfWork
from kernel.events.bus import Bus, Delivery, Outcome
from kernel.events.retry import ATTEMPTS_MAX, RETRY_DELAY_S_MAX, RETRY_JITTER
from kernel.tenancy.record import TenantRecord
from sdk.event import Event
from sdk.identifiers import new_id

THREADS = 4
ROUNDS_MAX = 10_000
MANY = 40
SUBSCRIBERS = ("shop:first", "shop:second")


class Bench(Protocol):
    """A tenant with the two subscribers, a bus, and a clock that can be moved.

    most: how many deliveries the bus is asked for at once; None asks for one by `deliver`.
    """

    bus: Bus
    tenant: TenantRecord
    most: int | None

    def publishing(self) -> AbstractContextManager[Callable[[str, str], Event]]:
        """A transaction that commits at the end, and a function that publishes (aggregate id, text) in it."""

    def publish_again(self, event: Event) -> None:
        """What a bus that delivers at least once may do: the same event for the same subscribers once more."""

    def advance(self, seconds: float) -> None: ...


class Handler:
    """Remembers what was committed; fails as often as it is told to."""

    def __init__(self) -> None:
        self.effects: list[tuple[str, str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.begun: list[tuple[str, str, str]] = []
        self.failures: Counter[str] = Counter()

    def __call__(self, uow: UnitOfWork, delivery: Delivery) -> None:
        text = delivery.event.payload["text"]
        self.calls.append((delivery.subscriber, text))
        effect = (delivery.subscriber, delivery.event.aggregate_id, text)
        self.begun.append(effect)
        uow.after_commit(lambda: self.effects.append(effect))
        # The effect is there already when it fails: only the transaction takes it back.
        if self.failures[text] > 0:
            self.failures[text] -= 1
            raise ValueError(f"{text} went wrong")

    def texts(self, subscriber: str = SUBSCRIBERS[0]) -> list[str]:
        return [text for name, _, text in self.effects if name == subscriber]


def publish(bench: Bench, *texts: str, aggregate: str | None = None) -> Event:
    """Each in a transaction of its own; the last event."""
    for text in texts:
        with bench.publishing() as write:
            event = write(aggregate or new_id(), text)
    return event


def drain(bench: Bench, handler: Handler) -> Counter[Outcome]:
    """Deliver until nothing is due, one at a time or as many as the bench says."""
    outcomes: Counter[Outcome] = Counter()
    for _ in range(ROUNDS_MAX):
        taken = _deliver(bench, handler)
        if not taken:
            return outcomes
        outcomes.update(taken)
    raise AssertionError("the bus never comes to rest")


def _deliver(bench: Bench, handler: Handler) -> Sequence[Outcome]:
    if bench.most is not None:
        return bench.bus.deliver_some(bench.tenant, handler, bench.most)
    outcome = bench.bus.deliver(bench.tenant, handler)
    return () if outcome is None else (outcome,)


def wait_out(bench: Bench) -> None:
    """Until every delivery that failed is due again."""
    bench.advance(RETRY_DELAY_S_MAX * (1 + RETRY_JITTER) + 1)


class BusContract:
    """Inherited by the tests of each bus, which give the fixture `bench`."""

    def test_an_event_reaches_each_subscriber_once(self, bench):
        handler = Handler()
        publish(bench, "a")
        assert drain(bench, handler) == {Outcome.DONE: 2}
        assert sorted(name for name, _, _ in handler.effects) == sorted(SUBSCRIBERS)
        assert drain(bench, handler) == {}

    def test_what_was_rolled_back_is_never_delivered(self, bench):
        handler = Handler()
        try:
            with bench.publishing() as write:
                write(new_id(), "a")
                raise KeyError
        except KeyError:
            pass
        assert drain(bench, handler) == {}

    def test_a_transaction_that_commits_late_loses_and_doubles_nothing(self, bench):
        handler = Handler()
        with bench.publishing() as write_late:
            write_late(new_id(), "late 1")
            publish(bench, "early 1", "early 2")
            drain(bench, handler)
            assert handler.texts() == ["early 1", "early 2"]
            write_late(new_id(), "late 2")
            publish(bench, "early 3")
            drain(bench, handler)
        publish(bench, "early 4")
        drain(bench, handler)
        texts = handler.texts()
        assert Counter(texts) == Counter(["early 1", "early 2", "early 3", "early 4", "late 1", "late 2"])

    def test_a_failure_after_the_effect_takes_effect_once(self, bench):
        handler = Handler()
        handler.failures["a"] = 1
        publish(bench, "a")
        assert drain(bench, handler) == {Outcome.DONE: 1, Outcome.RETRIED: 1}
        wait_out(bench)
        assert drain(bench, handler) == {Outcome.DONE: 1}
        assert len(handler.calls) == 3
        assert sorted(name for name, _, _ in handler.effects) == sorted(SUBSCRIBERS)

    def test_an_event_delivered_twice_takes_effect_once(self, bench):
        handler = Handler()
        event = publish(bench, "a")
        drain(bench, handler)
        bench.publish_again(event)
        assert drain(bench, handler) == {Outcome.REPEATED: 2}
        assert len(handler.calls) == 2

    def test_events_of_one_document_come_in_order(self, bench):
        handler, aggregate = Handler(), new_id()
        publish(bench, *"abcdefgh", aggregate=aggregate)
        drain(bench, handler)
        assert handler.texts() == list("abcdefgh")
        assert handler.texts(SUBSCRIBERS[1]) == list("abcdefgh")

    def test_a_failed_delivery_holds_up_the_later_ones_of_its_document_and_no_other(self, bench):
        handler, aggregate = Handler(), new_id()
        handler.failures["a1"] = 2
        publish(bench, "a1", "a2", aggregate=aggregate)
        publish(bench, "b1")
        drain(bench, handler)
        assert handler.texts() == ["b1"]
        assert handler.texts(SUBSCRIBERS[1]) == ["b1"]
        wait_out(bench)
        drain(bench, handler)
        assert handler.texts() == ["b1", "a1", "a2"]

    def test_one_subscriber_failing_does_not_hold_up_the_other(self, bench):
        handler, aggregate = Handler(), new_id()
        handler.failures["a"] = 1
        publish(bench, "a", "b", aggregate=aggregate)
        drain(bench, handler)
        assert sorted(handler.effects) in (
            [(SUBSCRIBERS[0], aggregate, "a"), (SUBSCRIBERS[0], aggregate, "b")],
            [(SUBSCRIBERS[1], aggregate, "a"), (SUBSCRIBERS[1], aggregate, "b")],
        )

    def test_a_poisonous_delivery_dies_and_then_holds_up_nothing(self, bench):
        handler, aggregate = Handler(), new_id()
        handler.failures["poison"] = 1_000
        publish(bench, "poison", "after", aggregate=aggregate)
        outcomes: Counter[Outcome] = Counter()
        for _ in range(ATTEMPTS_MAX):
            outcomes += drain(bench, handler)
            wait_out(bench)
        assert outcomes == {Outcome.RETRIED: 2 * (ATTEMPTS_MAX - 1), Outcome.DEAD: 2, Outcome.DONE: 2}
        assert handler.texts() == ["after"]

    def test_a_failed_delivery_is_not_tried_again_before_its_time(self, bench):
        handler = Handler()
        handler.failures["a"] = 2
        publish(bench, "a")
        assert drain(bench, handler) == {Outcome.RETRIED: 2}
        assert drain(bench, handler) == {}
        assert bench.bus.next_due(bench.tenant) is not None

    def test_one_that_fails_among_many_is_the_only_one_counted(self, bench):
        handler = Handler()
        texts = [f"{number:02}" for number in range(MANY)]
        publish(bench, *texts)
        drain(bench, handler)
        handler.failures["again 20"] = 2
        publish(bench, *(f"again {text}" for text in texts))
        assert drain(bench, handler) == {Outcome.DONE: 2 * (MANY - 1), Outcome.RETRIED: 2}
        wait_out(bench)
        assert drain(bench, handler) == {Outcome.DONE: 2}
        for subscriber in SUBSCRIBERS:
            assert Counter(handler.texts(subscriber)) == Counter([*texts, *(f"again {text}" for text in texts)])

    def test_those_delivered_twice_among_many_take_effect_once(self, bench):
        handler = Handler()
        events = [publish(bench, f"{number}") for number in range(MANY)]
        drain(bench, handler)
        for event in events[::2]:
            bench.publish_again(event)
            publish(bench, f"beside {event.payload['text']}")
        outcomes = drain(bench, handler)
        assert outcomes == {Outcome.REPEATED: MANY, Outcome.DONE: MANY}
        assert len(handler.effects) == 2 * (MANY + MANY // 2)

    def test_several_at_once_deliver_each_event_once_and_in_order(self, bench):
        handler, aggregates = Handler(), [new_id() for _ in range(5)]
        for number in range(10):
            for aggregate in aggregates:
                publish(bench, f"{number}", aggregate=aggregate)
        threads = [threading.Thread(target=drain, args=(bench, handler)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drain(bench, handler)
        assert len(handler.calls) == len(handler.effects) == 2 * 10 * 5
        assert sorted(handler.begun) == sorted(handler.effects)
        for subscriber in SUBSCRIBERS:
            for aggregate in aggregates:
                # Begun, because the next may begin as soon as one is committed, before that thread has noted it.
                texts = [text for name, about, text in handler.begun if (name, about) == (subscriber, aggregate)]
                assert texts == [str(number) for number in range(10)]

    def test_who_waits_hears_of_an_announced_tenant_once(self, bench):
        bench.bus.announce(bench.tenant)
        bench.bus.announce(bench.tenant)
        assert bench.bus.wait(30) == {bench.tenant.name}
        assert bench.bus.wait(0) == frozenset()

    def test_closing_wakes_who_waits(self, bench):
        bench.bus.close()
        assert bench.bus.wait(600) == frozenset()
