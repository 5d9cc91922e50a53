-- Every release of an applet that was ever enabled or installed here: what runs for one tenant may be gone from the disk,
-- and a rollback must find it. One version has one content, for good.
CREATE TABLE {p}.releases (
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    version text NOT NULL,
    digest text NOT NULL,
    source text NOT NULL CHECK (source IN ('shipped', 'installed')),
    bundle bytea NOT NULL,
    stored_at timestamptz NOT NULL,
    stored_by text NOT NULL,
    PRIMARY KEY (name, version)
);
-- The bundle is compressed already.
ALTER TABLE {p}.releases ALTER COLUMN bundle SET STORAGE EXTERNAL;

-- Plans, so that what was looked at is what is applied. digest: a function of the tenant's state and the releases.
CREATE TABLE {p}.plans (
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    digest text NOT NULL,
    request jsonb NOT NULL,
    body jsonb NOT NULL,
    position bigint NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    applied_at timestamptz,
    applied_by text,
    PRIMARY KEY (tenant_id, digest)
);
GRANT SELECT, INSERT, UPDATE ON {p}.releases, {p}.plans TO {app};
GRANT DELETE ON {p}.plans TO {app};
