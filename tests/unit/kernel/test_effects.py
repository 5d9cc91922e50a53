"""Which statements may change or lock something: in doubt all of them."""

from __future__ import annotations

import pytest

from kernel.db.unit_of_work import has_effect


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, updated_at, deleted_at FROM {t}.documents WHERE id = %s",
        "\n WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a",
        "SELECT value FROM {t}.meta WHERE name = 'generation'",
    ],
)
def test_reading_is_no_effect(sql):
    assert not has_effect(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {t}.inbox VALUES (1)",
        "UPDATE {t}.meta SET value = 1",
        "delete from {t}.keys",
        "SELECT id FROM {t}.documents WHERE id = %s FOR NO KEY UPDATE",
        "SELECT id FROM {t}.documents WHERE id = %s FOR UPDATE OF d SKIP LOCKED",
        "SELECT id FROM {t}.documents WHERE id = %s FOR SHARE",
        "SELECT id FROM {t}.documents WHERE id = %s FOR  KEY\n SHARE",
        "WITH doc AS (INSERT INTO {t}.documents SELECT 1) SELECT 1",
        "SELECT pg_advisory_xact_lock(%s)",
        "SELECT pg_try_advisory_xact_lock(%s)",
        "SELECT pg_notify(%s, %s)",
        "SELECT nextval('x')",
        "LOCK TABLE {t}.documents",
        "REFRESH MATERIALIZED VIEW x",
    ],
)
def test_what_writes_or_locks_is_one(sql):
    assert has_effect(sql)
