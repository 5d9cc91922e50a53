"""docs/sandbox.md has the table of allowed calls as it is."""

from pathlib import Path

from sandbox.lockdown.listing import allowed_calls
from sandbox.lockdown.rules import LOADING, SEALED

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "sandbox.md"


def test_the_document_lists_exactly_the_allowed_calls():
    assert allowed_calls() in DOCUMENT.read_text(encoding="utf-8")


def test_each_rule_is_one_row():
    head, rule, *rows = allowed_calls().splitlines()
    assert head == "| call | where | answer | why |"
    assert rule == "|---|---|---|---|"
    assert len(rows) == len(LOADING) > len(SEALED)
    assert sum("while loading" in row for row in rows) == len(LOADING) - len(SEALED)
