"""Migrations: each step once, however often and by however many they are run; and what the code believes of tables."""

import psycopg
import pytest
from sqlalchemy.dialects import postgresql

from kernel.db.migrate import fill_names, migrate_platform, steps
from kernel.documents.tables import documents
from kernel.tenancy.service import TenantService
from tests.integration.kernel.rooms.shelf import at_once

COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a
 WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
TABLES = {
    "applets", "cipher_keys", "deliveries", "documents", "events", "idempotency", "inbox", "keys", "links", "meta",
    "movements", "schema_ledger", "seals", "search", "series", "totals", "transfers",
}  # fmt: skip


def migrate(url):
    with psycopg.connect(url, autocommit=True) as connection:
        return migrate_platform(connection)


def ledger(connection, schema):
    return [step for (step,) in connection.execute(f'SELECT step FROM "{schema}".schema_ledger ORDER BY step')]


@pytest.fixture
def bare(empty_database):
    return empty_database()


def test_a_database_is_migrated_once_and_stays_the_installation_it_became(bare):
    first = migrate(bare)
    again = migrate(bare)
    assert (first.id, first.token_secret) == (again.id, again.token_secret)
    with psycopg.connect(bare) as connection:
        assert ledger(connection, "bos") == [path.stem for path in steps("platform")]
        assert connection.execute("SELECT count(*) FROM bos.installation").fetchone() == (1,)


def test_processes_that_start_at_once_on_an_empty_database_agree(bare):
    results = at_once(*[lambda: migrate(bare)] * 4)
    assert len({result.id for result in results}) == 1
    assert len({result.token_secret for result in results}) == 1


def test_an_installation_does_not_print_its_secret(bare):
    made = migrate(bare)
    assert made.token_secret not in repr(made)


def test_two_databases_are_two_installations(bare, empty_database):
    assert migrate(bare).id != migrate(empty_database()).id


def test_a_tenant_has_its_tables_and_every_step_once(shelf):
    with shelf.kernel.database.owner() as owner:
        found = owner.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = %s::regnamespace",
            [shelf.tenant.schema],
        ).fetchall()
        assert {name for (name,) in found} == TABLES
        assert ledger(owner, shelf.tenant.schema) == [path.stem for path in steps("tenant")]


def test_migrating_what_is_up_to_date_does_nothing(shelf):
    shelf.put({"name": "kept"})
    kernel = shelf.kernel
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    assert service.migrate_tenant(shelf.tenant) == []
    assert set(map(tuple, service.migrate_tenants().applied.values())) == {()}
    assert shelf.names() == ["kept"]


def test_a_step_a_tenant_has_not_had_is_applied_beside_its_data(shelf):
    shelf.put({"name": "kept"})
    kernel, schema = shelf.kernel, shelf.tenant.schema
    with kernel.database.owner() as owner:
        owner.execute(f'ALTER TABLE "{schema}".totals DROP COLUMN p1, DROP COLUMN p2, DROP COLUMN p3, DROP COLUMN p4')
        owner.execute(f"DELETE FROM \"{schema}\".schema_ledger WHERE step = '0002_totals_of_debits'")
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    results = at_once(*[lambda: service.migrate_tenant(shelf.tenant)] * 3)
    assert sorted(results) == [[], [], ["0002_totals_of_debits"]]
    assert shelf.names() == ["kept"]


def test_a_step_that_fails_leaves_nothing_and_is_not_recorded(shelf):
    kernel, schema = shelf.kernel, shelf.tenant.schema
    with kernel.database.owner() as owner:
        owner.execute(f"DELETE FROM \"{schema}\".schema_ledger WHERE step = '0002_totals_of_debits'")
        service = TenantService(kernel.database, kernel.directory, kernel.installation)
        with pytest.raises(psycopg.errors.DuplicateColumn):
            service.migrate_tenant(shelf.tenant)
        assert "0002_totals_of_debits" not in ledger(owner, schema)
        owner.execute(f"INSERT INTO \"{schema}\".schema_ledger (step) VALUES ('0002_totals_of_debits')")
    assert shelf.names() == []


def test_the_columns_the_code_composes_queries_of_are_those_of_the_database(shelf):
    with shelf.kernel.database.owner() as owner:
        found = owner.execute(COLUMNS, [f"{shelf.tenant.schema}.documents"]).fetchall()
    dialect = postgresql.dialect()
    believed = [
        (column.name, column.type.compile(dialect=dialect).lower(),
         not column.nullable)
        for column in documents.columns
    ]  # fmt: skip
    assert believed == found


@pytest.mark.parametrize("name", ["a-b", "A", "", "a b", 'a"b', "1a", "a" * 64, "a;b"])
def test_only_plain_identifiers_are_put_into_sql(name):
    with pytest.raises(ValueError, match="identifier"):
        fill_names("{t}", {"t": name})


def test_braces_that_are_no_names_stay():
    assert fill_names("'{}' {t}.x '{\"a\": 1}'", {"t": "t_a"}) == "'{}' t_a.x '{\"a\": 1}'"
