-- The fixed tables of a tenant. {role} is the tenant's role, {app} the login role of requests.
CREATE TABLE {t}.meta (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO {t}.meta VALUES ('generation', 1);

CREATE TABLE {t}.applets (
    name text PRIMARY KEY,
    version text NOT NULL,
    state text NOT NULL CHECK (state IN ('enabled', 'disabled')),
    capabilities text[] NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE {t}.documents (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    company_id uuid,
    version integer NOT NULL,
    schema_version integer NOT NULL,
    state text,
    number text,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamptz
);
CREATE INDEX documents_type ON {t}.documents (type, id);
CREATE INDEX documents_number ON {t}.documents (type, number) WHERE number IS NOT NULL;

-- What x-unique means: the primary key refuses the second document, under any concurrency.
CREATE TABLE {t}.keys (
    type text NOT NULL,
    field text NOT NULL,
    company_id uuid NOT NULL,
    value text COLLATE "C" NOT NULL,
    document_id uuid NOT NULL,
    PRIMARY KEY (type, field, company_id, value)
);
CREATE INDEX keys_document ON {t}.keys (document_id);

CREATE TABLE {t}.links (
    from_id uuid NOT NULL,
    field text NOT NULL,
    to_id uuid NOT NULL,
    PRIMARY KEY (from_id, field, to_id)
);
CREATE INDEX links_to ON {t}.links (to_id);

-- Event store, audit trail and outbox in one; append-only by the rights below.
CREATE TABLE {t}.events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    type text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id uuid NOT NULL,
    version integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor text NOT NULL,
    applet text,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    request jsonb,
    payload jsonb NOT NULL
);
CREATE UNIQUE INDEX events_id ON {t}.events (id);
CREATE INDEX events_aggregate ON {t}.events (aggregate_id, version);

-- Something durable to be done, for one subscriber; done rows are deleted, the receipt stays in inbox.
CREATE TABLE {t}.deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber text NOT NULL,
    event_position bigint NOT NULL,
    event_id uuid NOT NULL,
    aggregate_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    last_error text,
    created_at timestamptz NOT NULL
);
CREATE INDEX deliveries_due ON {t}.deliveries (due_at) WHERE state = 'pending';
CREATE INDEX deliveries_order ON {t}.deliveries (subscriber, aggregate_id, id) WHERE state = 'pending';

CREATE TABLE {t}.inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    processed_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE {t}.movements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    register text NOT NULL,
    company_id uuid NOT NULL,
    document_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    d1 text NOT NULL DEFAULT '', d2 text NOT NULL DEFAULT '', d3 text NOT NULL DEFAULT '', d4 text NOT NULL DEFAULT '',
    d5 text NOT NULL DEFAULT '', d6 text NOT NULL DEFAULT '', d7 text NOT NULL DEFAULT '', d8 text NOT NULL DEFAULT '',
    r1 numeric NOT NULL, r2 numeric, r3 numeric, r4 numeric,
    balanced boolean NOT NULL,
    folded boolean NOT NULL DEFAULT false
);
CREATE INDEX movements_moment ON {t}.movements (register, occurred_at);
CREATE INDEX movements_document ON {t}.movements (document_id);
CREATE INDEX movements_tail ON {t}.movements (id) WHERE NOT folded;

-- Sums per calendar month (UTC); a balance is these plus the movements not folded into them.
CREATE TABLE {t}.totals (
    register text NOT NULL,
    company_id uuid NOT NULL,
    month date NOT NULL,
    d1 text NOT NULL, d2 text NOT NULL, d3 text NOT NULL, d4 text NOT NULL,
    d5 text NOT NULL, d6 text NOT NULL, d7 text NOT NULL, d8 text NOT NULL,
    r1 numeric NOT NULL, r2 numeric, r3 numeric, r4 numeric,
    PRIMARY KEY (register, company_id, month, d1, d2, d3, d4, d5, d6, d7, d8)
);

-- Debit = credit, held where the data is: the movements one statement writes for a document of a balanced register
-- must sum to zero in their first resource, per company.
CREATE FUNCTION {t}.hold_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    SELECT register, document_id, sum(r1) AS rest INTO broken
      FROM written WHERE balanced
     GROUP BY register, document_id, company_id HAVING sum(r1) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'movements of document % in register % do not balance: % is left',
            broken.document_id, broken.register, broken.rest
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'movements_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER movements_balanced AFTER INSERT ON {t}.movements
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION {t}.hold_balance();

CREATE TABLE {t}.series (
    name text NOT NULL,
    company_id uuid NOT NULL,
    period text NOT NULL DEFAULT '',
    value bigint NOT NULL,
    PRIMARY KEY (name, company_id, period)
);

GRANT USAGE ON SCHEMA {t} TO {role}, {app};
-- The first statement of a transaction reads the generation before it has taken the tenant's role.
GRANT SELECT ON {t}.meta TO {app};
GRANT SELECT, UPDATE ON {t}.meta TO {role};
GRANT SELECT, INSERT, UPDATE ON {t}.documents, {t}.applets, {t}.series TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {t}.keys, {t}.links, {t}.deliveries, {t}.inbox, {t}.totals TO {role};
GRANT SELECT, INSERT ON {t}.events, {t}.movements TO {role};
GRANT UPDATE (folded) ON {t}.movements TO {role};
