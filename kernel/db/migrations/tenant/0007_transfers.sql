-- Imports and exports under way and lately done. `progress` is written in the transaction of the batch it counts, and
-- only by the `holder`: whoever has lost it commits nothing any more. `place`: who works on it, the worker or a command.
CREATE TABLE {t}.transfers (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('import', 'export')),
    place text NOT NULL CHECK (place IN ('worker', 'command')),
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    type text NOT NULL,
    request jsonb NOT NULL,
    progress jsonb NOT NULL DEFAULT '{}',
    actor jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    holder text,
    leased_until timestamptz,
    error jsonb
);
CREATE INDEX transfers_open ON {t}.transfers (created_at) WHERE state IN ('waiting', 'running');
GRANT SELECT, INSERT, UPDATE, DELETE ON {t}.transfers TO {role};
