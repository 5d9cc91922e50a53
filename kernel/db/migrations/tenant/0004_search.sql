-- What is found by text: a projection of the documents, written in the background and rebuilt at will.
-- text: one line per searchable field, in the order of the type's declaration. shape: which declaration that was.
CREATE TABLE {t}.search (
    document_id uuid PRIMARY KEY,
    type text NOT NULL,
    shape integer NOT NULL,
    version integer NOT NULL,
    words tsvector NOT NULL,
    text text NOT NULL
);
CREATE INDEX search_words ON {t}.search USING gin (words);
GRANT SELECT, INSERT, UPDATE, DELETE ON {t}.search TO {role};
-- search_position: every event up to it is in the index. search_shape: for which declarations all of it was built.
INSERT INTO {t}.meta VALUES ('search_position', 0), ('search_shape', 0);

-- Without pg_trgm (a step of the platform makes it) search still works, without tolerance for typos.
DO $$
DECLARE
    home text;
BEGIN
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_trgm';
    IF home IS NOT NULL THEN
        EXECUTE format('CREATE INDEX search_text ON {t}.search USING gin (text %I.gin_trgm_ops)', home);
    END IF;
END $$;
