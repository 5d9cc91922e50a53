"""The books stay right, in whatever order and currency people write, post, pay, credit, cancel, reverse and close."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.documents.verification import verify
from kernel.registers import service as registers
from tests.acceptance.state_machines import trade_checks as checks
from tests.acceptance.state_machines.profiles import quick, roam, walk, wide
from tests.acceptance.state_machines.trade import (
    CREDIT_NOTE,
    DAYS,
    ENTRY,
    INVOICE,
    PAYMENT,
    PERIOD,
    YEAR,
    Paper,
    Trade,
)
from tests.acceptance.state_machines.trade_draws import (
    BATCHES,
    COMPANIES,
    FOREIGN,
    LINES,
    MONEY,
    OFTEN,
    ONTO,
    PICKS,
    SHARES,
    SIDES,
    WAYS,
    WHEN,
)
from tests.acceptance.state_machines.trade_moves import (
    CENT,
    ZERO,
    Reckoning,
    as_lines,
    cents,
    side_of,
    total_of,
    with_strange_account,
)
from tests.integration.kernel.shipped import open_shipped

NEXT = {("open", "close"): "closed", ("closed", "reopen"): "open", ("closed", "lock"): "locked"}


class Trading(RuleBasedStateMachine):
    def __init__(self, trade: Trade) -> None:
        super().__init__()
        self.trade, self.steps = trade, 0
        self.known = Reckoning([company.currency for company in trade.companies])
        self.frozen: dict[tuple[int, int], tuple] = {}
        self.reversals: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.trade.baseline.restore()
        lines = [(Decimal(3), Decimal("33.33"), 0)]
        for side, currency in ((0, "EUR"), (0, "USD"), (1, "EUR")):
            self.write_invoice(side, 0, DAYS[0], currency, lines, ZERO, None, True, "plain")
            self.write_payment(side, 0, DAYS[2], currency, Decimal("77.70"), [], False, True, "plain")

    @rule(
        side=SIDES,
        company=COMPANIES,
        day=WHEN,
        currency=FOREIGN,
        lines=LINES,
        freight=st.one_of(st.just(ZERO), MONEY),
        wrong=st.sampled_from((None, None, None, None, "due", "account", "group")),
        at_once=OFTEN,
        way=WAYS,
    )
    def write_invoice(self, side, company, day, currency, lines, freight, wrong, at_once, way) -> None:
        data = self._sale(side, company, day, currency, lines, freight)
        refused = set()
        if wrong == "due":
            data["due_on"], refused = "2025-01-01", {"due_before_issue"}
        faults = with_strange_account(data, wrong)
        paper = self._paper(INVOICE, side, company, day, currency, total_of(lines, freight))
        paper.faults = faults
        self._write(paper, data, refused, at_once, way)

    @rule(
        side=SIDES,
        company=COMPANIES,
        day=WHEN,
        currency=FOREIGN,
        lines=LINES,
        invoice=st.one_of(st.none(), PICKS),
        is_whole=st.booleans(),
        at_once=OFTEN,
        way=WAYS,
    )
    def write_credit_note(self, side, company, day, currency, lines, invoice, is_whole, at_once, way) -> None:
        """is_whole: over what is outstanding of the invoice, which most random amounts are not."""
        target = self._pick(invoice, INVOICE, fits=self.known.outstanding) if invoice is not None else None
        if target is not None and is_whole and self.known.outstanding(target) > 0:
            side, company = self.trade.customers.index(target.customer), target.company
            currency, lines = target.currency, [(Decimal(1), self.known.outstanding(target), None)]
        data = self._sale(side, company, day, currency, lines, ZERO)
        paper = self._paper(CREDIT_NOTE, side, company, day, currency, total_of(lines, ZERO))
        refused = set()
        if target is not None:
            data["invoice"], paper.planned = target.id, [(target.id, paper.amount)]
            refused = self.known.faults_of_links([target.id])
        self._write(paper, data, refused, at_once, way)

    @rule(
        side=SIDES,
        company=COMPANIES,
        day=WHEN,
        currency=FOREIGN,
        amount=MONEY,
        onto=ONTO,
        fits=OFTEN,
        at_once=OFTEN,
        way=WAYS,
    )
    def write_payment(self, side, company, day, currency, amount, onto, fits, at_once, way) -> None:
        """fits: from the one who owes the first invoice, in its currency."""
        planned = self._allocations(onto)
        if fits and planned:
            first = self.known.papers[planned[0][0]]
            side, company, currency = self.trade.customers.index(first.customer), first.company, first.currency
            amount = max(amount, sum((part for _, part in planned), ZERO))
        paper = self._paper(PAYMENT, side, company, day, currency, amount)
        paper.planned = planned
        refused = self.known.faults_of_sum(planned, amount) | self.known.faults_of_links(id for id, _ in planned)
        data = {
            "customer": paper.customer, "received_on": day, "currency": currency, "amount": str(amount),
            "allocations": [{"invoice": id, "amount": str(part)} for id, part in planned],
        }  # fmt: skip
        self._write(paper, data, refused, at_once, way)

    @rule(
        company=COMPANIES,
        day=WHEN,
        currency=FOREIGN,
        parts=st.lists(MONEY, min_size=1, max_size=3),
        wrong=st.sampled_from((None, None, None, "cent", "group", "stranger")),
        at_once=OFTEN,
        way=WAYS,
    )
    def write_entry(self, company, day, currency, parts, wrong, at_once, way) -> None:
        here = self.trade.companies[company]
        stranger = self.trade.companies[1 - company]
        debit = {None: here.accounts["6200"], "group": here.accounts["6000"], "stranger": stranger.accounts["6200"]}
        faults = {"group": {"accounts_refuse_postings"}, "stranger": {"accounts_refuse_postings"},
                  "cent": {"entry_unbalanced"}}  # fmt: skip
        total = sum(parts, ZERO) + (10 if wrong == "cent" else 0)
        lines = [
            {"account": debit.get(wrong, debit[None]), "currency": currency, "amount": str(part)} for part in parts
        ]
        lines.append({"account": here.accounts["1020"], "currency": currency, "amount": str(-total)})
        paper = self._paper(ENTRY, 0, company, day, currency, ZERO)
        paper.faults = frozenset(faults.get(wrong, ()))
        if wrong == "cent" and currency == "JPY":
            # Ten yen are a few cents, which rounding may leave anyhow.
            paper.faults |= {"ok"}
        data = {"journal": here.journal, "posted_on": day, "lines": lines}
        self._write(paper, data, self.known.faults_of_rate(company, currency), at_once, way)

    def _sale(self, side, company, day, currency, lines, freight) -> dict:
        given = as_lines(lines, self.trade.companies[company].taxes)
        data = {"customer": self.trade.customers[side], "issued_on": day, "currency": currency, "lines": given}
        return data | ({"freight": str(freight)} if freight else {})

    def _paper(self, type, side, company, day, currency, amount) -> Paper:
        return Paper("", type, company, day, self.trade.customers[side], currency, amount)

    def _write(self, paper, data, refused, at_once, way) -> None:
        codes = set(refused)
        if at_once:
            later = self.known.faults_of_posting(paper)
            codes = codes | (later - {"ok"}) if codes else later
        company_id = self.trade.companies[paper.company].id
        action = "post" if at_once else None

        def create(ctx):
            return ctx.documents.create(paper.type, data, company_id=company_id, perform=action)

        made = self.trade.attempt(create, codes, way, f"{paper.type} {action}")
        if made is None:
            return
        paper.id = made.id
        if paper.type != ENTRY:
            assert made["amount" if paper.type == PAYMENT else "total"] == paper.amount
        self.known.papers[paper.id] = paper
        if at_once:
            self.known.note_posting(paper)

    @precondition(lambda self: self.known.papers)
    @rule(pick=PICKS, way=WAYS)
    def post(self, pick, way) -> None:
        paper = self._pick(pick, fits=lambda each: each.state == "draft" and not each.is_deleted)
        codes = self.known.faults_of_posting(paper)
        if self._perform(paper, "post", {}, codes, way):
            self.known.note_posting(paper)

    @precondition(lambda self: self.known.of_type(INVOICE, CREDIT_NOTE, PAYMENT))
    @rule(pick=PICKS, day=WHEN, way=WAYS)
    def cancel(self, pick, day, way) -> None:
        paper = self._pick(pick, INVOICE, CREDIT_NOTE, PAYMENT, fits=lambda each: each.state == "posted")
        if self._perform(paper, "cancel", {"cancelled_on": day}, self.known.faults_of_cancelling(paper, day), way):
            paper.state = "cancelled"

    @precondition(lambda self: self.known.of_type(CREDIT_NOTE, PAYMENT) and self.known.of_type(INVOICE))
    @rule(pick=PICKS, onto=st.lists(st.tuples(PICKS, SHARES), min_size=1, max_size=2), day=WHEN, way=WAYS)
    def allocate(self, pick, onto, day, way) -> None:
        paper = self._pick(pick, CREDIT_NOTE, PAYMENT, fits=lambda each: each.state == "posted" and each.unallocated)
        allocations = self._allocations(onto, paper)
        if paper.is_deleted:
            codes = {"document_deleted"}
        elif paper.state != "posted":
            codes = {"action_not_allowed"}
        else:
            codes = self.known.faults_of_sum(allocations, paper.unallocated)
            codes |= self.known.faults_of_allocations(paper, allocations)
        base = self.known.currencies[paper.company]
        if not codes and paper.currency != base and self.known.faults_of_day(paper.company, day):
            # Only an exchange difference has to be posted.
            codes = {*self.known.faults_of_day(paper.company, day), "ok"}
        given = [{"invoice": id, "amount": str(amount)} for id, amount in allocations]
        if self._perform(paper, "allocate", {"allocations": given, "allocated_on": day}, codes, way):
            for id, amount in allocations:
                paper.settled[id] = paper.settled.get(id, ZERO) + amount

    @precondition(lambda self: self.known.of_type(INVOICE))
    @rule(pick=PICKS, way=WAYS)
    def settle_by_hand(self, pick, way) -> None:
        paper = self._pick(pick, INVOICE, fits=lambda each: each.state == "posted")
        codes = {"document_deleted"} if paper.is_deleted else set()
        codes = codes or (set() if paper.state == "posted" else {"action_not_allowed"})
        self._perform(paper, "settle", {}, codes, way)

    @precondition(lambda self: self.known.of_type(ENTRY))
    @rule(pick=PICKS, day=WHEN, way=WAYS)
    def reverse(self, pick, day, way) -> None:
        paper = self._pick(pick, ENTRY, fits=lambda each: each.state == "posted")
        codes = {"document_deleted"} if paper.is_deleted else {"action_not_allowed"}
        if paper.state == "posted":
            codes = self.known.faults_of_day(paper.company, day)
        made = self._perform(paper, "reverse", {"reversed_on": day}, codes, way)
        if made:
            paper.state = "reversed"
            self.reversals.append(made["reversed_by"])

    @precondition(lambda self: self.reversals)
    @rule(pick=PICKS, way=WAYS)
    def reverse_a_reversal(self, pick, way) -> None:
        entry = self.reversals[pick % len(self.reversals)]
        self.trade.attempt(lambda ctx: ctx.documents.perform(ENTRY, entry, "reverse"), {"guard_refused"}, way)

    @precondition(lambda self: self.known.of_type(INVOICE, CREDIT_NOTE, PAYMENT))
    @rule(pick=PICKS, way=WAYS)
    def reverse_the_entry_of_a_paper(self, pick, way) -> None:
        paper = self._pick(pick, INVOICE, CREDIT_NOTE, PAYMENT, fits=lambda each: each.state == "posted")
        if paper.state == "draft":
            return
        with self.trade.operate() as ctx:
            entry = ctx.documents.get(paper.type, paper.id).get("journal_entry")
        if entry is not None:
            codes = {"entry_belongs_to_document"} if paper.state == "posted" else {"action_not_allowed"}
            self.trade.attempt(lambda ctx: ctx.documents.perform(ENTRY, entry, "reverse"), codes, way)

    @precondition(lambda self: self.known.papers)
    @rule(pick=PICKS, amount=MONEY, way=WAYS)
    def edit(self, pick, amount, way) -> None:
        paper = self._pick(pick, fits=lambda each: each.state == "draft")
        codes = self.known.faults_of_editing(paper)
        patch = {"memo": f"about {amount}"}
        if paper.type == PAYMENT:
            patch["amount"] = str(amount)
            codes = codes or self.known.faults_of_sum(paper.planned, amount)
        elif paper.type == CREDIT_NOTE:
            patch["lines"] = as_lines([(Decimal(1), amount, None)], ())
        made = self.trade.attempt(lambda ctx: ctx.documents.update(paper.type, paper.id, patch), codes, way)
        if made and paper.type in (PAYMENT, CREDIT_NOTE):
            paper.amount = amount
            if paper.type == CREDIT_NOTE:
                paper.planned = [(id, amount) for id, _ in paper.planned]
                assert made["total"] == amount

    @precondition(lambda self: self.known.papers)
    @rule(pick=PICKS, way=WAYS)
    def delete(self, pick, way) -> None:
        paper = self._pick(pick, fits=lambda each: each.state == "draft")
        codes = self.known.faults_of_deleting(paper)
        self.trade.attempt(lambda ctx: ctx.documents.delete(paper.type, paper.id), codes, way)
        if not codes and way != "undone":
            paper.is_deleted = True

    @precondition(lambda self: self.known.papers)
    @rule(pick=PICKS, way=WAYS)
    def undelete(self, pick, way) -> None:
        paper = self._pick(pick, fits=lambda each: each.is_deleted)
        codes = self.known.faults_of_links(id for id, _ in paper.planned) if paper.is_deleted else set()
        made = self.trade.attempt(lambda ctx: ctx.documents.restore(paper.type, paper.id), codes, way)
        if made:
            paper.is_deleted = False

    @rule(company=COMPANIES, month=st.integers(1, 3), action=st.sampled_from(("close", "reopen", "lock")), way=WAYS)
    def turn_period(self, company, month, action, way) -> None:
        key = (company, month)
        target = NEXT.get((self.known.closed.get(key, "open"), action))
        id = self.trade.companies[company].periods[month]
        codes = set() if target else {"action_not_allowed"}
        if not self.trade.attempt(lambda ctx: ctx.documents.perform(PERIOD, id, action), codes, way):
            return
        if target == "open":
            del self.known.closed[key], self.frozen[key]
        else:
            self.known.closed[key] = target
            with self.trade.operate() as ctx:
                self.frozen.setdefault(key, self._posted_in(ctx, key))

    @rule(batch=BATCHES)
    def fold(self, batch) -> None:
        with self.trade.operate() as ctx:
            registers.fold(ctx.uow, batch=batch)

    def _perform(self, paper, action, arguments, codes, way):
        def act(ctx):
            return ctx.documents.perform(paper.type, paper.id, action, arguments)

        return self.trade.attempt(act, codes, way, f"{paper.type} {action}")

    def _pick(self, pick, *types, fits=lambda paper: True) -> Paper | None:
        """One of these types. fits: which of them are taken as a rule, where there are any."""
        found = self.known.of_type(*types) if types else list(self.known.papers.values())
        fitting = [paper for paper in found if fits(paper)]
        if fitting and pick % 4:
            found = fitting
        return found[pick % len(found)] if found else None

    def _allocations(self, onto, paper=None) -> list[tuple[str, Decimal]]:
        """paper: of whose customer they are as a rule."""

        def fits(invoice) -> bool:
            is_near = paper is None or side_of(invoice) == side_of(paper)
            return is_near and self.known.outstanding(invoice) > 0

        found = [(self._pick(pick, INVOICE, fits=fits), share) for pick, share in onto]
        return [(invoice.id, self._share(invoice, share)) for invoice, share in found if invoice is not None]

    def _share(self, invoice, share) -> Decimal:
        rest = self.known.outstanding(invoice) or abs(invoice.amount)
        shares = {"all": rest, "third": cents(rest / 3), "cent": CENT, "more": rest + CENT}
        return max(shares[share], CENT)

    # What must hold

    @invariant()
    def the_books_are_right(self) -> None:
        self.steps += 1
        with self.trade.operate() as ctx:
            checks.check_papers(ctx, self.known.papers)
            checks.check_entries(ctx)
            checks.check_sums(ctx, self.trade.companies)
            checks.check_control_account(ctx, self.trade.companies)
            checks.check_numbers(ctx)
            if self.steps % 4 == 0:
                checks.check_trial_balance(ctx, self.trade.companies)
            for key, before in self.frozen.items():
                assert self._posted_in(ctx, key) == before, f"something was posted into the closed month {key}"

    def _posted_in(self, ctx, key) -> tuple:
        company, month = key
        return ctx.uow.execute(checks.IN_MONTH, [self.trade.companies[company].id, date(YEAR, month, 1)]).fetchone()

    def teardown(self) -> None:
        with self.trade.operate() as ctx:
            assert verify(ctx).differences == []


@pytest.fixture(scope="module")
def trade(empty_database):
    with open_shipped(empty_database()) as kernel:
        yield Trade(kernel)


def test_the_books_stay_right(trade):
    walk(lambda: Trading(trade), quick(examples=16, steps=30))
    assert trade.outcomes.keys() >= {f"{INVOICE} post", f"{PAYMENT} post", f"{INVOICE} cancel", "action_not_allowed"}


@pytest.mark.slow
def test_the_books_stay_right_far_and_wide(trade):
    roam(lambda: Trading(trade), wide(examples=200, steps=50))
