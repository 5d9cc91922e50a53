-- What the hooks of applets have cost, by tenant, function, version and minute, as each process has measured it. Unlogged:
-- a crash forgets how fast something was, and no request waits for a disk.
CREATE UNLOGGED TABLE {p}.hook_measures (
    tenant_id uuid NOT NULL,
    function text NOT NULL,
    version text NOT NULL,
    minute timestamptz NOT NULL,
    process text NOT NULL,
    applet text NOT NULL,
    hook text NOT NULL,
    calls bigint NOT NULL,
    errors bigint NOT NULL,
    over_budget bigint NOT NULL,
    statements bigint NOT NULL,
    seconds double precision NOT NULL,
    database_s double precision NOT NULL,
    buckets bigint[] NOT NULL,
    PRIMARY KEY (tenant_id, function, version, minute, process)
);
CREATE INDEX hook_measures_minute ON {p}.hook_measures (minute);
GRANT SELECT, INSERT, UPDATE, DELETE ON {p}.hook_measures TO {app};
