-- What could carry an expression that got into a statement beyond that statement: another role, SQL in a text, objects
-- that stay in the session for the next tenant, locks and messages that outlive the transaction, other sessions. Nobody
-- here calls any of it as the login of requests, so nobody may. Only a superuser can take it away; where the owner is
-- none, these stay as PostgreSQL has them, and the first wall (no such SQL gets in) stands alone.
DO $$
DECLARE
    held record;
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    FOR held IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND (
            p.proname IN ('set_config', 'ts_stat', 'pg_logical_emit_message', 'pg_terminate_backend',
                          'pg_cancel_backend', 'pg_export_snapshot', 'loread', 'lowrite')
            OR (p.proname = 'ts_rewrite' AND 'text'::regtype = ANY (p.proargtypes::oid[]))
            OR p.proname ~ '^(query|cursor|table|schema|database)_to_xml'
            OR p.proname ~ '^lo_'
            OR p.proname ~ '^pg_(try_)?advisory_(un)?lock'
         )
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', held.signature);
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'functions of the system stay open to everybody: %', SQLERRM;
END $$;
