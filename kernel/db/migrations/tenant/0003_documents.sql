-- Archived documents stay where they are, out of people's lists; nullable, so adding it rewrites no row.
ALTER TABLE {t}.documents ADD COLUMN archived_at timestamptz;
