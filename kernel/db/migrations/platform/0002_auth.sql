-- Second factors, rotation of tokens, throttling, and the record of who came in.
ALTER TABLE {p}.installation
    -- What keys are derived from; 244 random bits, readable by the owner alone, like the whole table.
    ADD COLUMN root_secret text NOT NULL
        DEFAULT encode(sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea), 'hex'),
    ADD COLUMN previous_token_secret text,
    ADD COLUMN previous_token_until timestamptz;

-- methods: what was proven when the session was opened or stepped up; nothing, until somebody says what.
ALTER TABLE {p}.sessions
    ADD COLUMN methods text[] NOT NULL DEFAULT '{}',
    ADD COLUMN authenticated_at timestamptz,
    ADD COLUMN is_enrolling boolean NOT NULL DEFAULT false,
    ADD COLUMN previous_hash bytea,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN revoked_because text;
UPDATE {p}.sessions SET methods = '{password}', authenticated_at = created_at;

CREATE TABLE {p}.auth_factors (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('totp', 'webauthn')),
    name text NOT NULL,
    secret bytea,
    used_step bigint,
    credential_id bytea UNIQUE,
    public_key bytea,
    sign_count bigint,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    used_at timestamptz,
    CHECK (kind <> 'totp' OR secret IS NOT NULL),
    CHECK (kind <> 'webauthn' OR (credential_id IS NOT NULL AND public_key IS NOT NULL AND sign_count >= 0))
);
CREATE INDEX auth_factors_user ON {p}.auth_factors (user_id);

CREATE TABLE {p}.recovery_codes (
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

-- What was asked and waits for its answer; a row is taken out when it is answered.
CREATE TABLE {p}.auth_challenges (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    user_id uuid REFERENCES {p}.users (id) ON DELETE CASCADE,
    secret_hash bytea NOT NULL,
    nonce bytea,
    expires_at timestamptz NOT NULL
);
CREATE INDEX auth_challenges_user ON {p}.auth_challenges (user_id);
CREATE INDEX auth_challenges_expiry ON {p}.auth_challenges (expires_at);

-- key: a hash of what is counted, so that whoever was mistyped is not kept here.
CREATE TABLE {p}.auth_throttles (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    failed_at timestamptz NOT NULL,
    free_at timestamptz NOT NULL
);
CREATE INDEX auth_throttles_age ON {p}.auth_throttles (failed_at);

-- Append only. user_id and actor_id stay when a user is gone.
CREATE TABLE {p}.auth_events (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    user_id uuid,
    actor_id text,
    session_id uuid,
    address text,
    user_agent text,
    request_id text,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX auth_events_tenant ON {p}.auth_events (tenant_id, id);
CREATE INDEX auth_events_user ON {p}.auth_events (user_id, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON {p}.auth_factors, {p}.auth_challenges, {p}.auth_throttles TO {app};
GRANT SELECT, INSERT, DELETE ON {p}.recovery_codes TO {app};
GRANT UPDATE (used_at) ON {p}.recovery_codes TO {app};
GRANT SELECT, INSERT ON {p}.auth_events TO {app};

-- No row changes hands: whose a session or key is, and of which tenant a user is, the login can set once only.
REVOKE UPDATE ON {p}.users, {p}.sessions, {p}.api_keys FROM {app};
GRANT UPDATE (name, password_hash, state, last_login_at) ON {p}.users TO {app};
GRANT UPDATE (
    refresh_hash, previous_hash, rotated_at, used_at, expires_at, revoked_at, revoked_because, methods,
    authenticated_at, is_enrolling
) ON {p}.sessions TO {app};
GRANT UPDATE (revoked_at, used_at) ON {p}.api_keys TO {app};
