"""What SQL could do if it ever got in, under a tenant's role, under the login of requests, inside one expression.

What PostgreSQL refuses stands in REFUSED and HIDDEN. What only the absence of such SQL prevents stands in OPEN, so
that nobody believes in a wall that is not there; docs/security.md says the same in words.
"""

from __future__ import annotations

import psycopg
import pytest

from kernel.db.names import app_role
from tests.acceptance.attacks.world import MARK

# {north}, {south}: schemas. {other}: the role of north. {app}: the login.
REFUSED = [
    # Other people's data.
    "SELECT * FROM {north}.documents", "SELECT * FROM {north}.meta", "UPDATE {north}.meta SET value = 0",
    "INSERT INTO {north}.events DEFAULT VALUES", "SELECT {north}.hold_balance()", "LOCK TABLE {north}.documents",
    "SELECT pg_total_relation_size('{north}.documents')", "SELECT last_value FROM {north}.events_position_seq",
    "SELECT query_to_xml('SELECT 1', true, true, '')", "SELECT table_to_xml('pg_class', true, true, '')",
    "SELECT schema_to_xml('{north}', true, true, '')", "SELECT database_to_xml(true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(data::text) FROM {north}.documents')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')",
    # The platform.
    "SELECT * FROM bos.users", "SELECT * FROM bos.sessions", "SELECT * FROM bos.api_keys", "SELECT * FROM bos.tenants",
    "SELECT * FROM bos.installation", "SELECT * FROM bos.keyring", "SELECT * FROM bos.oauth_clients",
    "SELECT * FROM bos.oauth_grants", "SELECT * FROM bos.oauth_consents", "SELECT * FROM bos.oauth_keys",
    "SELECT * FROM bos.oidc_providers", "SELECT * FROM bos.oidc_links", "SELECT * FROM bos.auth_factors",
    "SELECT * FROM bos.auth_events", "SELECT * FROM bos.auth_challenges", "SELECT * FROM bos.auth_throttles",
    "SELECT * FROM bos.recovery_codes", "SELECT * FROM bos.rate_buckets", "SELECT * FROM bos.usage",
    "SELECT * FROM bos.schema_ledger", "SELECT * FROM {south}.schema_ledger",
    # Another role, as an expression or from a role of the cluster.
    "SELECT set_config('role', '{other}', true)", "SELECT set_config('session_authorization', '{app}', false)",
    "SELECT set_config('statement_timeout', '0', false)",
    "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "SET session_replication_role = replica",
    "GRANT {other} TO CURRENT_USER", "ALTER ROLE {app} PASSWORD 'x'", "CREATE ROLE mine", "ALTER ROLE {other} LOGIN",
    # The history.
    "UPDATE {south}.events SET actor = 'x'", "DELETE FROM {south}.events", "DELETE FROM {south}.documents",
    "TRUNCATE {south}.documents", "INSERT INTO {south}.meta VALUES ('x', 1)",
    "UPDATE {south}.schema_ledger SET step = ''",
    "INSERT INTO {south}.seals (number) VALUES (9)", "SELECT setval('{south}.events_position_seq', 1)",
    "ALTER TABLE {south}.movements DISABLE TRIGGER ALL", "DROP TABLE {south}.events",
    # The machine.
    "COPY (SELECT 1) TO PROGRAM 'true'", "COPY pg_class TO '/tmp/attack'", "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')", "SELECT pg_ls_dir('.')", "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')", "SELECT lo_export(1, '/tmp/attack')", "LOAD 'auto_explain'",
    "CREATE EXTENSION dblink",
    # What would stay behind for the next tenant on this connection, or for everybody.
    "CREATE TEMP TABLE pg_class (a int)", "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine", "CREATE TABLE {south}.mine (a int)",
    "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_creat(-1)",
    "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(1, 2)", "SELECT pg_advisory_unlock_all()",
    "SELECT pg_logical_emit_message(false, 'a', 'b')", "SELECT pg_export_snapshot()",
    "SELECT pg_terminate_backend(1)", "SELECT pg_cancel_backend(1)", "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT * FROM pg_authid", "SELECT * FROM pg_shadow", "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT current_setting('data_directory')", "SELECT * FROM pg_subscription", "SELECT * FROM pg_config",
]  # fmt: skip
# Answered, and nothing in the answer is another tenant's data.
HIDDEN = [
    "SELECT query FROM pg_stat_activity WHERE usename <> USER AND query NOT IN ('<insufficient privilege>', '')",
    "SELECT * FROM pg_stats WHERE schemaname = '{north}'",
    "SELECT * FROM pg_sequences WHERE schemaname = '{north}' AND last_value IS NOT NULL",
    "SELECT * FROM information_schema.tables WHERE table_schema IN ('{north}', 'bos')",
    "SELECT * FROM pg_file_settings WHERE false", "SELECT * FROM pg_user_mappings",
]  # fmt: skip
# Allowed to whoever can send whole statements on this connection. No path of the product sends one it has not written.
OPEN = [
    "RESET ROLE", "SET ROLE NONE", "SET LOCAL ROLE {other}", "SET ROLE {other}", "SET SESSION AUTHORIZATION DEFAULT",
    "SET statement_timeout = 0", "SET search_path = public", "ALTER ROLE CURRENT_USER SET search_path = public",
    "NOTIFY bos_deliveries", "LISTEN bos_deliveries", "DO $$ BEGIN PERFORM 1; END $$", "SELECT pg_sleep(0)",
    "UPDATE {south}.meta SET value = value + 1 WHERE name = 'generation'",
]  # fmt: skip
# Names of tenants, and estimates of how much they have, stand in catalogues that PostgreSQL shows to everybody.
TOLD = [
    "SELECT nspname FROM pg_namespace WHERE nspname = '{north}'",
    "SELECT rolname FROM pg_roles WHERE rolname = '{other}'",
    "SELECT relname FROM pg_class WHERE relnamespace = '{north}'::regnamespace LIMIT 1",
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = '{north}' LIMIT 1",
]  # fmt: skip
# Before it has taken a role, the login reads what a log-in needs, and only that.
REFUSED_TO_THE_LOGIN = [
    "SELECT * FROM bos.installation", "SELECT * FROM bos.keyring", "SELECT * FROM {north}.documents",
    "SELECT * FROM {north}.meta", "SELECT value FROM {south}.meta WHERE name = 'generation'",
    "UPDATE bos.tenants SET state = 'active'", "UPDATE bos.tenants SET limits = '{{}}'", "DELETE FROM bos.tenants",
    "INSERT INTO bos.tenants (name) VALUES ('x')", "DELETE FROM bos.users", "UPDATE bos.users SET tenant_id = id",
    "UPDATE bos.users SET email = 'x'", "UPDATE bos.sessions SET user_id = id", "DELETE FROM bos.sessions",
    "UPDATE bos.api_keys SET user_id = id", "UPDATE bos.api_keys SET scopes = '{{*}}'",
    "UPDATE bos.api_keys SET secret_hash = ''", "UPDATE bos.auth_events SET type = 'x'", "DELETE FROM bos.auth_events",
    "UPDATE bos.oauth_clients SET tenant_id = id", "UPDATE bos.oauth_clients SET user_id = id",
    "UPDATE bos.oauth_clients SET scopes = '{{*}}'", "UPDATE bos.oauth_grants SET user_id = id",
    "UPDATE bos.oauth_grants SET scopes = '{{*}}'", "UPDATE bos.oidc_links SET user_id = user_id",
    "UPDATE bos.oauth_keys SET sealed = ''", "SELECT set_config('role', '{other}', true)",
    "CREATE TEMP TABLE x (a int)",
    "CREATE TABLE bos.x (a int)", "SELECT pg_advisory_lock(1)", "SELECT query_to_xml('SELECT 1', true, true, '')",
    "COPY bos.users TO PROGRAM 'true'", "CREATE ROLE mine", "SELECT lo_create(0)",
]  # fmt: skip


def fill(world, sql):
    names = {"north": world.north.schema, "south": world.south.schema, "other": world.north.role}
    return sql.format(**names, app=app_role(world.kernel.installation.id))


@pytest.mark.parametrize("sql", REFUSED)
def test_postgresql_refuses_it_under_a_tenants_role(world, sql):
    with world.kernel.database.transaction(world.south) as uow, pytest.raises(psycopg.Error) as refused:
        uow.connection.execute(fill(world, sql))
    assert isinstance(refused.value, psycopg.errors.InsufficientPrivilege), refused.value


@pytest.mark.parametrize("sql", HIDDEN)
def test_catalogues_show_no_data_of_others(world, sql):
    with world.kernel.database.transaction(world.south) as uow:
        if "pg_file_settings" in sql:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                uow.connection.execute(sql)
            return
        assert uow.connection.execute(fill(world, sql)).fetchall() == []


@pytest.mark.parametrize("sql", OPEN)
def test_only_the_absence_of_such_sql_prevents_it(world, sql):
    with world.kernel.database.transaction(world.south) as uow:
        uow.connection.execute(fill(world, sql))


@pytest.mark.parametrize("sql", TOLD)
def test_names_of_tenants_are_no_secret_from_the_database(world, sql):
    with world.kernel.database.transaction(world.south) as uow:
        assert len(uow.connection.execute(fill(world, sql)).fetchall()) == 1


@pytest.mark.parametrize("sql", REFUSED_TO_THE_LOGIN)
def test_postgresql_refuses_it_to_the_login_without_a_role(world, sql):
    with world.kernel.database.platform() as uow, pytest.raises(psycopg.errors.InsufficientPrivilege):
        uow.connection.execute(fill(world, sql))


# An expression that got into a statement of ours cannot end it, and within it nothing changes whose rights count.
EXPRESSIONS = [
    "(SELECT count(*) FROM {north}.documents)", "(SELECT max(data::text) FROM {north}.documents)",
    "set_config('role', '{other}', true)", "1; SET ROLE {other}; SELECT 1", "1); RESET ROLE; SELECT (1",
    "(SELECT query_to_xml('SELECT data FROM {north}.documents', true, true, ''))",
    "set_config('role', '{other}', true) || query_to_xml('SELECT data FROM {north}.documents', true, true, '')::text",
    "(SELECT word FROM ts_stat('SELECT to_tsvector(data::text) FROM {north}.documents') LIMIT 1)",
    "current_setting('role', true) || (SELECT max(value) FROM {north}.meta)",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_in_a_statement_of_ours_stays_in_its_tenant(world, expression):
    with world.kernel.database.transaction(world.south) as uow, pytest.raises(psycopg.Error) as refused:
        uow.execute(f"SELECT id, {fill(world, expression)} FROM {{t}}.documents WHERE type = %s", ["vault.item"])
    assert isinstance(refused.value, psycopg.errors.InsufficientPrivilege | psycopg.errors.SyntaxError)
    assert MARK not in str(refused.value)


def test_whoever_takes_a_role_in_vain_has_it_no_longer_in_the_next_transaction(world):
    for sql in OPEN:
        with world.kernel.database.transaction(world.south) as uow:
            uow.connection.execute(fill(world, sql))
        with world.kernel.database.transaction(world.south) as uow:
            assert uow.execute("SELECT current_user, current_setting('search_path')").fetchone() == (
                world.south.role, "pg_catalog",
            )  # fmt: skip
