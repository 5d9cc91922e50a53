"""Many movements: statements equal a hand-written sum of the raw movements, and read totals instead of them."""

from datetime import date
from decimal import Decimal

import pytest

from kernel.db.unit_of_work import compile_statement
from kernel.documents import service as documents
from kernel.registers import service as registers
from kernel.reports import service as reports
from kernel.reports.movement_source import MovementSource, Period
from kernel.reports.query import Compiler, summarize
from sdk.reports import Report
from tests.integration.kernel.books import POSTINGS, A, open_books
from tests.integration.kernel.test_reports import STATEMENTS, TYPES

MOVEMENTS = 30_000
# Two lines a document, on 810 days from 2024 to 2026, over twenty accounts.
GENERATE = """
INSERT INTO {t}.movements (register, company_id, document_id, occurred_at, d1, d2, r1, r2, balanced)
SELECT 'ledger.postings', %s::uuid, md5((g / 2)::text)::uuid,
       timestamptz '2024-01-01 00:00Z' + (g / 2 %% 810) * interval '1 day', (%s::text[])[1 + (g * 79) %% 20], 'EUR',
       (CASE g %% 2 WHEN 0 THEN 1 ELSE -1 END) * (g / 2 %% 1000 + 1) / 100.0, 1, true
  FROM generate_series(0, %s - 1) AS g
"""
RAW = """
SELECT a.data ->> 'code', coalesce(sum(r1) FILTER (WHERE occurred_at < %(since)s), 0),
       coalesce(sum(r1) FILTER (WHERE occurred_at >= %(since)s AND occurred_at < %(end)s AND r1 > 0), 0),
       coalesce(-sum(r1) FILTER (WHERE occurred_at >= %(since)s AND occurred_at < %(end)s AND r1 < 0), 0),
       sum(r1) FILTER (WHERE occurred_at < %(end)s)
  FROM {t}.movements m JOIN {t}.documents a ON a.id = m.d1::uuid GROUP BY 1 ORDER BY 1
"""


@pytest.fixture(scope="module")
def books(empty_database):
    definitions = [Report.from_data(data) for data in STATEMENTS]
    with open_books(
        empty_database(),
        types={type.name: type for type in TYPES},
        registers={POSTINGS.name: POSTINGS},
        reports={report.name: report for report in definitions},
    ) as opened:
        with opened.open() as ctx:
            account = {"name": "x", "account_type": "asset"}
            codes = [f"{number:02}" for number in range(20)]
            accounts = [documents.create(ctx, "ledger.account", {**account, "code": code}).id for code in codes]
            ctx.uow.execute(GENERATE, [A, accounts, MOVEMENTS])
            ctx.uow.commit()
        while opened.fold(10_000):
            pass
        with opened.database.owner() as connection:
            connection.execute(f"VACUUM ANALYZE {opened.tenant.schema}.movements, {opened.tenant.schema}.totals")
        yield opened


@pytest.mark.parametrize(
    ("since", "until", "end"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)),
        (date(2025, 5, 10), date(2025, 11, 12), date(2025, 11, 13)),
        (date(2026, 1, 28), date(2026, 1, 30), date(2026, 1, 31)),
    ],
)
def test_the_trial_balance_is_the_sum_of_the_raw_movements(books, since, until, end):
    with books.open() as ctx:
        found = reports.run(ctx, "ledger.trial_balance", {"since": since, "until": until})
        expected = ctx.uow.execute(RAW, {"since": since, "end": end}).fetchall()
    names = ("code", "opening", "debit", "credit", "closing")
    assert [tuple(row[name] for name in names) for row in found.rows] == expected
    assert len(expected) == 20


def read_movements(plan):
    """Rows of movements a plan has read."""
    own = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == "movements" else 0
    return own + sum(read_movements(part) for part in plan.get("Plans", ()))


def explain(ctx, name, **parameters):
    report = ctx.runtime.catalogue.report(name)
    scope = {**ctx.scope(), "param": parameters}
    source = MovementSource(ctx, report, POSTINGS, Period.of(report, scope), scope, None)
    sql, fixed = compile_statement(summarize(Compiler(report, scope), source.rows())[0])
    (answer,) = ctx.uow.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", {**fixed, **source.values()}).fetchone()
    return answer[0]["Plan"]


@pytest.mark.parametrize(
    ("since", "until", "most"),
    [(date(2025, 1, 1), date(2025, 12, 31), 0), (None, date(2026, 3, 20), 0), (None, date(2025, 6, 8), 9 * 38)],
)
def test_a_statement_reads_totals_and_at_most_half_a_month_of_movements(books, since, until, most):
    with books.open() as ctx:
        assert read_movements(explain(ctx, "ledger.trial_balance", since=since, until=until)) <= most


def test_a_balance_of_everything_is_what_was_written(books):
    with books.open() as ctx:
        (found,) = registers.balance(ctx, "ledger.postings")
    assert found.resources == {"base_amount": Decimal(0), "amount": Decimal(MOVEMENTS)}
