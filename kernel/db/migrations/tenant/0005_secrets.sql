-- The tenant's keys, none of them in the clear. data: encrypts fields and wraps the keys of events, blind: of the blind
-- index, both wrapped by the master key; subject: of the personal values of one event, whose id it has, wrapped by a
-- data key. A key that was destroyed leaves its row behind: that it was, and when, is no secret.
CREATE TABLE {t}.cipher_keys (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('data', 'blind', 'subject')),
    subject_id uuid CHECK ((subject_id IS NOT NULL) = (kind = 'subject')),
    wrapped bytea,
    wrapped_by text NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX cipher_keys_active ON {t}.cipher_keys (kind) WHERE kind <> 'subject' AND retired_at IS NULL;
CREATE INDEX cipher_keys_subject ON {t}.cipher_keys (subject_id) WHERE kind = 'subject';

GRANT SELECT, INSERT ON {t}.cipher_keys TO {role};
GRANT UPDATE (wrapped, wrapped_by, retired_at, destroyed_at) ON {t}.cipher_keys TO {role};
