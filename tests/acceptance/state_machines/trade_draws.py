"""What is drawn for the books: mostly what fits, and now and then what must be refused."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from tests.acceptance.state_machines.trade import BEFORE_ALL_PERIODS, DAYS

# How often each way of trying is taken, see `Trade.attempt`.
WAYS = st.sampled_from(("plain", "plain", "plain", "again", "savepoint", "undone"))
PICKS = st.integers(0, 30)
COMPANIES = st.sampled_from((0, 0, 0, 1))
SIDES = st.sampled_from((0, 0, 1))
FOREIGN = st.sampled_from(("EUR", "USD", "EUR", "USD", "EUR", "JPY", "USD", "CHF"))
WHEN = st.sampled_from((*DAYS, *DAYS, *DAYS, BEFORE_ALL_PERIODS))
MONEY = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0.01", "0.05", "1.00", "3.33", "10.00", "1000.00")]),
    st.decimals("0.01", "2000", places=2),
)
LINES = st.lists(
    st.tuples(
        st.sampled_from([Decimal(text) for text in ("1", "1", "3", "0.333", "-1", "0")]),
        st.one_of(MONEY, st.just(Decimal("7.7777"))),
        st.sampled_from((None, 0, 1)),
    ),
    min_size=1,
    max_size=3,
)
SHARES = st.sampled_from(("all", "all", "third", "cent", "more"))
ONTO = st.lists(st.tuples(PICKS, SHARES), max_size=2)
OFTEN = st.sampled_from((True, True, False))
BATCHES = st.sampled_from((1, 3, 10, 5_000))
