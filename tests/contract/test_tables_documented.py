"""A tenant's tables are few, and each is named where the architecture is explained."""

import re
from pathlib import Path

from kernel.db.migrate import steps

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
TABLES_MAX = 20
NUMBERS = {17: "Seventeen", 18: "Eighteen", 19: "Nineteen", 20: "Twenty"}
MADE = re.compile(r"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?\{t\}\.(\w+)")


def made_tables():
    """The ledger of steps is made before the first of them."""
    return {"schema_ledger"}.union(*(MADE.findall(step.read_text()) for step in steps("tenant")))


def test_every_table_of_a_tenant_is_named_and_counted():
    text = ARCHITECTURE.read_text()
    section = text[text.index("## A tenant's tables") : text.index("## Generations")]
    listed = section.split("\n\n")[1]
    assert set(re.findall(r"`([a-z_]+)`", listed)) == made_tables()
    assert listed.startswith(NUMBERS[len(made_tables())])


def test_there_are_no_more_of_them_than_the_budget_allows():
    assert len(made_tables()) <= TABLES_MAX
