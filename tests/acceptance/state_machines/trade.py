"""A tenant with two companies that trade in several currencies, and the papers of it as a test keeps them in mind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kernel.context import KernelContext
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from sdk.errors import BosError
from tests.acceptance.state_machines.baseline import Baseline
from tests.integration.kernel.shipped import make_tenant

INVOICE, CREDIT_NOTE, PAYMENT = "receivables.invoice", "receivables.credit_note", "receivables.payment"
ENTRY, PERIOD = "ledger.journal_entry", "ledger.period"
GAPLESS = (INVOICE, CREDIT_NOTE)
# What one unit of a currency is worth; from EUR to USD it is computed from the other way round.
RATES = (("USD", "EUR", "2025-01-01", "0.9137"), ("USD", "EUR", "2026-02-01", "0.8211"),
         ("USD", "EUR", "2026-03-01", "1.0003"), ("JPY", "EUR", "2025-01-01", "0.0061"))  # fmt: skip
WITHOUT_RATE = {"EUR": {"CHF"}, "USD": {"CHF", "JPY"}}
YEAR = 2026
DAYS = tuple(date.fromisoformat(f"{YEAR}-{day}") for day in ("01-01", "01-31", "02-14", "02-28", "03-01", "03-09"))
BEFORE_ALL_PERIODS = date(YEAR - 1, 12, 31)

_MARKS = """
SELECT (SELECT count(*) FROM {t}.documents), (SELECT sum(version) FROM {t}.documents),
       (SELECT count(*) FROM {t}.events), (SELECT count(*) FROM {t}.movements), (SELECT count(*) FROM {t}.keys),
       (SELECT count(*) FROM {t}.links), (SELECT count(*) FROM {t}.deliveries), (SELECT count(*) FROM {t}.totals),
       (SELECT array_agg((name, company_id::text, period, value)::text ORDER BY name, company_id, period)
          FROM {t}.series WHERE name = ANY(%s))
"""


class Undone(Exception):
    """Whatever was done is to be taken back."""


@dataclass
class Company:
    id: str
    currency: str
    accounts: Mapping[str, str]
    journal: str
    taxes: tuple[str, ...]
    periods: Mapping[int, str]


@dataclass
class Paper:
    """An invoice, credit note, payment or entry. settled: what was allocated, by invoice."""

    id: str
    type: str
    company: int
    day: date
    customer: str = ""
    currency: str = ""
    amount: Decimal = Decimal(0)
    state: str = "draft"
    is_deleted: bool = False
    planned: list[tuple[str, Decimal]] = field(default_factory=list)
    settled: dict[str, Decimal] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()

    @property
    def unallocated(self) -> Decimal:
        return self.amount - sum(self.settled.values(), Decimal(0))


class Trade:
    """The kernel's side: who is there, and how something is tried."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.outcomes = kernel, Counter[str]()
        self.tenant: TenantRecord = make_tenant(kernel, "trade", "receivables", chart=True)
        with self.operate() as ctx:
            ctx.documents.create("kernel.company", {"name": "Dollar Ltd", "currency": "USD"})
        with self.operate() as ctx:
            found = ctx.documents.query("kernel.company", sort=("name",)).items
            self.companies = [_furnish(ctx, each.id, each["currency"]) for each in reversed(found)]
            self.customers = [
                ctx.documents.create("parties.customer", {"code": f"c{n}", "name": f"Customer {n}"}).id
                for n in range(2)
            ]
            for currency, base, valid_on, rate in RATES:
                data = {"currency": currency, "base": base, "valid_on": valid_on, "rate": rate}
                ctx.documents.create("ledger.exchange_rate", data)
        self.baseline = Baseline(kernel, self.tenant, GAPLESS)

    def operate(self):
        return self.kernel.operate(self.tenant)

    def marks(self) -> tuple[Any, ...]:
        """Changes with whatever is written."""
        with self.kernel.database.transaction(self.tenant) as uow:
            return uow.execute(_MARKS, [list(GAPLESS)]).fetchone()

    def attempt(self, verb: Callable[[KernelContext], Any], codes: set[str], way: str, name: str = "done") -> Any:
        """What the verb gives; None when it was refused, as it must be with one of these codes, or taken back.

        `ok` among the codes: it may succeed as well. way: `plain`, `savepoint` (a refusal does not end the
        transaction), `undone` (taken back), `again` (taken back, then done in the same transaction).
        """
        before = self.marks()
        try:
            made, code = self._try(verb, way), None
        except BosError as refused:
            made, code = None, refused.code
        self.outcomes[code or ("undone" if way == "undone" else name)] += 1
        if code is None and way != "undone":
            assert not codes or "ok" in codes, f"this was to be refused with one of {sorted(codes)}"
            return made
        assert code is None or code in codes, f"refused with {code}, which is none of {sorted(codes)}"
        assert self.marks() == before, "it left something behind"
        return None

    def _try(self, verb: Callable[[KernelContext], Any], way: str) -> Any:
        refusal: BosError | None = None
        made = None
        with self.operate() as ctx:
            if way in ("undone", "again"):
                with suppress(Undone, BosError), ctx.uow.savepoint():
                    verb(ctx)
                    raise Undone
            if way == "savepoint":
                try:
                    with ctx.uow.savepoint():
                        made = verb(ctx)
                except BosError as refused:
                    refusal = refused
            elif way != "undone":
                made = verb(ctx)
        if refusal is not None:
            raise refusal
        return made


def _furnish(ctx: KernelContext, company_id: str, currency: str) -> Company:
    """Chart, fiscal year and taxes of a company."""
    documents = ctx.documents
    if not documents.find_all("ledger.account", company_id=company_id):
        chart = documents.create("ledger.chart", {"name": "Standard"}, company_id=company_id)
        documents.perform("ledger.chart", chart.id, "load")
    span = {"name": str(YEAR), "starts_on": f"{YEAR}-01-01", "ends_on": f"{YEAR}-12-31"}
    year = documents.create("ledger.fiscal_year", span, company_id=company_id)
    documents.perform("ledger.fiscal_year", year.id, "open_periods")
    accounts = {each["code"]: each.id for each in documents.find_all("ledger.account", company_id=company_id)}
    taxes = [
        documents.create(
            "receivables.tax_rate",
            {"code": code, "name": code, "percent": percent, "account": accounts[account]},
            company_id=company_id,
        ).id
        for code, percent, account in (("STD", "19", "2200"), ("RED", "7", "2210"))
    ]
    journal = documents.find("ledger.journal", company_id=company_id, code="GEN")
    assert journal is not None
    periods = documents.find_all("ledger.period", fiscal_year=year.id)
    by_month = {each["starts_on"].month: each.id for each in periods}
    return Company(company_id, currency, accounts, journal.id, tuple(taxes), by_month)
