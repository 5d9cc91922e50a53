"""Registers on PostgreSQL: sums are those of the list of movements, whatever is folded and whoever writes."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.registers import service as registers
from kernel.registers.errors import CompanyNotReadable, InvalidRegisterQuery
from sdk.document_errors import BalanceNegative, CursorInvalid, ForeignRegister
from sdk.identifiers import new_id
from sdk.registers import Question, RegisterUnbalanced, UnknownDimension
from tests.integration.kernel.books import POSTINGS, STOCK, A, B, goods, open_books, posting, record, reverse

DAYS = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 20), date(2026, 2, 28), date(2026, 3, 20), date(2026, 4, 2)]


@pytest.fixture(scope="module")
def books(empty_database):
    with open_books(empty_database(), registers={r.name: r for r in (POSTINGS, STOCK)}) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty(books):
    books.empty()


def amounts(found, resource="base_amount"):
    """Balances as {dimension values: amount}."""
    return {tuple(row.dimensions.values()): row.resources[resource] for row in found}


def pay(books, amount, on=date(2026, 1, 15), company=A):
    return books.record(posting("bank", amount, on), posting("sales", -Decimal(amount), on), company=company)


def test_a_balance_is_grouped_and_leaves_out_what_is_zero(books):
    pay(books, "100.00")
    pay(books, "20.50")
    books.record(posting("fees", "5", currency="USD"), posting("fees", "-5", currency="USD"))
    found = books.ask(registers.balance, "ledger.postings", group_by=["account", "currency"])
    assert amounts(found) == {("bank", "EUR"): Decimal("120.50"), ("sales", "EUR"): Decimal("-120.50")}


def test_a_balance_that_is_not_grouped_is_one_even_of_nothing(books):
    (found,) = books.ask(registers.balance, "stock.on_hand")
    assert (found.dimensions, found.resources) == ({}, {"quantity": Decimal(0)})


def test_a_balance_at_a_day_includes_the_day(books):
    pay(books, "1", date(2026, 1, 31))
    pay(books, "10", date(2026, 2, 1))
    for at, expected in ((date(2026, 1, 30), 0), (date(2026, 1, 31), 1), (date(2026, 2, 1), 11), (None, 11)):
        (found,) = books.ask(registers.balance, "ledger.postings", at=at, where={"account": "bank"})
        assert found.resources["base_amount"] == expected


def test_an_instant_is_exact(books):
    moment = datetime(2026, 1, 5, 10, tzinfo=UTC)
    books.record(goods("tea", 3, moment))
    before = moment - timedelta(microseconds=1)
    assert books.ask(registers.balance, "stock.on_hand", at=before)[0].resources["quantity"] == 0
    assert books.ask(registers.balance, "stock.on_hand", at=moment)[0].resources["quantity"] == 3


def test_one_value_or_several_filter_a_dimension(books):
    books.record(goods("tea", 3), goods("coffee", 4), goods("milk", 5))
    wanted = {"product": ["tea", "milk"]}
    assert books.ask(registers.balance, "stock.on_hand", where=wanted)[0].resources["quantity"] == 8
    assert books.ask(registers.balance, "stock.on_hand", where={"product": "milk"})[0].resources["quantity"] == 5


def test_companies_are_apart_and_only_those_that_may_be_read_count(books):
    pay(books, "1", company=A)
    pay(books, "10", company=B)
    bank = {"where": {"account": "bank"}}
    everything = books.ask(registers.balance, "ledger.postings", **bank)
    of_b = books.ask(registers.balance, "ledger.postings", company_id=B, **bank)
    only_a = books.ask(registers.balance, "ledger.postings", companies=frozenset({A}), **bank)
    assert [found[0].resources["base_amount"] for found in (everything, of_b, only_a)] == [11, 10, 1]
    with pytest.raises(CompanyNotReadable):
        books.ask(registers.balance, "ledger.postings", company_id=B, companies=frozenset({A}))


def test_an_unknown_dimension_is_named(books):
    with pytest.raises(UnknownDimension, match="currency"):
        books.ask(registers.balance, "ledger.postings", group_by=["curency"])


def test_what_does_not_balance_is_refused_by_the_rule(books):
    with pytest.raises(RegisterUnbalanced):
        books.record(posting("bank", "100.00"), posting("sales", "-99.99"))


def test_what_does_not_balance_is_refused_by_the_database_too(books):
    with books.open() as ctx, pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="do not balance"):
        ctx.uow.execute(
            "INSERT INTO {t}.movements (register, company_id, document_id, occurred_at, d1, r1, balanced)"
            " VALUES ('ledger.postings', %s, %s, now(), 'bank', 1, true)",
            [A, new_id()],
        )


def test_reversing_leaves_nothing_and_reversing_again_changes_nothing(books):
    document = pay(books, "100.00", date(2026, 1, 31))
    for _ in range(2):
        with books.open() as ctx:
            reverse(ctx, document)
            ctx.uow.commit()
    assert books.ask(registers.balance, "ledger.postings", group_by=["account"]) == []
    assert books.ask(registers.balance, "ledger.postings", group_by=["account"], at=date(2026, 1, 31)) == []
    assert len(books.ask(registers.listing, "ledger.postings").items) == 4


def test_reversing_at_another_day_leaves_the_first_one_as_it_was(books):
    document = pay(books, "100.00", date(2026, 1, 31))
    with books.open() as ctx:
        reverse(ctx, document, date(2026, 3, 1))
        ctx.uow.commit()
    bank = {"where": {"account": "bank"}}
    assert books.ask(registers.balance, "ledger.postings", at=date(2026, 2, 28), **bank)[0].resources["amount"] == 100
    assert books.ask(registers.balance, "ledger.postings", at=date(2026, 3, 1), **bank)[0].resources["amount"] == 0


def test_an_applet_reverses_no_movements_of_another(books):
    document = pay(books, "100.00")
    with books.open() as ctx:
        foreign = replace(ctx, applet="receivables")
        with pytest.raises(ForeignRegister):
            reverse(foreign, document)


def test_the_list_of_movements_goes_page_by_page_in_order_of_time(books):
    for day in (20, 10, 30, 10):
        books.record(goods("tea", day, date(2026, 1, day)))
    seen, cursor = [], None
    while True:
        page = books.ask(registers.listing, "stock.on_hand", until=date(2026, 1, 20), limit=2, cursor=cursor)
        seen += [(row.occurred_at.day, row.resources["quantity"]) for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [(10, 10), (10, 10), (20, 20)]


def test_the_list_of_movements_refuses_a_strange_cursor_and_too_many_at_once(books):
    with pytest.raises(CursorInvalid):
        books.ask(registers.listing, "stock.on_hand", cursor="tomorrow")
    with pytest.raises(InvalidRegisterQuery) as refused:
        books.ask(registers.listing, "stock.on_hand", limit=501)
    assert refused.value.violations[0].expected == "1 to 500"


def test_the_list_of_movements_is_filtered_like_a_sum(books):
    books.record(goods("tea", 1), goods("milk", 2))
    books.record(goods("tea", 4), company=B)
    page = books.ask(registers.listing, "stock.on_hand", where={"product": "tea"}, companies=frozenset({B}))
    assert [(row.company_id, row.dimensions["product"], row.resources["quantity"]) for row in page.items] == [
        (B, "tea", 4)
    ]


def test_folding_in_batches_changes_no_sum(books):
    for number in range(5):
        pay(books, str(number + 1), DAYS[number])
    before = books.ask(registers.balance, "ledger.postings", group_by=["account"], at=date(2026, 2, 10))
    assert [books.fold(4), books.fold(4), books.fold(4)] == [4, 4, 2]
    with books.open() as ctx:
        assert (registers.count_pending(ctx.uow), registers.count_drift(ctx.uow)) == (0, 0)
    assert books.ask(registers.balance, "ledger.postings", group_by=["account"], at=date(2026, 2, 10)) == before


# The model: a plain list of movements, summed in Python.

PLACES = st.tuples(st.sampled_from(["tea", "milk", ""]), st.sampled_from(["north", "south"]))
MOVE = st.tuples(st.just("move"), PLACES, st.integers(0, 9), st.sampled_from(DAYS), st.sampled_from([A, B]))
FOLD = st.tuples(st.just("fold"), st.integers(1, 4))
ASK = st.tuples(
    st.just("ask"),
    st.sampled_from([None, *DAYS]),
    st.sampled_from([None, *DAYS]),
    st.sampled_from([{}, {"product": "tea"}, {"product": ["", "milk"], "warehouse": "north"}]),
    st.sampled_from([(), ("product",), ("warehouse", "product")]),
    st.sampled_from([None, A]),
)


def model(moves, period, where, group_by, company):
    since, until = period
    sums = defaultdict(Decimal)
    for (product, warehouse), quantity, day, of_company in moves:
        values = {"product": product, "warehouse": warehouse}
        is_wanted = all(values[name] in ([v] if isinstance(v, str) else v) for name, v in where.items())
        is_within = (since is None or day >= since) and (until is None or day <= until)
        if is_wanted and is_within and company in (None, of_company):
            sums[tuple(values[name] for name in group_by)] += quantity
    return {key: total for key, total in sums.items() if total or not group_by}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(MOVE, MOVE, FOLD, ASK), max_size=25))
def test_sums_are_those_of_the_plain_list_of_movements(books, steps):
    books.empty()
    moves = []
    for name, *step in [*steps, ("ask", None, None, {}, ("product", "warehouse"), None)]:
        if name == "move":
            (product, warehouse), quantity, day, company = step
            books.record(goods(product, quantity, day, warehouse=warehouse), company=company)
            moves.append(step)
        elif name == "fold":
            books.fold(step[0])
        else:
            since, until, where, group_by, company = step
            asked = {"where": where, "group_by": group_by, "company_id": company}
            turnover = books.ask(registers.turnover, "stock.on_hand", since=since, until=until, **asked)
            balance = books.ask(registers.balance, "stock.on_hand", at=until, **asked)
            nothing = {} if group_by else {(): 0}
            assert amounts(turnover, "quantity") == (model(moves, (since, until), where, group_by, company) or nothing)
            assert amounts(balance, "quantity") == (model(moves, (None, until), where, group_by, company) or nothing)
    with books.open() as ctx:
        assert registers.count_drift(ctx.uow) == 0


def test_totals_that_are_not_the_sum_of_their_movements_are_told_by_register_and_company(books):
    pay(books, "100.00")
    pay(books, "7", company=B)
    books.record(goods("mug", 5))
    books.fold()
    pay(books, "3")
    both = ("ledger.postings", "stock.on_hand")
    with books.open() as ctx:
        assert registers.find_differing(ctx.uow, both, 5) == []
    change = f'UPDATE "{books.tenant.schema}".totals SET r1 = r1 + 1'
    with books.database.owner() as connection:
        connection.execute(f"{change} WHERE register = 'stock.on_hand'")
        # Twice, once for each account of the entry.
        connection.execute(f"{change} WHERE register = 'ledger.postings' AND company_id = '{B}'")
    with books.open() as ctx:
        assert registers.find_differing(ctx.uow, both, 5) == [
            ("ledger.postings", B, [Decimal(2), Decimal(7)], [Decimal(0), Decimal(7)]),
            ("stock.on_hand", A, [Decimal(6), Decimal(5)], [Decimal(5), Decimal(5)]),
        ]
        assert len(registers.find_differing(ctx.uow, both, 1)) == 1
        assert registers.find_differing(ctx.uow, ("ledger.other",), 5) == []
    with books.database.owner() as connection:
        connection.execute(f"UPDATE {books.tenant.schema}.movements SET folded = false WHERE company_id = '{B}'")
    with books.open() as ctx:
        # A whole entry sums to nothing, and shows nevertheless.
        assert registers.find_differing(ctx.uow, both, 1) == [
            ("ledger.postings", B, [Decimal(2), Decimal(7)], [Decimal(0), Decimal(0)])
        ]


def test_several_balances_are_of_one_moment_and_each_as_if_asked_alone(books):
    pay(books, "100.00")
    books.fold()
    pay(books, "20", on=date(2026, 2, 1), company=B)
    books.record(goods("mug", 5, warehouse="north"))
    questions = [
        Question("ledger.postings", group_by=("account",)),
        Question("ledger.postings", at=date(2026, 1, 31), where={"account": "bank"}),
        Question("stock.on_hand", group_by=("product", "warehouse")),
        Question("ledger.postings", group_by=("account",), company_id=B),
    ]
    alone = [
        books.ask(registers.balance, one.register, at=one.at, where=one.where, group_by=one.group_by,
                  company_id=one.company_id)
        for one in questions
    ]  # fmt: skip
    assert books.ask(registers.balances, questions) == alone
    assert amounts(alone[0]) == {("bank",): Decimal("120.00"), ("sales",): Decimal("-120.00")}


def test_whoever_may_not_read_one_register_is_refused_all(books):
    questions = [Question("stock.on_hand"), Question("stock.on_hand", company_id=B)]
    with pytest.raises(CompanyNotReadable):
        books.ask(registers.balances, questions, companies=[A])


def test_totals_rebuilt_from_the_movements_are_the_same(books):
    for number in range(6):
        pay(books, str(number + 1), DAYS[number])
    books.fold(7)
    read = f'SELECT * FROM "{books.tenant.schema}".totals ORDER BY 1, 2, 3, 4, 5'
    with books.database.owner() as connection:
        before = connection.execute(read).fetchall()
        connection.execute(f'UPDATE "{books.tenant.schema}".totals SET r1 = r1 + 1')
    with books.open() as ctx:
        assert registers.count_drift(ctx.uow) == len(before)
        assert registers.rebuild_totals(ctx.uow) == len(before)
        ctx.uow.commit()
    with books.database.owner() as connection:
        assert connection.execute(read).fetchall() == before


# Several at once.


def test_a_transaction_held_open_while_others_fold_loses_nothing(books):
    with books.open() as late:
        record(late, goods("tea", 5))
        books.record(goods("tea", 7))
        assert books.fold() == 1
        assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 7
        late.uow.commit()
    assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 12
    assert books.fold() == 1
    assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 12


def test_two_who_fold_at_once_take_different_movements(books):
    for number in range(4):
        books.record(goods("tea", number + 1))
    with books.open() as first:
        assert registers.fold(first.uow, batch=2) == 2
        with ThreadPoolExecutor(1) as pool:
            # The second has to wait for the row of the totals the first one has made, and then adds to it.
            second = pool.submit(books.fold, 4)
            first.uow.commit()
            assert second.result(10) == 2
    assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 10
    with books.open() as ctx:
        assert registers.count_drift(ctx.uow) == 0


def test_a_balance_that_must_not_be_negative_is_not(books):
    books.record(goods("tea", 5))
    with pytest.raises(BalanceNegative) as refused:
        books.record(goods("tea", "-5.5", date(2026, 2, 1)))
    assert (refused.value.code, refused.value.details["balance"]) == ("balance_negative", "-0.5")
    assert refused.value.details["dimensions"] == {"product": "tea", "warehouse": "", "lot": ""}
    books.record(goods("tea", -5))
    assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 0


def test_what_one_key_has_another_may_not_use(books):
    books.record(goods("tea", 5, warehouse="north"), goods("milk", 5, warehouse="south"))
    for movement, company in ((goods("tea", -1, warehouse="south"), A), (goods("tea", -1, warehouse="north"), B)):
        with pytest.raises(BalanceNegative):
            books.record(movement, company=company)


def test_a_key_that_goes_down_and_up_in_one_document_is_fine(books):
    books.record(goods("tea", -3), goods("tea", 3))
    assert books.ask(registers.balance, "stock.on_hand")[0].resources["quantity"] == 0


def test_a_document_of_very_many_keys_is_checked_too(books):
    lots = [f"L{number}" for number in range(600)]
    books.record(*(goods("tea", 1, lot=lot) for lot in lots))
    books.record(*(goods("tea", -1, lot=lot) for lot in lots))
    with pytest.raises(BalanceNegative):
        books.record(*(goods("tea", -1, lot=lot) for lot in lots))


def test_eight_who_take_at_once_never_go_below_zero_and_lose_nothing(books):
    books.record(goods("tea", 60), goods("milk", 40))
    stop = threading.Event()

    def take(number):
        taken = []
        for turn in range(25):
            product = ("tea", "milk")[(number + turn) % 2]
            try:
                # Both products in turns of opposite order: sorted locks keep them from waiting in a circle.
                pair = [goods(product, -1), goods({"tea": "milk", "milk": "tea"}[product], -1)]
                books.record(*pair)
                taken.append(turn)
            except BalanceNegative:
                pass
        return len(taken)

    def keep_folding():
        while not stop.is_set():
            books.fold(7)

    with ThreadPoolExecutor(9) as pool:
        folding = pool.submit(keep_folding)
        done = list(pool.map(take, range(8)))
        stop.set()
        folding.result(10)
    assert sum(done) == 40
    found = books.ask(registers.balance, "stock.on_hand", group_by=["product"])
    assert amounts(found, "quantity") == {("tea",): 20}
    assert len(books.ask(registers.listing, "stock.on_hand", limit=500).items) == 2 + 2 * 40
    books.fold()
    with books.open() as ctx:
        assert (registers.count_pending(ctx.uow), registers.count_drift(ctx.uow)) == (0, 0)
