-- OAuth 2.1: programs that act for users, what users let them do, and providers of identities users log in with.
CREATE TABLE {p}.oauth_clients (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('public', 'confidential')),
    secret_hash bytea,
    redirect_uris text[] NOT NULL,
    grant_types text[] NOT NULL,
    scopes text[] NOT NULL,
    resources text[] NOT NULL,
    user_id uuid REFERENCES {p}.users (id) ON DELETE CASCADE,
    may_introspect boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    revoked_at timestamptz,
    CHECK ((kind = 'confidential') = (secret_hash IS NOT NULL)),
    CHECK (('client_credentials' = ANY (grant_types)) <= (kind = 'confidential' AND user_id IS NOT NULL))
);
CREATE INDEX oauth_clients_tenant ON {p}.oauth_clients (tenant_id);

-- One row is one family: the code, its access tokens and the refresh token of the day live and die with it.
CREATE TABLE {p}.oauth_grants (
    id uuid PRIMARY KEY,
    client_id uuid NOT NULL REFERENCES {p}.oauth_clients (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    grant_type text NOT NULL CHECK (grant_type IN ('authorization_code', 'client_credentials')),
    scopes text[] NOT NULL,
    resource text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    authenticated_at timestamptz,
    nonce text,
    redirect_uri text,
    code_challenge text,
    code_hash bytea,
    code_used_at timestamptz,
    refresh_hash bytea
);
CREATE INDEX oauth_grants_client ON {p}.oauth_grants (client_id, user_id);
CREATE INDEX oauth_grants_user ON {p}.oauth_grants (user_id);

CREATE TABLE {p}.oauth_consents (
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    client_id uuid NOT NULL REFERENCES {p}.oauth_clients (id) ON DELETE CASCADE,
    scopes text[] NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

-- Keys ID tokens are signed with; the private half is sealed.
CREATE TABLE {p}.oauth_keys (
    id text PRIMARY KEY,
    sealed bytea NOT NULL,
    public jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE TABLE {p}.oidc_providers (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,39}$'),
    title text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    sealed_secret bytea,
    links_by_email boolean NOT NULL,
    creates_users boolean NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (tenant_id, name)
);

-- Who a provider's subject is here. The issuer, not the provider's row: an identity outlives a setting.
CREATE TABLE {p}.oidc_links (
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES {p}.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, issuer, subject)
);
CREATE INDEX oidc_links_user ON {p}.oidc_links (user_id);

-- No row changes hands: whose a client, grant or link is, the login can set once only.
GRANT SELECT, INSERT ON {p}.oauth_clients, {p}.oauth_keys TO {app};
GRANT UPDATE (secret_hash, revoked_at) ON {p}.oauth_clients TO {app};
GRANT UPDATE (retired_at) ON {p}.oauth_keys TO {app};
GRANT SELECT, INSERT, DELETE ON {p}.oauth_grants, {p}.oauth_consents, {p}.oidc_providers, {p}.oidc_links TO {app};
GRANT UPDATE (expires_at, revoked_at, code_used_at, refresh_hash) ON {p}.oauth_grants TO {app};
GRANT UPDATE (scopes, given_at) ON {p}.oauth_consents TO {app};
GRANT UPDATE (used_at) ON {p}.oidc_links TO {app};
