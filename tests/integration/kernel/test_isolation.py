"""What a tenant's role may touch. The second wall: even SQL gone wrong inside a request stays inside its tenant."""

import psycopg
import pytest

from kernel.db.names import app_role


def relations(connection, schema):
    """Tables and views of a schema, whoever asks."""
    rows = connection.execute(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND relkind IN ('r', 'v', 'm', 'p')",
        [schema],
    )
    return [name for (name,) in rows]


ATTEMPTS = (
    'SELECT count(*) FROM "{schema}"."{table}"',
    'DELETE FROM "{schema}"."{table}"',
    'LOCK TABLE "{schema}"."{table}"',
    'TRUNCATE "{schema}"."{table}"',
    'DROP TABLE "{schema}"."{table}"',
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_tenants_role_reaches_no_table_of_another_tenant_or_the_platform(kernel, new_tenant, attempt):
    mine, other = new_tenant(), new_tenant()
    with kernel.database.owner() as owner:
        targets = [(s, t) for s in (other.schema, "bos") for t in relations(owner, s)]
    assert len(targets) > 15
    for schema, table in targets:
        with kernel.database.transaction(mine) as uow, pytest.raises(psycopg.errors.InsufficientPrivilege):
            uow.connection.execute(attempt.format(schema=schema, table=table))


def test_a_tenants_role_may_write_its_own_documents(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        created = ctx.documents.create("kernel.notification", {"title": "hello"})
        assert ctx.documents.get("kernel.notification", created.id)["title"] == "hello"


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "{schema}".events SET actor = $$nobody$$',
        'DELETE FROM "{schema}".events',
        'UPDATE "{schema}".movements SET r1 = 0',
        'DELETE FROM "{schema}".movements',
        'DELETE FROM "{schema}".documents',
        'CREATE TABLE "{schema}".mine (id int)',
        "CREATE ROLE mine",
        "CREATE SCHEMA mine",
        "COPY pg_class TO PROGRAM 'true'",
    ],
)
def test_history_is_append_only_by_the_databases_rights(kernel, tenant, statement):
    with kernel.database.transaction(tenant) as uow, pytest.raises(psycopg.errors.InsufficientPrivilege):
        uow.connection.execute(statement.format(schema=tenant.schema))


def test_the_login_role_of_requests_owns_nothing_and_is_nobody_special(kernel, tenant):
    role = app_role(kernel.installation.id)
    with kernel.database.owner() as owner:
        flags = owner.execute(
            "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
            " WHERE rolname = %s",
            [role],
        ).fetchone()
        owned = owner.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [role]).fetchone()
    assert flags == (False, False, False, False, False, False)
    assert owned == (0,)


def test_before_it_takes_a_role_a_request_reads_nothing_of_a_tenant(kernel, tenant):
    with kernel.database.owner() as owner:
        tables = relations(owner, tenant.schema)
    assert "documents" in tables
    for table in tables:
        with kernel.database.platform() as uow, pytest.raises(psycopg.errors.InsufficientPrivilege):
            uow.execute(f'SELECT 1 FROM "{tenant.schema}"."{table}"')


def test_a_tenants_role_cannot_log_in(kernel, tenant):
    with kernel.database.owner() as owner:
        row = owner.execute("SELECT rolcanlogin, rolinherit FROM pg_roles WHERE rolname = %s", [tenant.role]).fetchone()
    assert row == (False, False)


def test_the_role_of_a_transaction_ends_with_it(kernel, tenant):
    role = app_role(kernel.installation.id)
    for _ in range(3):
        with kernel.database.transaction(tenant) as uow:
            assert uow.execute("SELECT current_user").fetchone() == (tenant.role,)
        with kernel.database.platform() as uow:
            assert uow.execute("SELECT current_user").fetchone() == (role,)
