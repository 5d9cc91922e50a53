"""Tenants are made, brought up to date and dropped; by several processes at once, and from wherever one stopped."""

import threading

import psycopg
import pytest

from kernel.tenancy.errors import TenantDropping, TenantInvalid, TenantNameInvalid, TenantUnknown
from kernel.tenancy.service import NewTenant


def at_once(count, work):
    """Errors of `work(number)` in so many threads."""
    errors, barrier = [], threading.Barrier(count)

    def run(number):
        barrier.wait(timeout=30)
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


def schemas(kernel):
    with kernel.database.owner() as owner:
        return {name for (name,) in owner.execute("SELECT nspname FROM pg_namespace")}


def leave_half_dropped(kernel, tenant):
    """As a crash does right after the schema is gone."""
    with kernel.database.owner() as owner:
        owner.execute("UPDATE bos.tenants SET state = 'dropping' WHERE id = %s", [tenant.id])
        owner.execute(f'DROP SCHEMA "{tenant.schema}" CASCADE')


def test_tenants_can_be_made_at_the_same_moment(kernel, tenants):
    assert at_once(6, lambda number: tenants.create_tenant(NewTenant(f"once{number}", "x"), kernel.clock())) == []
    for number in range(6):
        tenant = kernel.directory.get(f"once{number}")
        with kernel.operate(tenant) as ctx:
            assert ctx.documents.query("kernel.company").items == ()


def test_two_processes_that_start_at_once_bring_a_tenant_up_to_date_once(kernel, tenants, new_tenant):
    tenant = new_tenant()
    with kernel.database.owner() as owner:
        owner.execute(f'DROP SCHEMA "{tenant.schema}" CASCADE')
        owner.execute(f"DROP ROLE {tenant.role}")
    applied = []
    assert at_once(4, lambda _: applied.append(tenants.migrate_tenant(tenant))) == []
    assert len([steps for steps in applied if steps]) == 1


def test_what_is_half_dropped_is_not_brought_back(kernel, tenants, new_tenant):
    tenant = new_tenant()
    leave_half_dropped(kernel, tenant)
    for verb in (tenants.resume_tenant, tenants.suspend_tenant):
        with pytest.raises(TenantDropping):
            verb(tenant.name)
    assert tenant.name not in tenants.migrate_tenants().applied
    assert tenant.schema not in schemas(kernel)


def test_a_drop_that_stopped_half_way_is_finished_by_the_next(kernel, tenants, new_tenant):
    tenant = new_tenant()
    leave_half_dropped(kernel, tenant)
    tenants.drop_tenant(tenant.name)
    with pytest.raises(TenantUnknown):
        kernel.directory.get(tenant.name)
    with kernel.database.owner() as owner:
        assert owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [tenant.role]).fetchone() is None


def test_a_drop_that_fails_leaves_the_schema_as_it_was(kernel, tenants, new_tenant):
    tenant = new_tenant()
    tenants.suspend_tenant(tenant.name)
    with kernel.database.owner() as owner:
        owner.execute(f"GRANT SELECT ON bos.tenants TO {tenant.role}")
        with pytest.raises(psycopg.errors.DependentObjectsStillExist):
            tenants.drop_tenant(tenant.name)
        assert tenant.schema in schemas(kernel)
        owner.execute(f"REVOKE SELECT ON bos.tenants FROM {tenant.role}")
    tenants.drop_tenant(tenant.name)
    assert tenant.schema not in schemas(kernel)


@pytest.mark.parametrize("name", ["", "Acme", "1a", "a-b", "a\n", "a b", "a" * 41, "a;drop"])
def test_a_name_that_cannot_be_part_of_a_schemas_is_refused(kernel, tenants, name):
    with pytest.raises(TenantNameInvalid):
        tenants.create_tenant(NewTenant(name, "x"), kernel.clock())


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"timezone": ""}, "/timezone"),
        ({"currency": "euro"}, "/currency"),
        ({"currency": ""}, "/currency"),
    ],
)
def test_what_would_fail_with_every_request_is_refused_before_anything_is_made(kernel, tenants, given, pointer):
    with pytest.raises(TenantInvalid) as refused:
        tenants.create_tenant(NewTenant("nowhere", "x", **given), kernel.clock())
    assert [violation.pointer for violation in refused.value.violations] == [pointer]
    with pytest.raises(TenantUnknown):
        kernel.directory.get("nowhere")
