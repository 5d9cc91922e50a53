-- Folding updates the same rows again and again: with room on their pages no update moves to another page, and a
-- trial balance reads a tenth of the pages.
ALTER TABLE {t}.totals SET (fillfactor = 40);
