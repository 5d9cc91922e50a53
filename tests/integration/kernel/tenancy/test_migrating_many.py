"""Many tenants brought up to date at once: whoever fails, fails alone, is told, and is refused until it is mended."""

import pytest

from kernel.db.errors import SchemaBehind
from kernel.db.migrate import hold_migration_lock, steps
from kernel.tenancy.errors import TenantUnknown
from kernel.tenancy.service import TenantService
from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves

STEP = "0002_totals_of_debits"
COUNT = len(steps("tenant"))
THOUSAND = 1_000


@pytest.fixture
def owner(shelves):
    with shelves.database.owner() as connection:
        yield connection


def fall_behind(owner, tenant, *, is_broken=False):
    """As an older version of Bos left it; broken: what the step adds is there already."""
    if not is_broken:
        columns = ", ".join(f"DROP COLUMN p{number}" for number in range(1, 5))
        owner.execute(f'ALTER TABLE "{tenant.schema}".totals {columns}')
    owner.execute(f'DELETE FROM "{tenant.schema}".schema_ledger WHERE step = %s', [STEP])
    owner.execute("UPDATE bos.tenants SET steps = steps - 1 WHERE id = %s", [tenant.id])


def mend(owner, tenant):
    owner.execute(f'INSERT INTO "{tenant.schema}".schema_ledger (step) VALUES (%s)', [STEP])


def noted(owner, tenant):
    return owner.execute("SELECT steps, migration_error FROM bos.tenants WHERE id = %s", [tenant.id]).fetchone()


def test_a_new_tenant_has_had_every_step(shelves, owner):
    tenant = make_tenant(shelves)
    assert (tenant.steps, noted(owner, tenant)) == (COUNT, (COUNT, None))


def test_who_fails_stops_nobody_else_and_is_told_why(shelves, tenants, owner):
    good, bad, last = make_tenant(shelves), make_tenant(shelves), make_tenant(shelves, "second")
    fall_behind(owner, good)
    fall_behind(owner, bad, is_broken=True)
    report = tenants.migrate_tenants(jobs=2)
    assert report.applied[good.name] == [STEP]
    assert report.applied[last.name] == []
    assert list(report.failed) == [bad.name]
    assert "already exists" in report.failed[bad.name]
    assert f"in step {STEP}" in report.failed[bad.name]
    assert noted(owner, good) == (COUNT, None)
    assert noted(owner, bad) == (COUNT - 1, report.failed[bad.name])
    mend(owner, bad)
    assert tenants.migrate_tenants().failed == {}
    assert noted(owner, bad) == (COUNT, None)


def test_who_is_behind_is_refused_until_it_is_up_to_date_and_the_others_are_served(shelves, tenants, owner):
    behind, other = furnish(shelves, make_tenant(shelves)), furnish(shelves, make_tenant(shelves))
    fall_behind(owner, behind.tenant)
    behind.tenant = tenants.directory.get(behind.tenant.name)
    with pytest.raises(SchemaBehind) as refused:
        behind.put({})
    assert (refused.value.code, refused.value.status) == ("schema_behind", 503)
    assert other.put({})
    assert tenants.migrate_tenants(names=[behind.tenant.name]).applied == {behind.tenant.name: [STEP]}
    behind.tenant = tenants.directory.get(behind.tenant.name)
    assert behind.put({})


def test_who_is_ahead_is_served(shelves, tenants, owner):
    shelf = furnish(shelves, make_tenant(shelves))
    owner.execute("UPDATE bos.tenants SET steps = steps + 1 WHERE id = %s", [shelf.tenant.id])
    shelf.tenant = tenants.directory.get(shelf.tenant.name)
    assert shelf.put({})


def test_what_was_compiled_of_the_tables_as_they_were_is_compiled_anew(shelves, tenants, owner):
    shelf = furnish(shelves, make_tenant(shelves))
    with shelf.operate() as ctx:
        generation = ctx.uow.generation
    fall_behind(owner, shelf.tenant)
    tenants.migrate_tenant(shelf.tenant)
    tenants.migrate_tenant(shelf.tenant)
    with shelf.operate() as ctx:
        assert ctx.uow.generation == generation + 1


def test_a_rehearsal_says_what_is_missing_and_changes_nothing(shelves, tenants, owner):
    tenant = make_tenant(shelves)
    fall_behind(owner, tenant)
    for _ in range(2):
        assert tenants.migrate_tenants(names=[tenant.name], is_rehearsal=True).applied == {tenant.name: [STEP]}
    assert noted(owner, tenant) == (COUNT - 1, None)
    tenants.migrate_tenant(tenant)


def test_nobody_waits_for_another_tenants_schema(shelves, tenants, owner):
    held, free = make_tenant(shelves), make_tenant(shelves)
    fall_behind(owner, free)
    with owner.transaction():
        hold_migration_lock(owner, held.schema)
        hold_migration_lock(owner)
        assert tenants.migrate_tenants(names=[free.name]).applied == {free.name: [STEP]}
        assert make_tenant(shelves).steps == COUNT


def test_each_tenant_is_told_as_it_is_done(shelves, tenants):
    made, seen = [make_tenant(shelves).name for _ in range(5)], []
    tenants.migrate_tenants(lambda tenant: seen.append(tenant.name), jobs=3, names=made)
    assert sorted(seen) == sorted(made)


def test_who_is_up_to_date_by_the_directory_is_not_even_asked(shelves, tenants):
    tenant = make_tenant(shelves)
    assert tenants.migrate_tenants(names=[tenant.name], is_hurried=True).outcomes == []


def test_a_name_nobody_has_is_refused(tenants):
    with pytest.raises(TenantUnknown):
        tenants.migrate_tenants(names=["nobody"])


def test_the_platforms_schema_names_no_tenants_role(shelves, owner):
    make_tenant(shelves)
    held = owner.execute(
        "SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'bos' AND r.oid <> n.nspowner"
    ).fetchall()
    assert held == [(f"bos_{shelves.installation.id}_app",)]


@pytest.mark.slow
def test_a_thousand_tenants_are_made_and_looked_through(empty_database, tmp_path):
    """Rows alone, as a crash leaves them: one run makes all the schemas, the next finds nothing to do."""
    with open_shelves(empty_database(), tmp_path / "applets", data_dir=tmp_path / "data") as kernel:
        service = TenantService(kernel.database, kernel.directory, kernel.installation)
        with kernel.database.owner() as owner:
            owner.execute(
                "INSERT INTO bos.tenants (id, name, title, schema_name, role_name, currency, timezone, locale,"
                " created_at) SELECT gen_random_uuid(), 'n' || i, 'x', 't_n' || i, 'bos_' || %s || '_t_n' || i, 'EUR',"
                " 'UTC', 'en', now() FROM generate_series(1, %s) i",
                [kernel.installation.id, THOUSAND],
            )
        report = service.migrate_tenants(jobs=4)
        assert (len(report.outcomes), report.failed) == (THOUSAND, {})
        assert {len(steps) for steps in report.applied.values()} == {COUNT}
        again = service.migrate_tenants(jobs=4)
        assert set(map(tuple, again.applied.values())) == {()}
        assert service.migrate_tenants(is_hurried=True).outcomes == []
        with kernel.operate(kernel.directory.get("n1000")) as ctx:
            assert ctx.documents.create("kernel.company", {"name": "Last Ltd", "currency": "EUR"}).version == 1
