-- Versions side by side: which release a tenant runs, which one it ran before, and how far its documents have come.
-- lens_version: the newest release it ever ran, as only that one's lenses know every version its documents may have.
-- unswept: document types of which others than the present version may be stored.
ALTER TABLE {t}.applets DROP CONSTRAINT applets_state_check;
ALTER TABLE {t}.applets ADD CONSTRAINT applets_state_check
    CHECK (state IN ('installed', 'enabled', 'disabled', 'uninstalled'));
ALTER TABLE {t}.applets ADD COLUMN previous_version text, ADD COLUMN lens_version text,
    ADD COLUMN unswept text[] NOT NULL DEFAULT '{}', ADD COLUMN pinned_to text, ADD COLUMN plan text,
    ADD COLUMN suspensions jsonb, ADD COLUMN stubs jsonb;

-- What the present version of a document's type has no place for; it comes back with the version that has.
ALTER TABLE {t}.documents ADD COLUMN kept jsonb;
