"""What an applet may use of a day."""

from datetime import date

import pytest

from sandbox.broker import Budgets
from sandbox.broker.quotas import DECIDING, LIVING, quotas_of
from sandbox.errors import BudgetSpent

DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)


def test_a_spent_budget_refuses_until_the_next_day():
    budgets = Budgets(cpu_s=1.0, requests=100)
    budgets.check("t1", "shop", DAY)
    budgets.spend("t1", "shop", DAY, 0.6, 10)
    budgets.check("t1", "shop", DAY)
    budgets.spend("t1", "shop", DAY, 0.6, 10)
    with pytest.raises(BudgetSpent) as refusal:
        budgets.check("t1", "shop", DAY)
    assert (refusal.value.code, refusal.value.status, refusal.value.details["budget"]) == (
        "budget_spent",
        429,
        "CPU seconds",
    )
    budgets.check("t1", "shop", NEXT_DAY)


def test_requests_are_a_budget_of_their_own():
    budgets = Budgets(cpu_s=1.0, requests=100)
    budgets.spend("t1", "shop", DAY, 0.0, 100)
    with pytest.raises(BudgetSpent) as refusal:
        budgets.check("t1", "shop", DAY)
    assert refusal.value.details["budget"] == "requests"


def test_tenants_and_applets_have_budgets_of_their_own():
    budgets = Budgets(cpu_s=1.0)
    budgets.spend("t1", "shop", DAY, 2.0, 0)
    budgets.check("t2", "shop", DAY)
    budgets.check("t1", "cafe", DAY)
    assert budgets.spent("t1", "shop").cpu_s == 2.0


def test_the_next_day_begins_at_nothing():
    budgets = Budgets(cpu_s=1.0)
    budgets.spend("t1", "shop", DAY, 2.0, 5)
    budgets.spend("t1", "shop", NEXT_DAY, 0.25, 1)
    assert (budgets.spent("t1", "shop").cpu_s, budgets.spent("t1", "shop").requests) == (0.25, 1)


def test_what_is_done_once_for_a_tenant_may_ask_for_more():
    assert quotas_of("before_save") == quotas_of("on_event") == DECIDING
    assert quotas_of("load_demo_data") == quotas_of("applet_upgraded") == LIVING
