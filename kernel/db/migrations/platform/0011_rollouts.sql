-- Rollouts: a release of an applet brought to some tenants first, then to more. What was done stands in the rows, so that
-- whoever goes on after a crash, in any process, knows where.
CREATE TABLE {p}.rollouts (
    id uuid PRIMARY KEY,
    applet text NOT NULL,
    version text NOT NULL,
    stages double precision[] NOT NULL,
    limits jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'paused', 'rolling_back', 'halted', 'done')),
    stage integer NOT NULL DEFAULT 0,
    -- Since when all tenants of the stage run the release; none while some are still waiting.
    held_since timestamptz,
    reason text,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    ended_at timestamptz
);
-- Two releases of one applet cannot both be tried out: nobody could tell which one is at fault.
CREATE UNIQUE INDEX rollouts_open ON {p}.rollouts (applet) WHERE ended_at IS NULL;

-- known_guards: broken before the move already. dead_before: deliveries that had been given up by then.
CREATE TABLE {p}.rollout_tenants (
    rollout_id uuid NOT NULL REFERENCES {p}.rollouts (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES {p}.tenants (id) ON DELETE CASCADE,
    stage integer NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'moving', 'moved', 'left_out', 'failed', 'rolled_back', 'stuck')),
    from_version text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    plan text,
    known_guards text[] NOT NULL DEFAULT '{}',
    dead_before integer NOT NULL DEFAULT 0,
    moved_at timestamptz,
    looked_at timestamptz,
    reason text,
    PRIMARY KEY (rollout_id, tenant_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON {p}.rollouts, {p}.rollout_tenants TO {app};
