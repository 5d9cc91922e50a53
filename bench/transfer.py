"""export.copy, export.csv, import.rows, export.rss and import.rss: customers in and out as files, beside bare COPY."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.house import House, Tenant
from bench.rounds import Effort, say

DOCUMENTS = 1_000_000
IMPORTED = 200_000
TYPE = "parties.customer"
# What is promised; the figure's "raw" beside the memory that was used.
MEMORY_MIB_MAX = 300.0

# Ids in the order of creation, as version 7 has them.
_FILL = """
INSERT INTO "{schema}".documents
       (id, type, version, schema_version, data, created_at, created_by, updated_at, updated_by)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{type}', 1, 1, jsonb_build_object(
           'code', 'C' || lpad(n::text, 7, '0'), 'name', 'Customer number ' || n,
           'email', 'accounts@c' || n || '.example', 'phone', '+99 ' || n, 'payment_terms_days', 30,
           'tax_ids', jsonb_build_array(jsonb_build_object('kind', 'vat', 'number', 'XX' || n)),
           'addresses', jsonb_build_array(jsonb_build_object('kind', 'billing', 'is_default', true,
               'street', n || ' Station Road', 'city', 'Westhaven', 'postal_code', '4021'))),
       now(), 'bench', now(), 'bench'
  FROM generate_series(1, {count}) AS n
"""


def transfers(house: House, effort: Effort) -> list[Figure]:
    """Speeds in documents a second, then the memory of a process of its own for each direction."""
    count = effort.rows(DOCUMENTS)
    full, empty = house.tenant("exporter"), house.tenant("importer")
    _fill(house, full, count)
    rounds = max(1, min(3, effort.repeats))
    source = house.folder / "customers.jsonl"
    bare = partial(_copy, house, full, house.folder / "bare.copy")
    jsonl = partial(_run, house, full, "export", source)
    csv = partial(_run, house, full, "export", house.folder / "customers.csv")
    figures = [
        _compare("export.copy", jsonl, bare, count, rounds, "COPY of the same rows to a file by psycopg"),
        _compare("export.csv", csv, bare, count, rounds, "COPY of the same rows to a file by psycopg"),
    ]
    exported = _run(house, full, "export", source)
    figures.append(_memory("export.rss", exported["rss_mib"], count))
    imported = _run(house, empty, "import", _first(source, effort.rows(IMPORTED)))
    speed = imported["documents"] / imported["seconds"]
    written = _load(house, full, empty, effort.rows(IMPORTED))
    figures.append(Figure("import.rows", "/s", [speed], [written], "INSERT … SELECT of as many documents and events"))
    figures.append(_memory("import.rss", imported["rss_mib"], imported["documents"]))
    return figures


def _fill(house: House, tenant: Tenant, count: int) -> None:
    started = time.monotonic()
    with house.connect() as connection:
        connection.execute(_FILL.format(schema=tenant.schema, type=TYPE, count=count))
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".documents')
    say(f"  {count} customers in {time.monotonic() - started:.0f} s")


def _compare(
    name: str, ours: Callable[[], Any], raw: Callable[[], float], count: int, rounds: int, beside: str
) -> Figure:
    measured: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        measured[0].append(count / ours()["seconds"])
        measured[1].append(count / raw())
        say(f"  {name} {number + 1}/{rounds}: {measured[0][-1]:.0f}/s, raw {measured[1][-1]:.0f}/s")
    return Figure(name, "/s", *measured, beside)


def _memory(name: str, used_mib: float, count: int) -> Figure:
    return Figure(name, "MiB", [used_mib], [MEMORY_MIB_MAX], f"the most it may take; {count} documents")


def _copy(house: House, tenant: Tenant, path: Path) -> float:
    """Seconds of a bare COPY of the rows to a file."""
    sql = f"COPY (SELECT * FROM \"{tenant.schema}\".documents WHERE type = '{TYPE}') TO STDOUT"
    with house.connect() as connection, path.open("wb") as file:
        started = time.perf_counter()
        with connection.cursor().copy(sql) as rows:
            for row in rows:
                file.write(row)
        seconds = time.perf_counter() - started
    path.unlink()
    return seconds


def _run(house: House, tenant: Tenant, direction: str, path: Path) -> dict[str, Any]:
    """One export or import by a process of its own: documents, seconds, the most memory it had."""
    command = [sys.executable, "-m", "bench.transfer_process", house.dsn, tenant.record.name, direction, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _first(source: Path, count: int) -> Path:
    path = source.with_name("first.jsonl")
    with source.open("rb") as lines, path.open("wb") as file:
        for _, line in zip(range(count), lines, strict=False):
            file.write(line)
    return path


def _load(house: House, source: Tenant, target: Tenant, count: int) -> float:
    """Documents a second when PostgreSQL alone copies as many documents, with keys and events, in one transaction."""
    sql = f"""
WITH new AS (
    INSERT INTO "{target.schema}".documents
    SELECT gen_random_uuid(), type, company_id, version, schema_version, state, number, data, created_at, created_by,
           updated_at, updated_by FROM "{source.schema}".documents WHERE type = '{TYPE}' LIMIT {count}
    RETURNING id, type, data, created_at
), key AS (
    INSERT INTO "{target.schema}".keys SELECT 'bench.copy', 'code', id, id::text, id FROM new
)
INSERT INTO "{target.schema}".events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor,
                                      correlation_id, payload)
SELECT gen_random_uuid(), 'bench.copied', type, id, 1, created_at, 'bench', id, jsonb_build_object('diff', data)
  FROM new"""
    with house.connect() as connection:
        started = time.perf_counter()
        connection.execute(sql)
        return count / (time.perf_counter() - started)
