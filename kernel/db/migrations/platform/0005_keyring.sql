-- Keys of the platform, each wrapped by the master key; the one that is not retired seals. Requests have no right here:
-- the key is read once per process, on the owner's connection.
CREATE TABLE {p}.keyring (
    id uuid PRIMARY KEY,
    wrapped bytea NOT NULL,
    wrapped_by text NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
CREATE UNIQUE INDEX keyring_active ON {p}.keyring ((true)) WHERE retired_at IS NULL;
