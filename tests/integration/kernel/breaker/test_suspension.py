"""An applet that fails or takes too long is suspended for its tenant, and nobody else notices."""

from time import perf_counter

import pytest
from psycopg import OperationalError
from psycopg.errors import QueryCanceled

from kernel.breaker.errors import AppletSuspended, HookOverBudget
from kernel.breaker.gate import TRIAL_CALLS
from kernel.breaker.suspensions import Failure
from sdk.hookset import HookFailed
from tests.integration.kernel.breaker.misbehaving import (
    FUNCTION,
    HOOK_MS,
    PAUSE_S,
    STATEMENTS_MAX,
    OrderRefused,
    beside,
    done,
)

FAILURES = 5
# Far more than a budget, far less than for ever: other work goes on beside these tests.
PATIENCE_S = 10


def fail(shop, tenant, word, times=FAILURES):
    """Codes of the errors that so many orders of this name end with."""
    codes = []
    for number in range(times):
        with pytest.raises((HookFailed, HookOverBudget, AppletSuspended)) as raised:
            shop.create(tenant, f"{word} {number}")
        codes.append(raised.value.code)
    return codes


def events(shop, tenant):
    sql = "SELECT type, payload FROM {t}.events WHERE type LIKE 'kernel.applet.%%' ORDER BY position"
    return shop.rows(tenant, sql)


def state(shop, tenant):
    return {
        name: row["state"]
        for (stored,) in shop.rows(tenant, "SELECT suspensions FROM {t}.applets")
        for name, row in (stored or {"hooks": {}})["hooks"].items()
    }


@pytest.mark.parametrize("word", ["loop", "asking", "stubborn"])
def test_a_hook_that_does_not_end_is_ended_within_its_budget(shop, new_tenant, word):
    tenant = new_tenant(shop)
    began = perf_counter()
    with pytest.raises(HookOverBudget) as raised:
        shop.create(tenant, word)
    assert perf_counter() - began < PATIENCE_S
    told = raised.value
    assert (told.details["applet"], told.details["hook"], told.details["function"]) == ("shop", "before_save", FUNCTION)
    assert (told.details["budget_ms"], told.status) == (HOOK_MS, 503)


@pytest.mark.parametrize("word", ["loop", "raise"])
def test_nothing_half_written_stays_of_a_hook_that_was_stopped(shop, new_tenant, word):
    tenant = new_tenant(shop)
    fail(shop, tenant, word, times=1)
    assert shop.orders(tenant) == []
    assert shop.rows(tenant, "SELECT count(*) FROM {t}.events WHERE type = 'shop.order.created'") == [(0,)]


def test_what_was_interrupted_cannot_be_committed_even_when_its_caller_swallows_the_error(shop, new_tenant):
    tenant = new_tenant(shop)
    with pytest.raises(RuntimeError, match="nothing is committed"), shop.kernel.operate(tenant) as ctx:
        ctx.documents.create("shop.order", {"name": "before"})
        with pytest.raises(HookOverBudget):
            ctx.documents.create("shop.order", {"name": "loop"})
    assert shop.orders(tenant) == []


@pytest.mark.parametrize("house", ["shop", "open_shop_kernel"])
def test_a_hook_that_swallows_its_refusal_counts_as_one_that_failed_and_commits_nothing(house, request, new_tenant):
    house = request.getfixturevalue(house)
    tenant = new_tenant(house)
    for _ in range(FAILURES):
        with pytest.raises((RuntimeError, HookOverBudget, AppletSuspended)):
            house.create(tenant, "swallow")
    assert house.orders(tenant) == []
    assert state(house, tenant) == {FUNCTION: "suspended"}


def test_a_raising_hook_suspends_its_applet_with_a_notice_that_says_all(shop, new_tenant):
    tenant = new_tenant(shop)
    assert fail(shop, tenant, "raise", FAILURES + 1) == ["hook_failed"] * FAILURES + ["applet_suspended"]
    assert state(shop, tenant) == {FUNCTION: "suspended"}
    ((type, told),) = events(shop, tenant)
    assert (type, told["hook"], told["function"], told["to"]) == (
        "kernel.applet.suspended", "before_save", FUNCTION, "suspended",
    )  # fmt: skip
    assert (told["error"], told["failures"], told["calls"]) == ("ValueError: no such luck", FAILURES, 9)
    assert told["notice"] == (
        "before_save (shop:misbehave) of shop 1.0.0 failed 5 of 9 calls, last with ValueError: no such luck; suspended"
        " since 2026-03-20 12:00:00 UTC, tried again from 2026-03-20 12:00:30 UTC. Resume it with `bos applet resume"
        " shop` or POST /api/v1/applets/shop/resume."
    )


def test_a_looping_hook_suspends_its_applet(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "loop")
    assert state(shop, tenant) == {FUNCTION: "suspended"}


def test_a_hook_that_asks_the_database_for_ever_is_ended_by_the_number_of_its_statements(open_shop_kernel, new_tenant):
    tenant = new_tenant(open_shop_kernel)
    with pytest.raises(HookOverBudget) as raised:
        open_shop_kernel.create(tenant, "asking")
    assert raised.value.details["budget"] == f"{STATEMENTS_MAX} statements"


def test_a_hook_that_is_slow_but_ends_counts_as_one_that_failed(shop, new_tenant):
    tenant = new_tenant(shop)
    for number in range(FAILURES):
        began = perf_counter()
        with pytest.raises(HookOverBudget):
            shop.create(tenant, f"slow {number}")
        assert perf_counter() - began < PATIENCE_S
    assert state(shop, tenant) == {FUNCTION: "suspended"}


def test_a_veto_is_no_failure_however_often(shop, new_tenant):
    tenant = new_tenant(shop)
    for _ in range(3 * FAILURES):
        with pytest.raises(OrderRefused):
            shop.create(tenant, "refuse")
    assert state(shop, tenant) == {}


def test_few_failures_among_many_calls_suspend_nobody(shop, new_tenant):
    tenant = new_tenant(shop)
    for _ in range(2 * FAILURES):
        fail(shop, tenant, "raise", 1)
        for _ in range(3):
            shop.create(tenant, "fine")
    assert state(shop, tenant) == {}


def test_other_tenants_do_not_notice(shop, new_tenant):
    tenant, neighbour = new_tenant(shop), new_tenant(shop)
    fail(shop, tenant, "raise")
    shop.create(neighbour, "fine")
    assert shop.orders(neighbour) == ["fine"]
    assert state(shop, neighbour) == {}
    with pytest.raises(AppletSuspended):
        shop.create(tenant, "fine")


def test_documents_of_a_suspended_applet_are_read_as_ever(shop, new_tenant):
    tenant = new_tenant(shop)
    id = shop.create(tenant, "fine")
    fail(shop, tenant, "raise")
    with shop.kernel.operate(tenant) as ctx:
        assert ctx.documents.get("shop.order", id)["name"] == "fine"


def test_a_hook_that_may_be_left_out_is_left_out(open_shop_kernel, new_tenant):
    shop = open_shop_kernel
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    id = shop.create(tenant, "raise no more")
    with shop.kernel.operate(tenant) as ctx:
        # Of all its hooks: `obey` has never failed, and is left out with the one that has.
        assert ctx.documents.get("shop.order", id).get("secret") is None


def test_what_is_tried_again_and_goes_well_is_resumed(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    shop.clock.advance(seconds=PAUSE_S + 1)
    shop.create(tenant, "first")
    assert state(shop, tenant) == {FUNCTION: "on_trial"}
    shop.create(tenant, "second")
    shop.create(tenant, "third")
    assert state(shop, tenant) == {}
    assert [type for type, _ in events(shop, tenant)] == ["kernel.applet.suspended", "kernel.applet.resumed"]
    assert events(shop, tenant)[-1][1]["to"] == "enabled"


def test_what_fails_on_trial_waits_longer(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    shop.clock.advance(seconds=PAUSE_S + 1)
    assert fail(shop, tenant, "raise", 2) == ["hook_failed", "applet_suspended"]
    shop.clock.advance(seconds=PAUSE_S + 1)
    assert fail(shop, tenant, "raise", 1) == ["applet_suspended"]
    shop.clock.advance(seconds=PAUSE_S)
    assert fail(shop, tenant, "raise", 1) == ["hook_failed"]
    assert [type for type, _ in events(shop, tenant)] == ["kernel.applet.suspended"] * 3


def test_a_suspended_applet_can_still_be_left(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    with shop.kernel.operate(tenant) as ctx:
        ctx.runtime.catalogue.hooks.call_applet("applet_disabled", "shop", ctx=ctx)
    assert done == ["goodbye"]


def test_a_database_that_is_lost_is_no_failure_of_the_hook_that_noticed(shop, new_tenant):
    tenant = new_tenant(shop)
    for _ in range(FAILURES):
        with pytest.raises(OperationalError):
            shop.create(tenant, "disconnect")
    shop.create(tenant, "fine")
    assert state(shop, tenant) == {}


def test_another_process_learns_of_it_with_its_next_transaction(shop, new_tenant):
    tenant = new_tenant(shop)
    with beside(shop) as other:
        other.create(tenant, "fine")
        fail(shop, tenant, "raise")
        assert fail(other, tenant, "fine", 1) == ["applet_suspended"]
        other.clock.advance(seconds=PAUSE_S + 1)
        for number in range(TRIAL_CALLS):
            other.create(tenant, f"fine {number}")
    shop.create(tenant, "fine again")
    assert state(shop, tenant) == {}


def test_what_another_version_has_done_is_not_held_against_this_one(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    with shop.kernel.database.transaction(tenant) as uow:
        uow.execute("UPDATE {t}.applets SET suspensions = replace(suspensions::text, '1.0.0', '0.9.0')::jsonb")
        uow.execute("UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'")
        uow.commit()
    shop.create(tenant, "fine")


def test_what_several_hooks_take_together_is_no_ones_overrun(shop, new_tenant):
    tenant = new_tenant(shop)
    shop.create(tenant, "nested")
    names = shop.orders(tenant)
    assert sorted(names) == ["nap", "nap", "nap", "nested"]


def test_who_waits_for_the_locks_of_others_is_not_suspended_for_it(shop, new_tenant):
    """Else one long transaction of the tenant's would have its ledger suspended."""
    tenant = new_tenant(shop)
    for number in range(FAILURES):
        shop.create(tenant, f"waiting {number}")
    assert state(shop, tenant) == {}


def test_whose_statements_have_to_be_given_up_is_suspended(shop, new_tenant):
    tenant = new_tenant(shop)
    for _ in range(FAILURES):
        with pytest.raises(QueryCanceled):
            shop.create(tenant, "given_up")
    assert state(shop, tenant) == {FUNCTION: "suspended"}


def test_what_a_version_did_that_was_replaced_meanwhile_is_not_told(shop, new_tenant):
    tenant = new_tenant(shop)
    late = Failure("before_save", FUNCTION, "0.9.0", "KeyError", FAILURES, FAILURES)
    shop.kernel.breaker.keeper.suspend(tenant, "shop", late)
    assert (state(shop, tenant), events(shop, tenant)) == ({}, [])


def test_a_trial_that_fails_in_one_process_is_not_passed_in_another(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise")
    shop.kernel.breaker.keeper.pass_trial(tenant, "shop", FUNCTION)
    assert state(shop, tenant) == {FUNCTION: "suspended"}
