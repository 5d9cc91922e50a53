"""Tenants through their life, in the default database and in a second one, and what other processes see of it."""

import psycopg
import pytest

from kernel.db.errors import DatabaseUnknown
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.errors import TenantExists, TenantNotSuspended, TenantUnknown
from kernel.tenancy.service import NewTenant, TenantService
from sdk.document_errors import DocumentNotFound
from tests.integration.kernel.rooms.shelf import Shelf, at_once, furnish, make_tenant, open_shelves


@pytest.fixture
def tenants(shelves):
    return TenantService(shelves.database, shelves.directory, shelves.installation)


def names(tenants, **state):
    return [tenant.name for tenant in tenants.directory.list(**state)]


def schemas(kernel, database=None):
    with kernel.database.owner(database) as owner:
        return {name for (name,) in owner.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")}


def test_a_tenant_is_as_it_was_asked_for(shelves, tenants):
    wanted = NewTenant("asked", "Asked For", "CHF", "Europe/Zurich", "de-CH", "large")
    made = tenants.create_tenant(wanted, shelves.clock())
    assert made == tenants.directory.get("asked")
    assert (made.title, made.currency, made.timezone, made.locale, made.plan) == (
        "Asked For", "CHF", "Europe/Zurich", "de-CH", "large",
    )  # fmt: skip
    assert (made.schema, made.state, made.database, made.limits, made.flags) == ("t_asked", "active", None, {}, {})


def test_a_name_is_taken_once(shelves, tenants):
    taken = make_tenant(shelves)
    with pytest.raises(TenantExists) as refused:
        tenants.create_tenant(NewTenant(taken.name, "x"), shelves.clock())
    assert refused.value.code == "tenant_exists"
    with pytest.raises(TenantUnknown):
        tenants.directory.get(taken.name.upper())


def test_of_five_who_make_one_tenant_at_once_one_does(shelves, tenants):
    results = at_once(*[lambda: tenants.create_tenant(NewTenant("contested", "x"), shelves.clock())] * 5)
    assert [type(result) for result in results].count(TenantExists) == 4
    with shelves.operate(tenants.directory.get("contested")) as ctx:
        assert ctx.documents.query("kernel.company").items == ()


def test_the_longest_name_makes_a_tenant_that_works(shelves, tenants):
    name = "a" * 40
    made = tenants.create_tenant(NewTenant(name, "x"), shelves.clock())
    with shelves.operate(made) as ctx:
        assert ctx.tenant.name == name
    tenants.suspend_tenant(name)
    tenants.drop_tenant(name)


def test_suspending_and_resuming_lose_nothing(shelf, tenants):
    shelf.put({"name": "kept"})
    name = shelf.tenant.name
    assert tenants.suspend_tenant(name).state == "suspended"
    assert tenants.suspend_tenant(name).state == "suspended"
    assert name in names(tenants, state="suspended")
    assert name not in names(tenants, state="active")
    assert tenants.resume_tenant(name).state == "active"
    assert shelf.names() == ["kept"]


def test_only_a_suspended_tenant_is_dropped_with_all_it_had(shelves, shelf, tenants):
    tenant = shelf.tenant
    with pytest.raises(TenantNotSuspended):
        tenants.drop_tenant(tenant.name)
    assert tenant.schema in schemas(shelves)
    tenants.suspend_tenant(tenant.name)
    tenants.drop_tenant(tenant.name)
    assert tenant.schema not in schemas(shelves)
    with pytest.raises(TenantUnknown):
        tenants.drop_tenant(tenant.name)
    with pytest.raises(psycopg.Error), shelf.operate():
        pass


def test_a_dropped_tenants_name_is_free_for_one_that_begins_empty(shelves, shelf, tenants):
    (box,) = shelf.put({"name": "old", "code": "A"})
    for _ in range(3):
        shelf.names()
    tenants.suspend_tenant(shelf.tenant.name)
    tenants.drop_tenant(shelf.tenant.name)
    made = tenants.create_tenant(NewTenant(shelf.tenant.name, "again"), shelves.clock())
    assert made.id != shelf.tenant.id
    again = furnish(shelves, made)
    assert again.names() == []
    again.put({"name": "new", "code": "A"})
    assert again.names() == ["new"]
    with again.operate() as ctx:
        with pytest.raises(DocumentNotFound):
            ctx.documents.get("shelf.box", box)
        assert ctx.documents.create("shelf.ticket", {}).number == "T1"


def test_a_tenant_that_was_left_half_made_is_completed_by_migrating(shelves, tenants):
    tenant = make_tenant(shelves)
    with shelves.database.owner() as owner:
        owner.execute(f'DROP SCHEMA "{tenant.schema}" CASCADE')
        owner.execute(f"DROP ROLE {tenant.role}")
    seen = []
    assert tenants.migrate_tenants(seen.append).applied[tenant.name][0] == "0001_tenant"
    assert tenant.name in [each.name for each in seen]
    assert furnish(shelves, tenant).put({})


def test_a_tenant_may_live_in_a_second_database(shelves, tenants):
    tenant = make_tenant(shelves, "second")
    assert tenant.schema in schemas(shelves, "second")
    assert tenant.schema not in schemas(shelves)
    shelf = furnish(shelves, tenant)
    (inner,) = shelf.put({"name": "inner", "code": "A"})
    shelf.put({"name": "outer", "inside": inner, "place": "a"})
    assert shelf.names(sort=["name"]) == ["inner", "outer"]
    with shelf.operate() as ctx:
        assert ctx.documents.create("shelf.ticket", {}).number == "T1"
    assert tenants.migrate_tenants().applied[tenant.name] == []
    tenants.suspend_tenant(tenant.name)
    tenants.drop_tenant(tenant.name)
    assert tenant.schema not in schemas(shelves, "second")
    with pytest.raises(TenantUnknown):
        tenants.directory.get(tenant.name)


def test_tenants_of_two_databases_share_no_name_and_no_documents(shelves, tenants):
    here, there = furnish(shelves, make_tenant(shelves)), furnish(shelves, make_tenant(shelves, "second"))
    (box,) = here.put({"name": "here"})
    assert there.names() == []
    with there.operate() as ctx, pytest.raises(DocumentNotFound):
        ctx.documents.get("shelf.box", box)
    with pytest.raises(TenantExists):
        tenants.create_tenant(NewTenant(here.tenant.name, "x", database="second"), shelves.clock())


def test_a_database_that_is_not_configured_makes_no_tenant(shelves, tenants):
    with pytest.raises(DatabaseUnknown):
        tenants.create_tenant(NewTenant("lost", "x", database="third"), shelves.clock())
    with pytest.raises(TenantUnknown):
        tenants.directory.get("lost")


def test_another_process_follows_with_its_next_transaction(shelves, shelf):
    with open_shelves(shelves.url, shelves.applets_folder) as kernel:
        other = Shelf(kernel, shelf.tenant)
        with other.operate() as ctx:
            generation, companies = ctx.uow.generation, dict(ctx.runtime.companies)
        second = shelf.make_company("Second Ltd")
        with other.operate() as ctx:
            assert ctx.uow.generation > generation
            assert set(ctx.runtime.companies) == {*companies, second}
            assert ctx.documents.create("shelf.note", {}, company_id=second).number == "N-2026-0001"
        with other.operate() as ctx:
            ctx.documents.update("kernel.company", second, {"name": "Renamed Ltd"})
        with shelf.operate() as ctx:
            assert ctx.runtime.companies[second]["name"] == "Renamed Ltd"


def test_a_generation_that_was_rolled_back_is_nobodys(shelf):
    with shelf.operate() as ctx:
        generation, runtime = ctx.uow.generation, ctx.runtime
    with pytest.raises(ZeroDivisionError), shelf.operate() as ctx:
        ctx.documents.create("kernel.company", {"name": "Never Ltd", "currency": "EUR"})
        raise ZeroDivisionError
    with shelf.operate() as ctx:
        assert (ctx.uow.generation, ctx.runtime is runtime) == (generation, True)


def test_a_kernel_without_the_second_database_tells_so_and_serves_the_rest(shelves, shelf):
    there = make_tenant(shelves, "second")
    kernel = build_kernel(Settings(applets_dir=shelves.applets_folder, pool_size_max=2), shelves.url)
    try:
        with pytest.raises(DatabaseUnknown), kernel.operate(there):
            pass
        assert Shelf(kernel, shelf.tenant).names() == []
    finally:
        kernel.close()
