"""What must hold for the books after every step, whatever the step was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from kernel.context import KernelContext
from kernel.registers.folding import count_drift
from sdk.registers import Register
from tests.acceptance.state_machines.trade import CREDIT_NOTE, ENTRY, GAPLESS, INVOICE, PAYMENT, Company, Paper

POSTINGS, OPEN_ITEMS, SALES = "ledger.postings", "receivables.open_items", "receivables.sales"
MOMENTS = (None, date(2026, 1, 31), date(2026, 2, 20))
ZERO = Decimal(0)

# By the entries themselves and by the register: what was posted to each account. An entry that was reversed stands.
_ENTRIES_APART = """
WITH lines AS (
    SELECT d.id, l ->> 'account' AS account, l ->> 'currency' AS currency, sum((l ->> 'base_amount')::numeric) AS base,
           sum((l ->> 'amount')::numeric) AS amount
      FROM {t}.documents d, jsonb_array_elements(d.data -> 'lines') l
     WHERE d.type = 'ledger.journal_entry' AND d.state IN ('posted', 'reversed') GROUP BY 1, 2, 3
), moved AS (
    SELECT document_id AS id, d1 AS account, d2 AS currency, sum(r1) AS base, sum(r2) AS amount FROM {t}.movements
     WHERE register = 'ledger.postings' GROUP BY 1, 2, 3
), apart AS (
    SELECT id FROM lines FULL JOIN moved USING (id, account, currency)
     WHERE coalesce(lines.base, 0) <> coalesce(moved.base, 0) OR coalesce(lines.amount, 0) <> coalesce(moved.amount, 0)
), lopsided AS (SELECT id FROM lines GROUP BY id HAVING sum(base) <> 0)
SELECT id::text FROM apart UNION SELECT id::text FROM lopsided
"""
_LOPSIDED = """
SELECT company_id::text, 'base', sum(r1) FROM {t}.movements WHERE register = 'ledger.postings'
 GROUP BY company_id HAVING sum(r1) <> 0
"""
_LOPSIDED_CURRENCIES = """
SELECT m.company_id::text, m.d2, sum(m.r2) FROM {t}.movements m JOIN {t}.documents c ON c.id = m.company_id
 WHERE m.register = 'ledger.postings' AND m.d2 <> c.data ->> 'currency' GROUP BY 1, 2 HAVING sum(m.r2) <> 0
"""
_RAW = "SELECT {columns} FROM {{t}}.movements WHERE register = %s AND company_id = %s GROUP BY {dimensions}"
_NUMBERS = """
SELECT type, company_id::text, left(data ->> 'issued_on', 4), array_agg(number ORDER BY number) FROM {t}.documents
 WHERE type = ANY(%s) AND number IS NOT NULL GROUP BY 1, 2, 3
"""
_PAPERS = """
SELECT id::text, state, deleted_at IS NOT NULL, number IS NOT NULL, data ->> 'outstanding', data ->> 'paid',
       data ->> 'unallocated', data ->> 'base_outstanding' FROM {t}.documents WHERE id = ANY(%s::uuid[])
"""
IN_MONTH = """
SELECT count(*), coalesce(sum(r1), 0) FROM {t}.movements WHERE register = 'ledger.postings' AND company_id = %s
   AND date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date = %s
"""


def check_entries(ctx: KernelContext) -> None:
    """Every entry balances and is what the register has of it; debit is credit per company and currency."""
    for sql in (_ENTRIES_APART, _LOPSIDED, _LOPSIDED_CURRENCIES):
        assert ctx.uow.execute(sql).fetchall() == []


def check_sums(ctx: KernelContext, companies: Iterable[Company]) -> None:
    """Totals and tail are the sum of the plain movements."""
    assert count_drift(ctx.uow) == 0
    for name in (POSTINGS, OPEN_ITEMS, SALES):
        register = ctx.runtime.catalogue.register(name)
        dimensions = [dimension.name for dimension in register.dimensions]
        for company in companies:
            found = ctx.registers.balance(name, group_by=dimensions, company_id=company.id)
            summed = {tuple(row.dimensions.values()): tuple(row.resources.values()) for row in found}
            assert summed == _raw_sums(ctx, register, company.id)


def _raw_sums(ctx: KernelContext, register: Register, company_id: str) -> dict[tuple, tuple]:
    slots = [register.slot_of_dimension(dimension.name) for dimension in register.dimensions]
    sums = [f"sum({register.slot_of_resource(resource.name)})" for resource in register.resources]
    sql = _RAW.format(columns=", ".join((*slots, *sums)), dimensions=", ".join(slots))
    rows = ctx.uow.execute(sql, [register.name, company_id]).fetchall()
    return {row[: len(slots)]: row[len(slots) :] for row in rows if any(row[len(slots) :])}


def check_control_account(ctx: KernelContext, companies: Iterable[Company]) -> None:
    """What the register says a customer owes is what stands on the receivable account, on any day."""
    for company in companies:
        for at in MOMENTS:
            owed = _by_customer(ctx, OPEN_ITEMS, ("customer", "currency"), company, at)
            where = {"account": company.accounts["1200"]}
            booked = _by_customer(ctx, POSTINGS, ("party", "currency"), company, at, where)
            assert owed == booked


def _by_customer(ctx, register, group_by, company, at, where=None) -> dict[tuple, tuple]:
    found = ctx.registers.balance(register, at=at, where=where, group_by=group_by, company_id=company.id)
    sums = ((tuple(r.dimensions.values()), (r.resources["amount"], r.resources["base_amount"])) for r in found)
    return {key: amounts for key, amounts in sums if any(amounts)}


def check_papers(ctx: KernelContext, papers: dict[str, Paper]) -> None:
    """Each is in the state it must be in; what is outstanding is the total less what was allocated."""
    allocated: defaultdict[str, Decimal] = defaultdict(Decimal)
    for paper in papers.values():
        if paper.state == "posted":
            for invoice, amount in paper.settled.items():
                allocated[invoice] += amount
    rows = ctx.uow.execute(_PAPERS, [list(papers)]).fetchall()
    assert len(rows) == len(papers)
    for id, state, is_deleted, has_number, *amounts in rows:
        paper = papers[id]
        assert (state, is_deleted, has_number) == (paper.state, paper.is_deleted, paper.state != "draft")
        outstanding, paid, unallocated, base = (None if each is None else Decimal(each) for each in amounts)
        if paper.type == INVOICE and state == "posted":
            assert (outstanding, paid) == (paper.amount - allocated[id], allocated[id])
            assert base is not None
            assert base == 0 if outstanding == 0 else base >= 0
        if paper.type in (PAYMENT, CREDIT_NOTE) and state == "posted":
            assert unallocated == paper.unallocated


def check_numbers(ctx: KernelContext) -> None:
    """No gap and no number twice, in each company and year."""
    prefixes = {INVOICE: "INV", CREDIT_NOTE: "CN"}
    for type, _, year, numbers in ctx.uow.execute(_NUMBERS, [list(GAPLESS)]).fetchall():
        assert numbers == [f"{prefixes[type]}-{year}-{n:05}" for n in range(1, len(numbers) + 1)]
    assert ctx.uow.execute(
        "SELECT company_id, number FROM {t}.documents WHERE type = %s AND number IS NOT NULL"
        " GROUP BY 1, 2 HAVING count(*) > 1", [ENTRY],
    ).fetchall() == []  # fmt: skip


def check_trial_balance(ctx: KernelContext, companies: Iterable[Company]) -> None:
    for company in companies:
        parameters = {"company_id": company.id, "since": "2026-02-01", "at": "2026-12-31"}
        rows = ctx.reports.run("ledger.trial_balance", parameters)
        sums = {name: sum((row[name] for row in rows), ZERO) for name in ("opening", "debit", "credit", "closing")}
        assert sums["opening"] == sums["closing"] == 0
        assert sums["debit"] == sums["credit"]
