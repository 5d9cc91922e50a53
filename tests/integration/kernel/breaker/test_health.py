"""How applets do: over HTTP, at the command line, for Prometheus; and what an administrator does about it."""

import contextlib
import threading

import pytest
from starlette.testclient import TestClient

from kernel.breaker import measures
from kernel.breaker.errors import AppletNotRunning, AppletNotSuspended, AppletSuspended, CannotLoosen
from kernel.breaker.service import applet_health, hook_figures, resume_applet, tighten_applet
from kernel.http.app import create_app
from sdk.errors import BosError, Forbidden
from sdk.hookset import HookFailed
from tests.integration.kernel.breaker.misbehaving import FUNCTION, HOOK_MS, OrderRefused, beside
from tests.integration.kernel.test_http import log_in, problem

FAILURES = 5


def fail(house, tenant, word="raise", times=FAILURES):
    for _ in range(times):
        with contextlib.suppress(BosError):
            house.create(tenant, word)


def health(house, tenant):
    with house.kernel.operate(tenant) as ctx:
        (found,) = applet_health(ctx)
    return found


def of(found, function=FUNCTION):
    return next(hook for hook in found.hooks if hook.function == function)


@pytest.fixture(scope="module")
def client(shop):
    with TestClient(create_app(shop.kernel, has_worker=False)) as client:
        yield client


def test_calls_errors_and_times_are_told_of_each_hook(shop, new_tenant):
    tenant = new_tenant(shop)
    shop.create(tenant, "fine")
    fail(shop, tenant, "raise", 1)
    fail(shop, tenant, "loop", 1)
    with pytest.raises(OrderRefused):
        shop.create(tenant, "refuse")
    found = health(shop, tenant)
    assert (found.applet, found.version, found.state, found.notice) == ("shop", "1.0.0", "running", None)
    hook = of(found)
    # Two of them have created another order first.
    assert (hook.calls, hook.errors, hook.over_budget, hook.budget_ms) == (6, 1, 1, HOOK_MS)
    assert hook.mean_us * hook.calls >= HOOK_MS * 1000
    assert hook.p95_us >= HOOK_MS * 1000
    assert 0 < hook.database_us < hook.mean_us
    assert hook.statements >= 2
    obedient = of(found, "shop:obey")
    # It is called before what was to be created first is written, so one call more than orders that came to it.
    assert (obedient.calls, obedient.statements, obedient.errors) == (3, 0, 0)


def test_what_other_processes_have_measured_is_added(shop, new_tenant):
    tenant = new_tenant(shop)
    shop.create(tenant, "fine")
    with beside(shop) as other:
        other.create(tenant, "fine")
    assert of(health(shop, tenant)).calls == 2
    figures = hook_figures(shop.kernel, tenant, shop.clock())
    assert figures["shop", "1.0.0", "before_save", FUNCTION].calls == 2


def test_a_neighbours_calls_are_not_in_it(shop, new_tenant):
    tenant, neighbour = new_tenant(shop), new_tenant(shop)
    shop.create(neighbour, "fine")
    assert (of(health(shop, tenant)).calls, of(health(shop, tenant)).p95_us) == (0, None)


def test_a_suspended_applet_is_told_with_its_notice_and_resumed_over_http(shop, client, new_tenant):
    tenant = new_tenant(shop)
    admin = log_in(shop, client, tenant, "kernel.admin")
    fail(shop, tenant)
    answer = client.get("/api/v1/applets/shop/health", headers=admin).json()
    assert (answer["state"], answer["when_suspended"]) == ("suspended", "fail_closed")
    assert answer["notice"].startswith("before_save (shop:misbehave) of shop 1.0.0 failed 5 of 9 calls")
    assert [hook["error"] for hook in answer["hooks"] if hook["function"] == FUNCTION] == ["ValueError: no such luck"]
    refused = client.post("/api/v1/shop/orders", headers=admin, json={"name": "fine"})
    assert problem(refused, 503, "applet_suspended")["detail"].endswith("/api/v1/applets/shop/resume.")
    assert refused.headers["retry-after"] == "30"
    assert client.post("/api/v1/applets/shop/resume", headers=admin).json()["state"] == "running"
    assert client.post("/api/v1/shop/orders", headers=admin, json={"name": "fine"}).status_code == 201
    problem(client.post("/api/v1/applets/shop/resume", headers=admin), 409, "applet_not_suspended")


def test_only_who_may_look_after_applets_may_resume_them(shop, client, new_tenant):
    tenant = new_tenant(shop)
    clerk = log_in(shop, client, tenant, "shop.clerk")
    for method, path in (("GET", "health"), ("POST", "resume")):
        answer = client.request(method, f"/api/v1/applets/shop/{path}", headers=clerk)
        assert answer.status_code == Forbidden.status, path


def test_an_applet_that_is_not_enabled_has_no_health(shop, client, new_tenant):
    tenant = new_tenant(shop)
    admin = log_in(shop, client, tenant, "kernel.admin")
    problem(client.get("/api/v1/applets/shoop/health", headers=admin), 404, "applet_not_running")
    with pytest.raises(AppletNotRunning), shop.kernel.operate(tenant) as ctx:
        resume_applet(ctx, "kernel")


def test_resuming_is_recorded_with_who_did_it(shop, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant)
    with shop.kernel.operate(tenant) as ctx:
        resume_applet(ctx, "shop")
    sql = "SELECT type, actor FROM {t}.events WHERE type LIKE 'kernel.applet.%%' ORDER BY position"
    assert shop.rows(tenant, sql) == [("kernel.applet.suspended", "breaker"), ("kernel.applet.resumed", "operator")]
    with pytest.raises(AppletNotSuspended), shop.kernel.operate(tenant) as ctx:
        resume_applet(ctx, "shop")


def test_one_may_be_stricter_than_the_applet_and_go_back_to_what_it_declares(open_shop_kernel, client, new_tenant):
    house = open_shop_kernel
    tenant = new_tenant(house)
    fail(house, tenant)
    house.create(tenant, "raise")
    with house.kernel.operate(tenant) as ctx:
        assert tighten_applet(ctx, "shop", "fail_closed").when_suspended == "fail_closed"
    with pytest.raises(AppletSuspended):
        house.create(tenant, "raise")
    with house.kernel.operate(tenant) as ctx:
        assert tighten_applet(ctx, "shop", None).when_suspended == "fail_open"
    house.create(tenant, "raise")


def test_what_is_tightened_stays_so_when_it_is_resumed(open_shop_kernel, new_tenant):
    house = open_shop_kernel
    tenant = new_tenant(house)
    with house.kernel.operate(tenant) as ctx:
        tighten_applet(ctx, "shop", "fail_closed")
    fail(house, tenant)
    with house.kernel.operate(tenant) as ctx:
        assert resume_applet(ctx, "shop").when_suspended == "fail_closed"


def test_nobody_may_be_laxer_than_the_applet(shop, client, new_tenant):
    tenant = new_tenant(shop)
    with pytest.raises(CannotLoosen), shop.kernel.operate(tenant) as ctx:
        tighten_applet(ctx, "shop", "fail_open")
    admin = log_in(shop, client, tenant, "kernel.admin")
    path = "/api/v1/applets/shop/when-suspended"
    problem(client.put(path, headers=admin, json={"when_suspended": "fail_open"}), 409, "cannot_loosen")
    problem(client.put(path, headers=admin, json={"when_suspended": "never"}), 422, "invalid_request")
    assert client.put(path, headers=admin, json={"when_suspended": None}).status_code == 200


def test_prometheus_gets_numbers_by_applet_and_hook_and_never_by_tenant(shop, client, new_tenant):
    tenant = new_tenant(shop)
    fail(shop, tenant, "raise", 1)
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("bos_hook_")]
    begins = {line.partition(" ")[0] for line in found}
    assert 'bos_hook_calls_total{applet="shop",hook="before_save",outcome="failed"}' in begins
    assert 'bos_hook_seconds_bucket{applet="shop",hook="before_save",le="0.001"}' in begins
    assert 'bos_hook_database_seconds_total{applet="shop",hook="before_save"}' in begins
    assert len(begins) == len(found)
    assert not any(tenant.name in line or tenant.id in line for line in found)


def test_nothing_is_lost_of_tenants_whose_meters_were_dropped(shop, new_tenant, monkeypatch):
    monkeypatch.setattr(measures, "TENANTS_MAX", 1)
    first, second = new_tenant(shop), new_tenant(shop)
    with beside(shop) as process:
        for tenant in (first, second, first):
            process.create(tenant, "fine")
        figures = [hook_figures(process.kernel, tenant, shop.clock()) for tenant in (first, second)]
    assert [each["shop", "1.0.0", "before_save", FUNCTION].calls for each in figures] == [2, 1]


def test_the_meters_that_are_dropped_are_those_not_used_for_longest(shop, new_tenant, monkeypatch):
    monkeypatch.setattr(measures, "TENANTS_MAX", 2)
    first, second, third = (new_tenant(shop) for _ in range(3))
    with beside(shop) as process:
        process.create(first, "fine")
        process.create(second, "fine")
        process.kernel.breaker.measures.flush()
        process.create(first, "fine")
        process.kernel.breaker.measures.flush()
        process.create(third, "fine")
        assert set(process.kernel.breaker.measures.tenants) == {first.id, third.id}


@pytest.mark.parametrize("name", ["bos-watchdog", "bos-measures"])
def test_a_thread_that_cannot_begin_leaves_no_call_behind(shop, new_tenant, monkeypatch, name):
    """As there are too many of them, or as the interpreter ends."""
    tenant, start, refused = new_tenant(shop), threading.Thread.start, [True]

    def begin(thread):
        if thread.name == name and refused:
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", begin)
    with beside(shop) as process:
        with pytest.raises(HookFailed):
            process.create(tenant, "fine")
        assert process.kernel.breaker._watchdog.spans == {}
        process.create(tenant, "fine")
    assert shop.orders(tenant) == ["fine"]
