-- How far a tenant's schema has come, beside the tenant, where every request reads it anyway: one that lags behind the
-- code is refused until it is migrated. steps: how many its ledger holds.
ALTER TABLE {p}.tenants ADD COLUMN steps integer NOT NULL DEFAULT 0, ADD COLUMN migrated_at timestamptz,
    ADD COLUMN migration_error text;

-- Tenants' roles call the functions of this schema. Granted once to all: one entry for each tenant would be a list in
-- one row that grows with every tenant, and that only one at a time could change. It opens no table.
GRANT USAGE ON SCHEMA {p} TO PUBLIC;
DO $$
DECLARE
    held record;
BEGIN
    FOR held IN SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
                 WHERE n.nspname = '{p}' AND r.oid <> n.nspowner AND r.rolname <> '{app}' LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA {p} FROM %I', held.rolname);
    END LOOP;
END $$;

-- Extensions are made once a database, so that tenants made at the same moment need not wait for each other to do it.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA {p};
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created: %', SQLERRM;
END $$;
