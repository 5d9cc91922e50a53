"""How much a tenant may keep."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.limits.errors import LimitUnknown, TenantLimitReached
from kernel.limits.measures import Measure, Usage
from kernel.limits.quotas import Quotas
from kernel.limits.service import measure_usage, set_limits, watch_usage
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant
from tests.integration.kernel.limits.conftest import Caller

_numbers = itertools.count(1)


@pytest.fixture
def tenant(house):
    return house.make_tenant(f"q{next(_numbers)}")


def limit(house, tenant, **limits):
    set_limits(house.kernel.database, tenant, limits)
    return house.kernel.directory.get(tenant.name)


def create_until_refused(house, tenant, most=100):
    for made in range(most):
        try:
            house.create(tenant)
        except TenantLimitReached as refused:
            return made, refused
    return most, None


def warnings(house, tenant):
    return [title for (title,) in house.rows(tenant, _NOTIFICATIONS)]


_NOTIFICATIONS = "SELECT data->>'title' FROM {t}.documents WHERE type = 'kernel.notification' ORDER BY id"


def test_no_more_documents_are_made_in_a_month_than_may_be(house, tenant):
    house.create(tenant)
    tenant = limit(house, tenant, documents_per_month=7)
    made, refused = create_until_refused(house, tenant)
    assert made == 6, "what was there before the limit counts"
    assert refused.code == "tenant_limit_reached"
    assert refused.details["limit"] == "documents_per_month"
    assert refused.details["used"] == 7


def test_the_next_month_begins_anew(house, tenant):
    tenant = limit(house, tenant, documents_per_month=2)
    assert create_until_refused(house, tenant)[0] == 2
    house.clock.advance(days=31)
    assert create_until_refused(house, tenant)[0] == 2


def test_processes_together_stay_within_the_limit(house, tenant):
    tenant = limit(house, tenant, documents_per_month=30)
    processes = [Quotas({}, house.kernel.database) for _ in range(3)]

    def make(turn):
        with house.kernel.operate(tenant) as ctx:
            try:
                processes[turn % 3].admit_document(ctx.uow, "shop.order", ctx.now)
            except TenantLimitReached:
                return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        admitted = sum(pool.map(make, range(60)))
    # Blocks shrink towards the limit, so that at most a document or two of another process's block are left over.
    assert 28 <= admitted <= 30


def test_a_tenant_that_waits_for_its_count_keeps_no_other_waiting(house, tenant):
    other = limit(house, house.make_tenant(f"q{next(_numbers)}"), documents_per_month=1000)
    tenant = limit(house, tenant, documents_per_month=1)
    house.create(other)
    house.create(tenant)
    with house.kernel.database.platform() as uow, ThreadPoolExecutor(2) as pool:
        uow.execute("UPDATE {p}.usage SET used = used WHERE tenant_id = %s", [tenant.id])
        waiting = pool.submit(create_until_refused, house, tenant, 1)
        wait_until_blocked(uow)
        assert pool.submit(house.create, other).result(5)
        uow.rollback()
        assert waiting.result(5)[1].details["limit"] == "documents_per_month"


def wait_until_blocked(uow):
    """Until somebody waits for what this transaction holds."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    while not uow.execute(asked).fetchone()[0]:
        uow.execute("SELECT pg_stat_clear_snapshot()")


def test_a_refused_document_leaves_nothing(house, tenant):
    tenant = limit(house, tenant, documents_per_month=0)
    assert create_until_refused(house, tenant)[0] == 0
    assert house.orders(tenant) == []


def test_a_tenant_without_limits_counts_nothing(house, tenant):
    house.create(tenant)
    with house.kernel.database.glance() as uow:
        assert uow.execute("SELECT count(*) FROM {p}.usage WHERE tenant_id = %s", [tenant.id]).fetchone() == (0,)


def test_companies_are_limited_by_the_plan(house):
    wanted = NewTenant(f"q{next(_numbers)}", "Small", plan="small")
    tenant = house.tenants.create_tenant(wanted, house.clock())
    with house.kernel.operate(tenant) as ctx:
        first = ctx.documents.create("kernel.company", {"name": "One", "currency": "EUR"})
    with pytest.raises(TenantLimitReached) as refused, house.kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": "Two", "currency": "EUR"})
    assert refused.value.details == {"limit": "companies", "maximum": 1, "used": 1}
    with house.kernel.operate(tenant) as ctx:
        ctx.documents.delete("kernel.company", first.id)
        ctx.documents.create("kernel.company", {"name": "Two", "currency": "EUR"})
    with pytest.raises(TenantLimitReached), house.kernel.operate(tenant) as ctx:
        ctx.documents.restore("kernel.company", first.id)


def test_two_who_add_the_last_company_at_once_do_not_both_succeed(house, tenant):
    tenant = limit(house, tenant, companies=1)

    def add(name):
        try:
            with house.kernel.operate(tenant) as ctx:
                ctx.documents.create("kernel.company", {"name": name, "currency": "EUR"})
        except TenantLimitReached:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, ("One", "Two", "Three", "Four"))) == 1


def test_users_are_limited_over_http(house, app):
    tenant = limit(house, house.make_tenant(f"q{next(_numbers)}"), users=2)
    client = Caller(house, tenant, app).client()
    second = client.post("/api/v1/users", json={"email": "second@acme.example"})
    assert second.status_code == 201
    refused = client.post("/api/v1/users", json={"email": "third@acme.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_limit_reached")
    path = f"/api/v1/users/{second.json()['id']}"
    assert client.patch(path, json={"state": "suspended"}).status_code == 200
    assert client.post("/api/v1/users", json={"email": "third@acme.example"}).status_code == 201
    assert client.patch(path, json={"state": "active"}).json()["code"] == "tenant_limit_reached"


def test_a_tenant_that_keeps_too_much_reads_and_deletes_but_writes_no_more(house, tenant):
    id = house.create(tenant, "big")
    tenant = limit(house, tenant, storage_mib=0)
    told = watch_usage(house.kernel, tenant)
    assert [usage.level for usage in told] == ["reached"]
    tenant = house.kernel.directory.get(tenant.name)
    for verb in (
        lambda ctx: ctx.documents.create("shop.order", {"name": "more"}),
        lambda ctx: ctx.documents.update("shop.order", id, {"name": "bigger"}),
    ):
        with pytest.raises(TenantLimitReached) as refused, house.kernel.operate(tenant) as ctx:
            verb(ctx)
        assert refused.value.details["limit"] == "storage_mib"
    with house.kernel.operate(tenant) as ctx:
        assert ctx.documents.get("shop.order", id)["name"] == "big"
        ctx.documents.delete("shop.order", id)
    watch_usage(house.kernel, limit(house, tenant, storage_mib=100_000))
    house.create(house.kernel.directory.get(tenant.name), "again")


def test_administrators_are_warned_at_80_percent_once_and_at_the_limit_once(house, tenant):
    tenant = limit(house, tenant, documents_per_month=10)
    for _ in range(7):
        house.create(tenant)
    watch_usage(house.kernel, tenant)
    assert warnings(house, tenant) == []
    house.create(tenant)
    watch_usage(house.kernel, tenant)
    watch_usage(house.kernel, tenant)
    assert warnings(house, tenant) == ["80 % of documents_per_month"]
    create_until_refused(house, tenant)
    watch_usage(house.kernel, tenant)
    assert warnings(house, tenant) == ["80 % of documents_per_month", "The limit documents_per_month is reached"]


def test_watching_reads_none_of_the_documents(house, tenant):
    tenant = limit(house, tenant, documents_per_month=1000)
    for _ in range(3):
        house.create(tenant)
    scans = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE relid = %s::regclass"
    with house.kernel.operate(tenant) as ctx:
        plans = house.kernel.quotas.plans
        for is_estimate, used, reads in ((True, 50, 1), (False, 3, 2)):
            before = ctx.uow.execute(scans, [f"{tenant.schema}.documents"]).fetchone()[0]
            found = {usage.measure: usage.used for usage in measure_usage(ctx, plans, is_estimate=is_estimate)}
            after = ctx.uow.execute(scans, [f"{tenant.schema}.documents"]).fetchone()[0]
            assert (found[Measure.DOCUMENTS], after - before) == (used, reads)


def test_the_api_says_what_is_used(house, app):
    tenant = limit(house, house.make_tenant(f"q{next(_numbers)}"), documents_per_month=10)
    house.create(tenant)
    answer = Caller(house, tenant, app).client().get("/api/v1/limits")
    shown = {item["limit"]: item for item in answer.json()["items"]}
    month = house.clock().strftime("%Y-%m")
    assert shown["documents_per_month"] == {
        "limit": "documents_per_month", "used": 1, "maximum": 10, "period": month, "level": "ok",
    }  # fmt: skip
    assert shown["companies"]["maximum"] is None
    assert set(shown) == {"companies", "users", "documents_per_month", "storage_mib"}


def test_a_misspelt_limit_is_refused_wherever_it_stands(house, tenant, empty_database):
    with pytest.raises(LimitUnknown):
        set_limits(house.kernel.database, tenant, {"documents": 5, "users": 1})
    assert house.kernel.directory.get(tenant.name).limits == {}
    with pytest.raises(LimitUnknown):
        build_kernel(Settings(plans={"small": {"user": 5}}), empty_database())


@pytest.mark.parametrize(
    ("used", "maximum", "level"),
    [(0, 0, "reached"), (7, 10, "ok"), (8, 10, "warning"), (9, 10, "warning"), (10, 10, "reached"), (5, None, "ok")],
)
def test_the_level_follows_the_share(used, maximum, level):
    assert Usage(Measure.USERS, used, maximum).level == level
