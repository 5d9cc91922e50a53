"""Demo books: chart, fiscal year 2025 with periods, opening balances, running costs."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from sdk import Context, decimal_text

from .accounts import existing_codes

YEAR = 2025
OPENING = {"1020": "48200.00", "1400": "36750.00", "1540": "12400.00", "2500": "-25000.00", "3100": "-72350.00"}
# account: text, least and most a month in whole units
COSTS = {
    "6100": ("Wages", 9200, 9800),
    "6200": ("Rent", 2400, 2400),
    "6250": ("Energy", 310, 620),
    "6400": ("Telephone and internet", 90, 140),
    "5100": ("Goods bought", 16000, 24000),
}
BANK = "1020"


def load_demo(ctx: Context, seed: int) -> None:
    """Create what receivables and the statements of the demo year need, in the company at hand."""
    rng = random.Random(f"ledger {seed}")
    chart = ctx.documents.create("ledger.chart", {"name": "Standard chart", "template": "standard"})
    ctx.documents.perform("ledger.chart", chart.id, "load")
    year = {"name": str(YEAR), "starts_on": date(YEAR, 1, 1), "ends_on": date(YEAR, 12, 31)}
    created = ctx.documents.create("ledger.fiscal_year", year)
    ctx.documents.perform("ledger.fiscal_year", created.id, "open_periods")
    accounts = existing_codes(ctx, "ledger.account", chart.company_id)
    journals = existing_codes(ctx, "ledger.journal", chart.company_id)
    opening = [{"account": accounts[code], "amount": amount} for code, amount in OPENING.items()]
    _post(ctx, journals["OPN"], date(YEAR, 1, 1), "Opening balances", opening)
    for month in range(1, 13):
        for code, (memo, low, high) in COSTS.items():
            amount = Decimal(rng.randint(low * 100, high * 100)) / 100
            lines = [
                {"account": accounts[code], "amount": decimal_text(amount, 2)},
                {"account": accounts[BANK], "amount": decimal_text(-amount, 2)},
            ]
            _post(ctx, journals["BNK"], date(YEAR, month, 28), f"{memo} {YEAR}-{month:02}", lines)


def _post(ctx: Context, journal: str, day: date, memo: str, lines: list[dict[str, str]]) -> None:
    data = {"journal": journal, "posted_on": day, "memo": memo, "lines": lines}
    entry = ctx.documents.create("ledger.journal_entry", data)
    ctx.documents.perform("ledger.journal_entry", entry.id, "post")
