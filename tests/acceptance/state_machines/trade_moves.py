"""What a test reckons with before it asks: totals of sales, and the codes a move must be refused with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.acceptance.state_machines.trade import BEFORE_ALL_PERIODS, CREDIT_NOTE, INVOICE, PAYMENT, WITHOUT_RATE, Paper

CENT, ZERO = Decimal("0.01"), Decimal(0)
PERCENTS = (Decimal(19), Decimal(7))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def total_of(lines: Iterable[tuple[Decimal, Decimal, int | None]], freight: Decimal) -> Decimal:
    """Of lines given as quantity, unit price and the place of their tax."""
    nets = [(cents(quantity * price), tax) for quantity, price, tax in lines]
    taxes = [
        cents(sum((net for net, at in nets if at == tax), ZERO) * percent / 100) for tax, percent in enumerate(PERCENTS)
    ]
    return sum((net for net, _ in nets), ZERO) + sum(taxes, ZERO) + freight


class Reckoning:
    """The papers and periods there are, and what follows from them."""

    def __init__(self, currencies: list[str]) -> None:
        self.currencies = currencies
        self.papers: dict[str, Paper] = {}
        # By company and month; a month that is not in it is open.
        self.closed: dict[tuple[int, int], str] = {}

    def of_type(self, *types: str) -> list[Paper]:
        return [paper for paper in self.papers.values() if paper.type in types]

    def outstanding(self, invoice: Paper) -> Decimal:
        if invoice.state != "posted":
            return ZERO
        posted = (paper for paper in self.papers.values() if paper.state == "posted")
        return invoice.amount - sum((paper.settled.get(invoice.id, ZERO) for paper in posted), ZERO)

    def faults_of_day(self, company: int, day: date) -> set[str]:
        if day == BEFORE_ALL_PERIODS:
            return {"period_missing"}
        return {"period_closed"} if (company, day.month) in self.closed else set()

    def faults_of_rate(self, company: int, currency: str) -> set[str]:
        return {"exchange_rate_missing"} if currency in WITHOUT_RATE[self.currencies[company]] else set()

    def faults_of_posting(self, paper: Paper) -> set[str]:
        """Why a paper may not be posted; `ok` where it may all the same."""
        if paper.is_deleted:
            return {"document_deleted"}
        if paper.state != "draft":
            return {"action_not_allowed"}
        if paper.type in (INVOICE, CREDIT_NOTE) and (
            paper.amount < 0 or (paper.type == CREDIT_NOTE and not paper.amount)
        ):
            return {"guard_refused"}
        faults = {*paper.faults, *self.faults_of_day(paper.company, paper.day)}
        is_of_invoice = paper.type == CREDIT_NOTE and bool(paper.planned)
        if paper.type in (INVOICE, CREDIT_NOTE, PAYMENT) and not is_of_invoice:
            faults |= self.faults_of_rate(paper.company, paper.currency)
        faults |= self.faults_of_allocations(paper, paper.planned)
        # A sale over nothing need not have an entry, so it asks for no account and no period.
        return faults | {"ok"} if faults and paper.type == INVOICE and not paper.amount else faults

    def faults_of_allocations(self, paper: Paper, allocations: Iterable[tuple[str, Decimal]]) -> set[str]:
        faults = set()
        for id, amount in allocations:
            invoice = self.papers[id]
            if invoice.is_deleted:
                faults.add("document_not_found")
            elif (invoice.state, *side_of(invoice)) != ("posted", *side_of(paper)):
                faults.add("allocation_invoice_unfit")
            elif amount > self.outstanding(invoice):
                is_note = paper.type == CREDIT_NOTE and paper.state == "draft"
                faults.add("credit_exceeds_outstanding" if is_note else "allocation_exceeds_outstanding")
        return faults

    def faults_of_sum(self, allocations: list[tuple[str, Decimal]], available: Decimal) -> set[str]:
        faults = set()
        if len({id for id, _ in allocations}) < len(allocations):
            faults.add("allocation_duplicate")
        if sum((amount for _, amount in allocations), ZERO) > available:
            faults.add("allocations_exceed_amount")
        return faults

    def faults_of_links(self, ids: Iterable[str]) -> set[str]:
        return {"link_broken" for id in ids if self.papers[id].is_deleted}

    def faults_of_cancelling(self, paper: Paper, day: date) -> set[str]:
        if paper.is_deleted:
            return {"document_deleted"}
        if paper.state != "posted":
            return {"action_not_allowed"}
        faults = self.faults_of_day(paper.company, day)
        if paper.type == INVOICE and self.outstanding(paper) != paper.amount:
            return faults | {"invoice_has_allocations"}
        return faults | {"ok"} if faults and paper.type == INVOICE and not paper.amount else faults

    def faults_of_deleting(self, paper: Paper) -> set[str]:
        if paper.is_deleted:
            return {"document_deleted"}
        if paper.state != "draft":
            return {"document_not_deletable"}
        return {"document_linked"} if self.is_linked(paper) else set()

    def faults_of_editing(self, paper: Paper) -> set[str]:
        if paper.is_deleted:
            return {"document_deleted"}
        return set() if paper.state == "draft" else {"document_not_editable"}

    def is_linked(self, paper: Paper) -> bool:
        others = (other for other in self.papers.values() if not other.is_deleted)
        return any(paper.id in other.settled or paper.id in dict(other.planned) for other in others)

    def note_posting(self, paper: Paper) -> None:
        paper.state = "posted"
        paper.settled = dict(paper.planned)


def side_of(paper: Paper) -> tuple[Any, ...]:
    """What two papers must have in common to be settled with each other."""
    return (paper.company, paper.customer, paper.currency)


def as_lines(lines: Iterable[tuple[Decimal, Decimal, int | None]], taxes: tuple[str, ...]) -> list[Mapping[str, Any]]:
    return [
        {"description": "Goods", "quantity": str(quantity), "unit_price": str(price)}
        | ({} if tax is None else {"tax": taxes[tax]})
        for quantity, price, tax in lines
    ]


def with_strange_account(data: dict[str, Any], wrong: str | None) -> frozenset[str]:
    """Have the first line posted to an account that is not there, or to a group; what is said of that."""
    if wrong not in ("account", "group"):
        return frozenset()
    data["lines"][0]["revenue_account"] = "9999" if wrong == "account" else "4000"
    if wrong == "account":
        return frozenset({"ledger_account_missing"})
    # A line over nothing posts nothing, to whatever account.
    net = cents(Decimal(data["lines"][0]["quantity"]) * Decimal(data["lines"][0]["unit_price"]))
    return frozenset({"accounts_refuse_postings"}) if net else frozenset()
