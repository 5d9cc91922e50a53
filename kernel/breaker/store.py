"""All SQL of the breaker: how applets stand with a tenant, and what was measured of their hooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from kernel.breaker.suspensions import Standing
from kernel.db.unit_of_work import UnitOfWork

_READ = """
SELECT version, suspensions FROM {t}.applets
 WHERE name = %s AND state = 'enabled' AND version = coalesce(%s, version) FOR UPDATE
"""
_WRITE = "UPDATE {t}.applets SET suspensions = %s::jsonb WHERE name = %s"
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"

# Of tenants that are still there: one may have been dropped since its hooks were called.
_ADD_MEASURES = """
INSERT INTO {p}.hook_measures AS m (tenant_id, function, minute, process, applet, version, hook, calls, errors,
                                    over_budget, statements, seconds, database_s, buckets)
SELECT g.tenant_id, g.function, g.minute, g.process, g.applet, g.version, g.hook, g.calls, g.errors, g.over_budget,
       g.statements, g.seconds, g.database_s, ARRAY(SELECT jsonb_array_elements_text(g.buckets)::bigint)
  FROM jsonb_to_recordset(%s::jsonb) AS g (tenant_id uuid, function text, minute timestamptz, process text, applet text,
       version text, hook text, calls bigint, errors bigint, over_budget bigint, statements bigint,
       seconds double precision, database_s double precision, buckets jsonb)
  JOIN {p}.tenants t ON t.id = g.tenant_id
ON CONFLICT (tenant_id, function, version, minute, process) DO UPDATE SET
    calls = m.calls + excluded.calls, errors = m.errors + excluded.errors,
    over_budget = m.over_budget + excluded.over_budget, statements = m.statements + excluded.statements,
    seconds = m.seconds + excluded.seconds, database_s = m.database_s + excluded.database_s,
    buckets = ARRAY(SELECT a + b FROM unnest(m.buckets, excluded.buckets) WITH ORDINALITY AS u (a, b, n) ORDER BY n)
"""
_READ_MEASURES = """
SELECT applet, version, hook, function, calls, errors, over_budget, statements, seconds, database_s, buckets
  FROM {p}.hook_measures
 WHERE tenant_id = %s AND minute >= %s AND (%s::text IS NULL OR applet = %s) ORDER BY function, version
"""
_FORGET_MEASURES = "DELETE FROM {p}.hook_measures WHERE minute < %s"


def lock_standing(uow: UnitOfWork, applet: str, version: str | None = None) -> Standing | None:
    """How an applet stands, held until the transaction ends; None when it is not enabled, or not in this version."""
    row = uow.execute(_READ, [applet, version]).fetchone()
    return Standing.read(applet, row[0], row[1]) if row else None


def write_standing(uow: UnitOfWork, standing: Standing) -> None:
    """In force everywhere with the next transaction after this one's commit."""
    value = standing.as_json()
    uow.execute(_WRITE, [orjson.dumps(value).decode() if value else None, standing.applet])
    uow.execute(_RAISE_GENERATION)


def add_measures(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    uow.execute(_ADD_MEASURES, [orjson.dumps(rows).decode()])


def read_measures(uow: UnitOfWork, tenant_id: str, since: datetime, applet: str | None) -> list[tuple[Any, ...]]:
    return uow.execute(_READ_MEASURES, [tenant_id, since, applet, applet]).fetchall()


def forget_measures(uow: UnitOfWork, before: datetime) -> None:
    uow.execute(_FORGET_MEASURES, [before])
