-- The platform schema: the directory of tenants and who may log in. {app} is the login role of requests.
CREATE TABLE {p}.installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id text NOT NULL,
    app_password text NOT NULL,
    token_secret text NOT NULL
);

CREATE TABLE {p}.tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    title text NOT NULL,
    schema_name text NOT NULL UNIQUE,
    role_name text NOT NULL UNIQUE,
    database text,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'dropping')),
    plan text NOT NULL DEFAULT 'standard',
    limits jsonb NOT NULL DEFAULT '{}',
    flags jsonb NOT NULL DEFAULT '{}',
    currency text NOT NULL,
    timezone text NOT NULL,
    locale text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE {p}.users (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    email text NOT NULL CHECK (email = lower(email)),
    name text NOT NULL DEFAULT '',
    password_hash text,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
    created_at timestamptz NOT NULL,
    last_login_at timestamptz,
    UNIQUE (tenant_id, email)
);

CREATE TABLE {p}.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    refresh_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    address text,
    user_agent text
);
CREATE INDEX sessions_user ON {p}.sessions (user_id);

CREATE TABLE {p}.api_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz
);
CREATE INDEX api_keys_user ON {p}.api_keys (user_id);

GRANT USAGE ON SCHEMA {p} TO {app};
GRANT SELECT ON {p}.tenants TO {app};
GRANT SELECT, INSERT, UPDATE ON {p}.users, {p}.sessions, {p}.api_keys TO {app};
