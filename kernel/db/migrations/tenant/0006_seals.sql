-- The sealed event log: one row per batch of events, chained. Only the owner adds to it, nobody changes it by rights.
CREATE TABLE {t}.seals (
    number bigint PRIMARY KEY,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    events integer NOT NULL,
    root bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    -- Per event, in order: its position, its id, its leaf hash (32 bytes each). With them the event that differs is named.
    positions bigint[] NOT NULL,
    ids uuid[] NOT NULL,
    leaves bytea NOT NULL
);
-- Hashes do not compress.
ALTER TABLE {t}.seals ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX seals_last_position ON {t}.seals (last_position);
GRANT SELECT ON {t}.seals TO {role};

-- Events of a span of time, for lists by time; a few pages however long the log is.
CREATE INDEX events_occurred ON {t}.events USING brin (occurred_at) WITH (pages_per_range = 32);
