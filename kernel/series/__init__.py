"""Number series. Owns the table series. Imports kernel.db. Verbs: `next_number`, `NumberBlocks.take`."""
