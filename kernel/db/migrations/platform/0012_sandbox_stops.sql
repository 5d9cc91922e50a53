-- Sandboxed applets that are switched off: all of them, an applet, one version of it, or for one tenant. Every process
-- reads all rows once a second; there are few, or somebody is busy with nothing else.
CREATE TABLE {p}.sandbox_stops (
    id uuid PRIMARY KEY,
    applet text,
    version text CHECK (version IS NULL OR applet IS NOT NULL),
    tenant_id uuid REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    reason text NOT NULL CHECK (length(reason) <= 500),
    -- What the worker sent last, where that is why; bounded, since whoever sent it decided what it is.
    evidence text NOT NULL DEFAULT '' CHECK (length(evidence) <= 16000),
    at timestamptz NOT NULL,
    by text NOT NULL
);
-- Many processes may find out the same at once.
CREATE UNIQUE INDEX sandbox_stops_scope
    ON {p}.sandbox_stops (coalesce(applet, ''), coalesce(version, ''), coalesce(tenant_id::text, ''));
GRANT SELECT, INSERT, DELETE ON {p}.sandbox_stops TO {app};
