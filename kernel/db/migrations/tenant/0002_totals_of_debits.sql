-- Sums of the positive movements alone: with them a debit and a credit column need no movements (credit = p - r).
ALTER TABLE {t}.totals ADD COLUMN p1 numeric NOT NULL DEFAULT 0, ADD COLUMN p2 numeric, ADD COLUMN p3 numeric,
    ADD COLUMN p4 numeric;
