-- Token buckets of API callers. Unlogged: a crash fills them all, which harms nobody, and no request waits for a disk.
CREATE UNLOGGED TABLE {p}.rate_buckets (
    key text PRIMARY KEY,
    per_second double precision NOT NULL,
    burst double precision NOT NULL,
    tokens double precision NOT NULL,
    granted integer NOT NULL,
    refilled_at timestamptz NOT NULL
);

-- What a tenant has used of a limit that counts within a period ('2026-11'). Reserved in blocks, so a little ahead.
CREATE TABLE {p}.usage (
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    measure text NOT NULL,
    period text NOT NULL,
    used bigint NOT NULL,
    granted bigint NOT NULL DEFAULT 0,
    level text NOT NULL DEFAULT 'ok' CHECK (level IN ('ok', 'warning', 'reached')),
    PRIMARY KEY (tenant_id, measure, period)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON {p}.rate_buckets, {p}.usage TO {app};
