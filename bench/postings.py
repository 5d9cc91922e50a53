"""trial_balance: the report over a million postings, beside hand-written SQL over the postings themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg

from bench.figures import Figure
from bench.house import House, Tenant
from bench.load import Connection
from bench.rounds import Effort, Work, compare, say
from bench.traffic import Load, Step, open_servers
from kernel.registers.service import fold

POSTINGS = 1_000_000
ACCOUNTS, MONTHS = 500, 24
SINCE, AT = "2025-01-01", "2025-12-31"
PATH = f"/api/v1/reports/ledger.trial_balance?since={SINCE}&at={AT}"
# What upkeep folds at once; the rest goes faster in large bites.
FOLD_BATCH, REST_BATCH = 5_000, 50_000

# Two postings an entry, one debit and one credit of different accounts, spread over 24 months.
_POSTINGS = """
INSERT INTO {schema}.movements (register, company_id, document_id, occurred_at, d1, d2, d3, d4, r1, r2, balanced)
SELECT 'ledger.postings', %(company)s::uuid, md5(entry::text)::uuid,
       timestamptz '2024-01-01 00:00+00'
         + make_interval(months => (entry %% %(months)s)::int, days => (entry * 7 %% 28)::int),
       (%(accounts)s::text[])[1 + (entry / %(months)s * 31 + side * 17) %% cardinality(%(accounts)s::text[])],
       'EUR', %(journal)s, '', amount * (1 - 2 * side), amount * (1 - 2 * side), true
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS entry, generate_series(0, 1) AS side,
       LATERAL (SELECT (entry * 7919 %% 1000000 + 1) / 100.0 AS amount) AS a
"""
_RAW = """
SELECT d1, sum(r1) FILTER (WHERE occurred_at < %(since)s),
       sum(r1) FILTER (WHERE occurred_at >= %(since)s AND r1 > 0),
       -sum(r1) FILTER (WHERE occurred_at >= %(since)s AND r1 < 0), sum(r1)
  FROM {schema}.movements WHERE register = 'ledger.postings' AND occurred_at < %(until)s GROUP BY d1
"""
_TOTALS = """
SELECT d1, sum(r1) FILTER (WHERE month < %(since)s), sum(p1) FILTER (WHERE month >= %(since)s),
       sum(p1 - r1) FILTER (WHERE month >= %(since)s), sum(r1)
  FROM {schema}.totals WHERE register = 'ledger.postings' AND month < %(until)s GROUP BY d1
"""
_VALUES = {"since": "2025-01-01", "until": "2026-01-01"}


class BalancesDiffer(Exception):
    """The report and the hand-written SQL do not agree."""


def trial_balance(house: House, effort: Effort) -> list[Figure]:
    """The report over HTTP, computed each time; what SQL over the totals takes; and the answer that is kept."""
    tenant = house.tenant("books")
    count = effort.rows(POSTINGS)
    _fill(house, tenant, count)
    folded = _measure_fold(house, tenant, effort)
    with (
        open_servers(house.dsn, house.folder) as ports,
        Load(ports, tenant.key) as load,
        Load(ports, tenant.token) as keeping,
    ):
        _check_same(house, tenant, ports[0])
        steps: list[Step] = [("GET", PATH, "")]
        figures = [folded]
        of_postings = _selecting(house, tenant, _RAW)
        for name, asking, raw, beside in (
            ("trial_balance", load, of_postings, "psycopg, GROUP BY over the postings"),
            ("trial_balance.totals", load, _selecting(house, tenant, _TOTALS), "psycopg, GROUP BY over the totals"),
            ("trial_balance.kept", keeping, of_postings, "psycopg, GROUP BY over the postings"),
        ):
            ours = partial(_asking, asking, steps)
            figures.append(compare(name, ours, raw, effort, unit="ms", beside=beside, first=1))
    return figures[1:] + figures[:1]


def _asking(load: Load, steps: Sequence[Step], count: int) -> float:
    return load.run(steps, count, 1)


def _fill(house: House, tenant: Tenant, count: int) -> None:
    started = time.monotonic()
    accounts = _accounts(house, tenant)
    step = 100_000
    with house.connect() as connection:
        journal = connection.execute(
            f"SELECT id FROM \"{tenant.schema}\".documents WHERE type = 'ledger.journal' LIMIT 1"
        ).fetchone()
        assert journal is not None
        values = {
            "company": tenant.business.company_id, "accounts": accounts, "journal": journal[0], "months": MONTHS,
        }  # fmt: skip
        for first in range(1, count // 2 + 1, step):
            last = min(first + step - 1, count // 2)
            connection.execute(_for(tenant, _POSTINGS), {**values, "first": first, "last": last})
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".movements')
    say(f"  {count} postings of {len(accounts)} accounts in {time.monotonic() - started:.0f} s")


def _accounts(house: House, tenant: Tenant) -> list[str]:
    """Ids of 500 accounts, most of them made here."""
    with house.kernel.operate(tenant.record) as ctx:
        found = ctx.documents.query("ledger.account", sort=("code",), limit=ACCOUNTS).items
        present = [account for account in found if not account.get("is_group")]
        made = [
            ctx.documents.create("ledger.account", {"code": f"9{n:04}", "name": f"Cost {n}", "account_type": "expense"})
            for n in range(ACCOUNTS - len(present))
        ]
        return [account.id for account in (*present, *made)]


def _measure_fold(house: House, tenant: Tenant, effort: Effort) -> Figure:
    """Some batches of the size upkeep folds, beside marking as many rows and no more; then all the rest at once."""
    rates: list[float] = []
    marks: list[float] = []
    started = time.monotonic()
    with house.connect() as connection:
        for _ in range(effort.repeats):
            marks.append(_per_second(_mark_once(connection, _for(tenant, _MARK))))
            rates.append(_per_second(_fold_once(house, tenant, FOLD_BATCH)))
    fold_all(house, tenant)
    say(f"  folded in {time.monotonic() - started:.0f} s")
    return Figure("fold", "rows/s", rates, marks, f"psycopg, marking {FOLD_BATCH} rows as folded")


def fold_all(house: House, tenant: Tenant) -> None:
    """Everything that is not folded yet, and the statistics PostgreSQL would have by and by."""
    while _fold_once(house, tenant, REST_BATCH)[0] == REST_BATCH:
        pass
    with house.connect() as connection:
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".movements')
        connection.execute(f'VACUUM ANALYZE "{tenant.schema}".totals')


def _per_second(done: tuple[int, float]) -> float:
    return done[0] / done[1]


_MARK = """
UPDATE {schema}.movements SET folded = true
 WHERE id IN (SELECT id FROM {schema}.movements WHERE NOT folded ORDER BY id LIMIT %s)
"""


def _mark_once(connection: psycopg.Connection[Any], sql: str) -> tuple[int, float]:
    """Rows and seconds. Undone outside of the time, as the rows are yet to be folded; a rollback costs no flush."""
    started = time.perf_counter()
    connection.execute("BEGIN")
    count = connection.execute(sql, [FOLD_BATCH]).rowcount
    seconds = time.perf_counter() - started
    connection.execute("ROLLBACK")
    return count, seconds


def _fold_once(house: House, tenant: Tenant, batch: int) -> tuple[int, float]:
    """Rows and seconds."""
    started = time.perf_counter()
    with house.kernel.operate(tenant.record) as ctx:
        count = fold(ctx.uow, batch=batch)
    return count, time.perf_counter() - started


def _check_same(house: House, tenant: Tenant, port: int) -> None:
    with closing(Connection(port, tenant.key)) as connection:
        report = json.loads(connection.ask(b"GET", PATH.encode(), b""))
    ours = {key: Decimal(report["totals"][key]) for key in ("debit", "credit", "closing")}
    with house.connect() as bare:
        for sql in (_RAW, _TOTALS):
            rows = bare.execute(_for(tenant, sql), _VALUES).fetchall()
            sums = [sum((row[n] or Decimal(0) for row in rows), Decimal(0)) for n in (2, 3, 4)]
            if sums != list(ours.values()):
                raise BalancesDiffer(f"the report says {ours}, SQL {sums}")
    say(f"  a report is {len(rows)} accounts, {len(json.dumps(report))} bytes, debit {ours['debit']}")


def _selecting(house: House, tenant: Tenant, sql: str) -> Work:
    text = _for(tenant, sql)

    def work(count: int) -> float:
        with house.connect() as connection:
            started = time.perf_counter()
            for _ in range(count):
                connection.execute(text, _VALUES, prepare=True).fetchall()
            return time.perf_counter() - started

    return work


def _for(tenant: Tenant, sql: str) -> str:
    return sql.replace("{schema}", f'"{tenant.schema}"')
