"""A delivery that ends its process is not tried for ever; and what the upkeep clears away, and what not."""

import random
import threading

import pytest

from kernel.events.bus import Outcome
from kernel.events.chores import RECEIPTS_KEPT, _forget_receipts
from kernel.events.postgres_bus import PROCESS_ENDED, PostgresBus
from kernel.events.retry import ATTEMPTS_MAX
from sdk import hooks
from tests.integration.kernel.house import open_house

DAYS = RECEIPTS_KEPT.days


class ProcessEnded(BaseException):
    """As good as SIGKILL: nothing that Bos does afterwards is done."""


@hooks.on("shop.order.created")
def hear(ctx, event):
    """Never called: the tests bring their own handler."""


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house"), hear=hear) as opened:
        yield opened


@pytest.fixture
def tenant(house, request):
    return house.make_tenant(f"k{abs(hash(request.node.name)) % 10**9}")


def begin_process(house):
    house.clock.advance(seconds=1)
    return PostgresBus(house.kernel, chance=random.Random(7))


def die(uow, delivery):
    raise ProcessEnded


def deadly(poison):
    def handle(uow, delivery):
        if delivery.event.aggregate_id == poison:
            raise ProcessEnded

    return handle


def deliveries(house, tenant):
    return house.rows(tenant, "SELECT state, attempts, last_error FROM {t}.deliveries ORDER BY id")


def test_a_delivery_that_ends_every_process_is_dead_after_as_many_attempts_as_any_other(house, tenant):
    house.create(tenant)
    for number in range(ATTEMPTS_MAX):
        with pytest.raises(ProcessEnded):
            begin_process(house).deliver(tenant, die)
        assert deliveries(house, tenant) == [("pending", number + 1, None)]
    assert begin_process(house).deliver(tenant, die) is Outcome.DEAD
    assert deliveries(house, tenant) == [("dead", ATTEMPTS_MAX, PROCESS_ENDED)]
    assert begin_process(house).deliver(tenant, die) is None


def test_a_process_it_did_not_find_it_in_the_next_one_counts(house, tenant):
    """Made after the process began it is not suspect yet: at full speed, and counted from the next process on."""
    bus = begin_process(house)
    house.clock.advance(seconds=1)
    house.create(tenant)
    with pytest.raises(ProcessEnded):
        bus.deliver(tenant, die)
    assert deliveries(house, tenant) == [("pending", 0, None)]
    with pytest.raises(ProcessEnded):
        begin_process(house).deliver(tenant, die)
    assert deliveries(house, tenant) == [("pending", 1, None)]


def test_the_others_are_delivered_while_it_goes_on(house, tenant):
    poison, *others = [house.create(tenant, str(number)) for number in range(4)]
    done, handle = [], deadly(poison)

    def note(uow, delivery):
        handle(uow, delivery)
        done.append(delivery.event.aggregate_id)

    for _ in range(ATTEMPTS_MAX + 1):
        bus = begin_process(house)
        try:
            while bus.deliver(tenant, note) is not None:
                pass
        except ProcessEnded:
            continue
    assert done == others
    assert deliveries(house, tenant) == [("dead", ATTEMPTS_MAX, PROCESS_ENDED)]


def test_a_failure_counted_before_is_not_counted_again(house, tenant):
    house.create(tenant)

    def fail(uow, delivery):
        raise ValueError("broken")

    assert begin_process(house).deliver(tenant, fail) is Outcome.RETRIED
    ((state, attempts, error),) = deliveries(house, tenant)
    assert (state, attempts, error) == ("pending", 1, "ValueError: broken")


def test_of_two_processes_that_begin_at_once_one_delivers(house, tenant):
    house.create(tenant)
    one, two = begin_process(house), begin_process(house)
    done, held, is_over = [], threading.Event(), threading.Event()

    def hold(uow, delivery):
        done.append(delivery.id)
        held.set()
        assert is_over.wait(30)

    thread = threading.Thread(target=one.deliver, args=(tenant, hold))
    thread.start()
    assert held.wait(30)
    assert two.deliver(tenant, hold) is None
    is_over.set()
    thread.join(30)
    assert (len(done), deliveries(house, tenant)) == (1, [])


def test_receipts_go_when_nothing_can_come_again(house, tenant):
    house.create(tenant)
    bus = begin_process(house)
    while bus.deliver(tenant, lambda uow, delivery: None) is not None:
        pass
    receipts = "SELECT count(*) FROM {t}.inbox"
    house.clock.advance(days=DAYS - 1)
    _forget_receipts(house.kernel, tenant)
    assert house.rows(tenant, receipts) == [(1,)]
    house.clock.advance(days=2)
    with house.kernel.database.transaction(tenant) as uow:
        uow.execute(
            "INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)"
            " SELECT consumer, position, id, aggregate_id, occurred_at, occurred_at"
            " FROM {t}.events JOIN {t}.inbox ON event_id = id"
        )
        uow.commit()
    _forget_receipts(house.kernel, tenant)
    assert house.rows(tenant, receipts) == [(1,)]
    assert bus.deliver(tenant, die) is Outcome.REPEATED
    _forget_receipts(house.kernel, tenant)
    assert house.rows(tenant, receipts) == [(0,)]
