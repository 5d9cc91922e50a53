"""Asserts of the shared contract tell what differed, as those of test modules do."""

import pytest

PARTS = ("actions", "applets", "documents", "events", "queries", "references", "registers", "world")
pytest.register_assert_rewrite(*(f"tests.contract.kernel_{part}" for part in PARTS))
