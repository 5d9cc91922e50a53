"""The hooks of the ledger, gathered from where their subjects are."""

from __future__ import annotations

from sdk import Context, hooks

from .accounts import check_account, keep_currency, load_chart
from .demo import load_demo
from .entries import complete_entry, post_entry, reverse_entry
from .exchange import rate_of_documents, refuse_rate_of_same
from .guards import postings_sum_to_zero
from .periods import check_period, check_year, close_year, open_periods, refuse_in_closed_year

__all__ = [
    "check_account", "check_period", "check_year", "close_year", "complete_entry", "keep_currency", "load_chart",
    "load_demo_data", "open_periods", "post_entry", "postings_sum_to_zero", "rate_of_documents",
    "refuse_in_closed_year", "refuse_rate_of_same", "reverse_entry",
]  # fmt: skip


@hooks.demo_data
def load_demo_data(ctx: Context, seed: int) -> None:
    """A chart, the fiscal year 2025, opening balances and running costs."""
    load_demo(ctx, seed)
