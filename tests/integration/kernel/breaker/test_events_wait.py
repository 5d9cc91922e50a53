"""Events for a suspended applet wait, and come to it once it is resumed."""

import pytest

from kernel.breaker.service import begin_due_trials, resume_applet
from kernel.events.bus import Outcome
from kernel.events.dispatch import Dispatch
from kernel.events.postgres_bus import PARK_AGAIN_S, PostgresBus
from kernel.events.service import list_deliveries
from tests.integration.kernel.breaker.misbehaving import PAUSE_S, beside, broken, done

FAILURES = 5
RETRY_S = 30


@pytest.fixture
def bus(shop):
    return PostgresBus(shop.kernel)


def deliver_all(shop, bus, tenant):
    outcomes = []
    while (outcome := bus.deliver(tenant, Dispatch(shop.kernel))) is not None:
        outcomes.append(outcome)
    return outcomes


def states(shop, tenant):
    with shop.kernel.operate(tenant) as ctx:
        return [row["state"] for row in list_deliveries(ctx).items]


@pytest.fixture
def suspended(shop, bus, new_tenant):
    """A tenant whose applet could not handle five events, and two orders created since."""
    tenant = new_tenant(shop)
    for number in range(FAILURES):
        shop.create(tenant, f"lost {number}")
    broken.append(True)
    assert deliver_all(shop, bus, tenant) == [Outcome.RETRIED] * FAILURES
    broken.clear()
    return tenant


def test_one_event_that_fails_again_and_again_suspends_nobody(shop, bus, new_tenant):
    tenant = new_tenant(shop)
    shop.create(tenant, "poisoned")
    broken.append(True)
    outcomes = []
    while Outcome.DEAD not in outcomes:
        outcomes += deliver_all(shop, bus, tenant)
        shop.clock.advance(hours=2)
    assert shop.rows(tenant, "SELECT suspensions FROM {t}.applets") == [(None,)]


def test_events_wait_while_their_applet_is_suspended_and_come_when_it_is_resumed(shop, bus, suspended):
    with shop.kernel.operate(suspended) as ctx:
        # Its hook that decides has not failed, but stands with the rest.
        assert ctx.runtime.suspensions["shop"].state == "suspended"
    shop.clock.advance(seconds=RETRY_S - 1)
    assert deliver_all(shop, bus, suspended) == []
    assert states(shop, suspended) == ["waiting"] * FAILURES
    assert bus.next_due(suspended) is None
    with shop.kernel.operate(suspended) as ctx:
        resume_applet(ctx, "shop")
    assert deliver_all(shop, bus, suspended) == [Outcome.DONE] * FAILURES
    assert sorted(done) == [f"lost {number}" for number in range(FAILURES)]


def test_an_event_that_happens_meanwhile_is_not_lost(shop, bus, suspended):
    with shop.kernel.operate(suspended) as ctx:
        company = ctx.documents.create("kernel.role", {"name": "helper", "title": "Helper", "permissions": []})
        order = ctx.events.emit("shop.order.created", company)
    assert order.type == "shop.order.created"
    assert deliver_all(shop, bus, suspended) == []
    assert states(shop, suspended) == ["waiting"] * (FAILURES + 1)


def test_an_applet_that_only_hears_events_is_tried_again_by_the_upkeep(shop, bus, suspended):
    assert deliver_all(shop, bus, suspended) == []
    begin_due_trials(shop.kernel, suspended)
    assert deliver_all(shop, bus, suspended) == []
    shop.clock.advance(seconds=PAUSE_S + 1)
    begin_due_trials(shop.kernel, suspended)
    assert deliver_all(shop, bus, suspended) == [Outcome.DONE] * FAILURES
    assert shop.rows(suspended, "SELECT suspensions FROM {t}.applets") == [(None,)]


def test_what_a_process_in_safe_mode_has_put_aside_comes_back(shop, new_tenant):
    tenant, now = new_tenant(shop), [0.0]
    bus = PostgresBus(shop.kernel, monotonic=lambda: now[0])
    shop.create(tenant, "first")
    assert deliver_all(shop, bus, tenant) == [Outcome.DONE]
    shop.create(tenant, "second")
    with beside(shop, safe_mode="*") as other:
        assert deliver_all(other, PostgresBus(other.kernel), tenant) == []
    now[0] += PARK_AGAIN_S
    assert deliver_all(shop, bus, tenant) == [Outcome.DONE]
    assert done == ["first", "second"]
