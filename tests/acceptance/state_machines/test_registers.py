"""Registers: sums are those of a plain list at any moment, and what must not fall below zero never does."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.registers import service as registers
from sdk.document_errors import BalanceNegative
from sdk.registers import Register
from tests.acceptance.state_machines.profiles import quick, roam, tell_seed, walk, wide
from tests.integration.kernel.books import POSTINGS, STOCK, A, B, goods, open_books, posting, record, reverse

# The same without the rule, so that sums of either sign are compared as well.
FREE = Register.from_data(
    {
        "name": "stock.flow",
        "title": "Flow",
        "dimensions": [{"name": "product"}, {"name": "warehouse"}, {"name": "lot"}],
        "resources": [{"name": "quantity"}],
    }
)
THREADS, TURNS = 16, 12
WAITING_S_MAX = 120

# Around the ends of days, months and years, and around the present moment of these books, 2026-03-20 12:00.
DAYS = tuple(date.fromisoformat(f"{day}") for day in (
    "2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01", "2026-02-14", "2026-02-28", "2026-03-20", "2026-03-31",
    "2026-04-01", "2028-02-29"))  # fmt: skip
EDGES = (timedelta(0), timedelta(microseconds=1), timedelta(days=1) - timedelta(microseconds=1), timedelta(hours=12))
MOMENTS = st.one_of(
    st.sampled_from(DAYS),
    st.builds(
        lambda day, edge: datetime.combine(day, time.min, UTC) + edge, st.sampled_from(DAYS), st.sampled_from(EDGES)
    ),
)
PRODUCTS, WAREHOUSES = ("tea", "milk", "", "Tee 'ü"), ("north", "south")
AMOUNTS = st.one_of(st.integers(-9, 9).map(Decimal), st.decimals("-99999999.999999", "99999999.999999", places=6))
PICKS = st.integers(0, 30)


@dataclass(frozen=True)
class Move:
    """product, warehouse: what it is told apart by. at: an instant."""

    product: str
    warehouse: str
    at: datetime
    amount: Decimal
    company: str


def instant(moment: date | datetime) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.min, UTC)


def is_until(move: Move, until: date | datetime | None) -> bool:
    if until is None:
        return True
    return move.at <= until if isinstance(until, datetime) else move.at.date() <= until


class Counting(RuleBasedStateMachine):
    def __init__(self, books) -> None:
        super().__init__()
        self.books, self.documents, self.moves = books, [], []

    @initialize()
    def begin(self) -> None:
        self.books.empty()

    @rule(
        lines=st.lists(
            st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(WAREHOUSES), MOMENTS, AMOUNTS), min_size=1, max_size=4
        ),
        company=st.sampled_from((A, B)),
        is_kept=st.sampled_from((True, True, False)),
    )
    def write(self, lines, company, is_kept) -> None:
        """is_kept: committed; else the transaction ends without it."""
        made = [Move(product, warehouse, instant(at), amount, company) for product, warehouse, at, amount in lines]
        staged = [_movement(move) for move in made]
        with self.books.open() as ctx:
            document = record(ctx, *staged, company=company)
            if is_kept:
                ctx.uow.commit()
        if is_kept:
            self.moves += made
            self.documents.append((document, made))

    @precondition(lambda self: self.documents)
    @rule(pick=PICKS, at=st.one_of(st.none(), MOMENTS))
    def undo(self, pick, at) -> None:
        """A document that is undone again adds nothing: what it has made comes to nothing already."""
        place = pick % len(self.documents)
        document, made = self.documents[place]
        with self.books.open() as ctx:
            reverse(ctx, document, at)
            ctx.uow.commit()
        sums: dict[Move, Decimal] = defaultdict(Decimal)
        for move in made:
            sums[Move(move.product, move.warehouse, move.at, Decimal(0), move.company)] += move.amount
        opposite = [
            Move(key.product, key.warehouse, key.at if at is None else instant(at), -amount, key.company)
            for key, amount in sums.items()
        ]
        self.moves += opposite
        self.documents[place] = (document, [*made, *opposite])

    @rule(batch=st.sampled_from((1, 2, 5, 5_000)))
    def fold(self, batch) -> None:
        self.books.fold(batch)

    @rule()
    def rebuild(self) -> None:
        with self.books.open() as ctx:
            registers.rebuild_totals(ctx.uow)
            ctx.uow.commit()

    @rule(
        since=st.one_of(st.none(), MOMENTS),
        until=st.one_of(st.none(), MOMENTS),
        where=st.fixed_dictionaries(
            {},
            optional={
                "product": st.one_of(st.sampled_from(PRODUCTS), st.lists(st.sampled_from(PRODUCTS), max_size=3)),
                "warehouse": st.sampled_from((*WAREHOUSES, "nowhere")),
                "lot": st.just(""),
            },
        ),
        group_by=st.lists(st.sampled_from(("product", "warehouse", "lot")), unique=True, max_size=3),
        company=st.sampled_from((None, A, B)),
        readable=st.sampled_from((None, frozenset({A}), frozenset({A, B}))),
    )
    def ask(self, since, until, where, group_by, company, readable) -> None:
        if readable is not None and company is not None and company not in readable:
            company = None
        asked = {"where": where, "group_by": group_by, "company_id": company, "companies": readable}
        turnover = self.books.ask(registers.turnover, FREE.name, since=since, until=until, **asked)
        balance = self.books.ask(registers.balance, FREE.name, at=until, **asked)
        wanted = [move for move in self.moves if _is_wanted(move, where, company, readable)]
        begun = [move for move in wanted if since is None or move.at >= instant(since)]
        assert _amounts(turnover) == _summed([move for move in begun if is_until(move, until)], group_by)
        assert _amounts(balance) == _summed([move for move in wanted if is_until(move, until)], group_by)

    @invariant()
    def totals_are_those_of_what_is_folded(self) -> None:
        with self.books.open() as ctx:
            assert registers.count_drift(ctx.uow) == 0

    def teardown(self) -> None:
        self.ask(None, None, {}, ["product", "warehouse", "lot"], None, None)


def _movement(move: Move):
    plain = goods(move.product, move.amount, move.at, warehouse=move.warehouse)
    return type(plain)(FREE.name, plain.occurred_at, plain.dimensions, plain.resources)


def _is_wanted(move: Move, where, company, readable) -> bool:
    values = {"product": move.product, "warehouse": move.warehouse, "lot": ""}
    fits = all(values[name] in ([value] if isinstance(value, str) else value) for name, value in where.items())
    return fits and company in (None, move.company) and (readable is None or move.company in readable)


def _summed(moves: list[Move], group_by: list[str]) -> dict[tuple, Decimal]:
    sums: dict[tuple, Decimal] = defaultdict(Decimal)
    for move in moves:
        values = {"product": move.product, "warehouse": move.warehouse, "lot": ""}
        sums[tuple(values[name] for name in group_by)] += move.amount
    grouped = {key: total for key, total in sums.items() if total}
    return grouped if group_by else {(): sum(sums.values(), Decimal(0))}


def _amounts(found) -> dict[tuple, Decimal]:
    return {tuple(row.dimensions.values()): row.resources["quantity"] for row in found}


# Sixteen who take and bring at once, and one who folds.


class Crowd:
    """Threads that move goods at random; `net` is what they have brought less what they have taken, by product."""

    def __init__(self, books, seed: int, kinds: int, rich: int) -> None:
        self.books, self.seed = books, seed
        self.products = [f"p{number}" for number in range(kinds)]
        self.net: Counter[str] = Counter(dict.fromkeys(self.products, rich))
        self.refused, self._lock, self._done = 0, threading.Lock(), threading.Event()
        books.record(*(goods(product, rich) for product in self.products))

    def run(self) -> None:
        with ThreadPoolExecutor(THREADS + 1) as pool:
            folding = pool.submit(self._fold)
            working = [pool.submit(self._work, number) for number in range(THREADS)]
            try:
                for each in working:
                    each.result(WAITING_S_MAX)
            finally:
                self._done.set()
            folding.result(WAITING_S_MAX)

    def _fold(self) -> None:
        chance = Random(self.seed)
        while not self._done.is_set():
            self.books.fold(chance.choice((1, 3, 50)))
            # While others write, no reader ever sees a balance below zero.
            found = self.books.ask(registers.balance, STOCK.name, group_by=["product"])
            assert min((row.resources["quantity"] for row in found), default=0) >= 0

    def _work(self, number: int) -> None:
        chance = Random(self.seed * THREADS + number)
        for _ in range(TURNS):
            # Several products in any order, some of them twice: locks are sorted, so nobody waits in a circle.
            moves = [(chance.choice(self.products), chance.randint(-6, 5)) for _ in range(chance.randint(1, 4))]
            try:
                self.books.record(*(goods(product, quantity) for product, quantity in moves))
            except BalanceNegative:
                with self._lock:
                    self.refused += 1
                continue
            with self._lock:
                for product, quantity in moves:
                    self.net[product] += quantity


@pytest.fixture(scope="module")
def books(empty_database):
    catalogue = {register.name: register for register in (POSTINGS, STOCK, FREE)}
    with open_books(empty_database(), pool_size_max=THREADS + 4, registers=catalogue) as opened:
        yield opened


def test_sums_are_those_of_a_plain_list(books):
    walk(lambda: Counting(books), quick(examples=15, steps=30))


@pytest.mark.slow
def test_sums_are_those_of_a_plain_list_far_and_wide(books):
    roam(lambda: Counting(books), wide(examples=400, steps=60))


def check_crowd(books, seed: int, kinds: int, rich: int) -> None:
    books.empty()
    crowd = Crowd(books, seed, kinds, rich)
    crowd.run()
    expected = {(product,): Decimal(amount) for product, amount in crowd.net.items() if amount}
    assert _amounts(books.ask(registers.balance, STOCK.name, group_by=["product"])) == expected
    assert min(crowd.net.values()) >= 0
    while books.fold():
        pass
    with books.open() as ctx:
        assert (registers.count_pending(ctx.uow), registers.count_drift(ctx.uow)) == (0, 0)
    assert _amounts(books.ask(registers.balance, STOCK.name, group_by=["product"])) == expected
    # There was something to refuse, or nothing was tried.
    assert crowd.refused > 0 or rich > 20


@quick(examples=3)
@given(seed=st.integers(0, 2**16), kinds=st.integers(1, 4), rich=st.integers(1, 40))
def test_sixteen_who_take_and_bring_at_once_never_go_below_zero(books, seed, kinds, rich):
    check_crowd(books, seed, kinds, rich)


@pytest.mark.slow
def test_crowds_of_all_sizes_never_go_below_zero(books):
    chance = Random(tell_seed())
    for _ in range(60):
        check_crowd(books, chance.randrange(2**16), chance.randint(1, 6), chance.randint(1, 60))


def test_what_does_not_balance_leaves_nothing_of_a_document(books):
    books.empty()
    with pytest.raises(BalanceNegative):
        books.record(posting("bank", "5"), posting("sales", "-5"), goods("tea", -1))
    assert books.ask(registers.listing, POSTINGS.name).items == ()
