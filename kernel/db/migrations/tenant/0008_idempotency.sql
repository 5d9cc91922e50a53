-- Answers to requests that carried an Idempotency-Key. Who inserts the row holds it until the commit, so a duplicate
-- waits for the answer of the first. Unfinished rows are never seen: they commit with their answer or not at all.
CREATE TABLE {t}.idempotency (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    created_at timestamptz NOT NULL,
    status smallint,
    headers jsonb,
    body bytea,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created ON {t}.idempotency (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON {t}.idempotency TO {role};
