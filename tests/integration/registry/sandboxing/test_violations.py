"""What a sandboxed applet must not do ends its call, and soon the applet."""

import threading

import pytest

from kernel.breaker.errors import AppletSuspended, AppletSwitchedOff
from kernel.breaker.service import resume_applet
from kernel.breaker.stops import Stops
from kernel.breaker.strikes import STRIKES_MAX
from kernel.events.bus import Outcome
from kernel.events.dispatch import Dispatch
from kernel.events.postgres_bus import PostgresBus
from kernel.events.service import list_deliveries
from registry.sandboxing.watching import KernelWatcher
from sandbox.errors import AppletStopped
from sandbox.host import Violation
from tests.integration.registry.sandboxing.conftest import HOOKS, write_shop

# A retry is at most so far away, with what is added so that not all come at once.
RETRY_S = 30


def deliver_all(site, tenant):
    bus, outcomes = PostgresBus(site.kernel), []
    while (outcome := bus.deliver(tenant, Dispatch(site.kernel))) is not None:
        outcomes.append(outcome)
    return outcomes


def delivery_states(site, tenant):
    with site.kernel.operate(tenant) as ctx:
        return [row["state"] for row in list_deliveries(ctx).items]


def test_a_call_that_never_ends_is_ended_with_its_line_and_nothing_of_it_is_kept(site, tenant):
    with pytest.raises(AppletStopped) as stopped:
        site.order(tenant, "spinning")
    error = stopped.value
    assert (error.code, error.status, error.details["kind"]) == ("applet_stopped", 503, "deadline")
    assert "its time budget of 0.25 s was exceeded at line" in error.message
    assert (site.names(tenant), site.names(tenant, "shop.note", "text")) == ([], [])


def test_one_that_eats_memory_is_ended(site, tenant):
    with pytest.raises(AppletStopped) as stopped:
        site.order(tenant, "hungry")
    assert stopped.value.details["kind"] == "memory"
    assert site.order(tenant, "tea")["name"] == "tea"


def test_who_swallows_the_error_can_commit_nothing_of_that_transaction(site, tenant):
    with pytest.raises(RuntimeError, match="nothing is committed"), site.kernel.operate(tenant) as ctx:
        ctx.documents.create("shop.order", {"name": "before"})
        with pytest.raises(AppletStopped):
            ctx.documents.create("shop.order", {"name": "spinning"})
    assert site.names(tenant) == []


def test_three_strikes_suspend_it_for_its_tenant_alone_until_it_is_resumed(site, tenant):
    other = site.make_tenant()
    for _ in range(STRIKES_MAX):
        with pytest.raises(AppletStopped):
            site.order(tenant, "spinning")
    with pytest.raises(AppletSuspended) as suspended:
        site.order(tenant, "tea")
    assert "last with AppletStopped: its time budget of 0.25 s was exceeded" in suspended.value.message
    assert site.order(other, "tea")["name"] == "tea"
    (event,) = site.rows(tenant, "SELECT payload FROM {t}.events WHERE type = 'kernel.applet.suspended'")
    assert event[0]["to"] == "suspended"
    with site.kernel.operate(tenant) as ctx:
        resume_applet(ctx, "shop")
    assert site.order(tenant, "tea")["name"] == "tea"


def test_events_that_stop_it_wait_and_come_again_once_it_is_resumed(site, tenant):
    for number in range(STRIKES_MAX):
        site.order(tenant, "slow to hear", total=str(number))
    assert deliver_all(site, tenant) == [Outcome.RETRIED] * STRIKES_MAX
    site.clock.advance(seconds=RETRY_S - 1)
    assert deliver_all(site, tenant) == []
    assert delivery_states(site, tenant) == ["waiting"] * STRIKES_MAX
    # Somebody mends what it stumbles over.
    with site.kernel.operate(tenant) as ctx:
        resume_applet(ctx, "shop")
    with site.kernel.operate(tenant) as ctx:
        for order in ctx.documents.query("shop.order").items:
            ctx.documents.update("shop.order", order.id, {"name": "mended"})
    site.clock.advance(hours=1)
    assert deliver_all(site, tenant) == [Outcome.DONE] * STRIKES_MAX
    assert site.names(tenant, "shop.note", "text") == ["heard of mended"] * STRIKES_MAX


def violate(site, tenant, kind, frames=()):
    """As if a call of the applet had ended so, in the middle of a transaction."""
    violation = Violation(
        kind,
        "it made a forbidden system call (complete)",
        applet="shop",
        version="1.0.0",
        function="complete",
        frames=frames,
    )
    with pytest.raises(RuntimeError), site.kernel.operate(tenant) as ctx:
        KernelWatcher().violated(ctx.bind("shop"), violation)


@pytest.mark.parametrize("kind", ["syscall", "protocol"])
def test_what_got_past_the_policy_stops_the_version_for_everybody_at_once(site, tenant, kind):
    other = site.make_tenant()
    violate(site, tenant, kind, frames=[b"\x93\x02"])
    for name in (tenant, other):
        with pytest.raises(AppletSwitchedOff) as refused:
            site.order(name, "tea")
        assert "shop 1.0.0 it made a forbidden system call (complete)" in refused.value.message
    elsewhere = Stops(site.kernel.database, site.clock)
    elsewhere.look()
    (stop,) = elsewhere.known
    assert (stop.applet, stop.version, stop.tenant_id, stop.by) == ("shop", "1.0.0", None, "breaker")
    assert stop.evidence.endswith("9302")


def test_deliveries_of_a_stopped_applet_wait_and_come_once_it_runs_again(site, tenant):
    site.order(tenant, "tea")
    stops = site.kernel.breaker.stops
    stops.record(stops.make("off for a while", "ada", applet="shop"))
    assert deliver_all(site, tenant) == []
    assert delivery_states(site, tenant) == ["waiting"]
    stops.lift(applet="shop", version=None, tenant_id=None)
    assert deliver_all(site, tenant) == [Outcome.DONE]
    assert site.names(tenant, "shop.note", "text") == ["heard of tea"]


def test_one_tenant_can_be_stopped_alone(site, tenant):
    other = site.make_tenant()
    stops = site.kernel.breaker.stops
    stops.record(stops.make("off here", "ada", applet="shop", tenant_id=tenant.id))
    with pytest.raises(AppletSwitchedOff):
        site.order(tenant, "tea")
    assert site.order(other, "tea")["name"] == "tea"


def test_the_switch_ends_a_call_that_is_running(open_site):
    hooks = HOOKS.replace(
        'document["name"]\n', 'document["name"]\n    if name == "long":\n        while True:\n            pass\n', 1
    )
    site = open_site(lambda folder: _write_slow(folder, hooks))
    tenant = site.make_tenant()
    site.order(tenant, "tea")
    ended = []

    def order():
        with pytest.raises(AppletStopped) as stopped:
            site.order(tenant, "long")
        ended.append(stopped.value.details["kind"])

    thread = threading.Thread(target=order)
    thread.start()
    while not site.sandbox.figures().busy:
        pass
    stops = site.kernel.breaker.stops
    stops.record(stops.make("off", "ada"))
    thread.join(20)
    assert ended == ["killed"]
    with pytest.raises(AppletSwitchedOff):
        site.order(tenant, "tea")


def _write_slow(folder, hooks):
    write_shop(folder, hooks=hooks)
    manifest = folder / "applet.toml"
    manifest.write_text(manifest.read_text() + "hook_ms = 30000\n")


def test_an_applet_that_declares_so_is_left_out_while_it_is_stopped(open_site):
    site = open_site(lambda folder: write_shop(folder, when_suspended="fail_open"))
    tenant = site.make_tenant()
    stops = site.kernel.breaker.stops
    stops.record(stops.make("off", "ada"))
    assert "total" not in site.order(tenant, "tea")
