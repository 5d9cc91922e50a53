"""A sandboxed applet does for its tenant what it would do in the kernel's own process."""

import logging
from decimal import Decimal

import psycopg
import pytest

from kernel.breaker.strikes import STRIKES_MAX
from kernel.events.bus import Outcome
from kernel.events.dispatch import Dispatch
from kernel.events.postgres_bus import PostgresBus
from registry.guards import check_guards
from sandbox.broker.budgets import CPU_SECONDS_PER_DAY
from sandbox.errors import BudgetSpent
from sdk.document_errors import PermissionDenied
from sdk.errors import Conflict
from sdk.hookset import HookFailed


def deliver_all(site, tenant):
    bus, outcomes = PostgresBus(site.kernel), []
    while (outcome := bus.deliver(tenant, Dispatch(site.kernel))) is not None:
        outcomes.append(outcome)
    return outcomes


def test_it_changes_the_document_that_is_being_saved(site, tenant):
    order = site.order(tenant, "tea", lines=[{"price": "2.50"}, {"price": "1.25"}], due="2026-04-01")
    assert (order["total"], order["seen"]) == (Decimal("3.75"), f"operator {site.clock().date()}")
    with site.kernel.operate(tenant) as ctx:
        changed = ctx.documents.update("shop.order", order.id, {"lines": [{"price": "1"}]})
        assert changed["total"] == Decimal(1)


def test_its_errors_are_the_callers_with_code_status_and_text(site, tenant):
    with pytest.raises(Conflict) as refusal:
        site.order(tenant, "refused")
    error = refusal.value
    assert (error.code, error.status, error.message) == ("order_refused", 409, "The order refused is not wanted.")
    assert site.names(tenant) == []


def test_what_nobody_meant_is_a_failed_hook_that_tells_the_line(site, tenant):
    with pytest.raises(HookFailed) as failed:
        site.order(tenant, "broken")
    assert failed.value.details["function"] == "shop:complete"
    assert "KeyError: 'missing' at line " in str(failed.value.__cause__)
    assert "of hooks.py (complete)" in str(failed.value.__cause__)


def test_it_may_no_more_than_it_was_granted_whoever_asks(site, tenant):
    with pytest.raises(PermissionDenied) as refusal:
        site.order(tenant, "curious")
    assert (refusal.value.code, refusal.value.details["resource"]) == ("permission_denied", "kernel.role")


def test_it_hears_events_after_the_commit_in_a_transaction_of_its_own(site, tenant):
    order = site.order(tenant, "tea")
    assert deliver_all(site, tenant) == [Outcome.DONE]
    with site.kernel.operate(tenant) as ctx:
        (note,) = ctx.documents.query("shop.note").items
        assert (note["text"], note["about"], note.created_by) == ("heard of tea", order.id, "applet:shop")


def test_it_answers_questions(site, tenant):
    asked = {"quantity": Decimal(1), "on": site.clock().date(), "currency": "EUR"}
    with site.kernel.operate(tenant) as ctx:
        assert ctx.resolve("price", product_id="tea", **asked) == Decimal("12.50")
        assert ctx.resolve("price", product_id="milk", **asked) is None


def test_its_invariants_are_sentences(site, tenant):
    with site.kernel.operate(tenant) as ctx:
        ctx.documents.create("shop.note", {"text": "lost"})
        found = check_guards(ctx)
    assert [each.sentences for each in found if each.applet == "shop"] == [("The note lost is about nothing.",)]


def test_what_it_logs_stands_in_our_log_under_its_name(site, tenant, caplog):
    with caplog.at_level(logging.INFO, logger="bos.applet.shop"):
        site.order(tenant, "tea")
    assert ("bos.applet.shop", logging.INFO, "completed tea") in caplog.record_tuples


def test_tenants_have_workers_of_their_own(site, tenant):
    other = site.make_tenant()
    site.order(tenant, "tea")
    site.order(other, "coffee")
    assert (site.names(tenant), site.names(other)) == (["tea"], ["coffee"])
    (shop,) = [each for each in site.sandbox.figures().applets if each.applet == "shop"]
    assert shop.workers >= 2
    assert shop.calls > 0


def test_nothing_of_it_is_imported_here(site, tenant):
    module = site.sandbox.load(site.releases.find(site.kernel.database, "shop", "1.0.0"))
    assert module.__name__ == "bos_sandboxed.shop"
    names = {plugin["function"] for plugin in _hooks(site, tenant)}
    assert names == {"shop:complete", "shop:note", "shop:price", "shop:notes_are_about_something"}


def _hooks(site, tenant):
    with site.kernel.operate(tenant) as ctx:
        return [each for each in ctx.runtime.catalogue.hooks.describe() if each["applet"] == "shop"]


def test_a_spent_budget_is_told_and_is_no_strike(site, tenant):
    budgets = site.sandbox.budgets
    budgets.spend(tenant.id, "shop", site.clock().date(), CPU_SECONDS_PER_DAY, 1)
    for _ in range(STRIKES_MAX + 1):
        with pytest.raises(BudgetSpent) as refused:
            site.order(tenant, "tea")
    assert (refused.value.code, refused.value.status) == ("budget_spent", 429)
    site.clock.advance(days=1)
    assert site.order(tenant, "tea")["name"] == "tea"


def test_what_was_refused_for_want_of_permission_is_counted(site, tenant):
    before = sum(each.denials for each in site.sandbox.figures().applets)
    with pytest.raises(PermissionDenied):
        site.order(tenant, "curious")
    assert sum(each.denials for each in site.sandbox.figures().applets) == before + 1


def test_a_lost_database_is_told_as_that_whatever_the_applet_makes_of_it(site, tenant):
    with pytest.raises(psycopg.OperationalError), site.kernel.operate(tenant) as ctx:
        order = ctx.documents.create("shop.order", {"name": "tea"})
        ctx.uow.release()
        ctx.uow.connection.close()
        ctx.documents.update("shop.order", order.id, {"name": "curious"})
