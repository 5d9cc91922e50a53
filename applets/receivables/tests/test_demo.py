"""The demo year agrees with itself."""

from collections import Counter
from datetime import date
from pathlib import Path

from sdk.testing import FakeKernel

APPLETS = Path(__file__).parents[2]


def test_the_demo_year_is_whole_and_balances():
    names = ("parties", "catalog", "ledger", "receivables")
    kernel = FakeKernel(*(APPLETS / name for name in names), today=date(2026, 1, 15))
    kernel.add_company("Demo Ltd")
    kernel.load_demo_data(seed=1)
    documents = kernel.store.tables.documents.values()
    counts = Counter((document.type, document.state) for document in documents)
    assert counts["receivables.invoice", "posted"] == 294
    assert counts["receivables.invoice", "draft"] == 6
    assert counts["receivables.credit_note", "posted"] == 8
    assert 0.65 < counts["receivables.payment", "posted"] / 294 < 0.90
    invoices = [one for one in documents if one.type == "receivables.invoice" and one.state == "posted"]
    assert max(invoice["total"] for invoice in invoices) < 10_000
    assert all(1 <= len(invoice["lines"]) <= 6 for invoice in invoices)
    assert kernel.registers.balance("ledger.postings")[0].resources["base_amount"] == 0
    open_items = kernel.registers.balance("receivables.open_items")[0].resources["amount"]
    assert open_items == sum(invoice["outstanding"] for invoice in invoices)
    account = kernel.documents.find("ledger.account", code="1200").id
    assert kernel.registers.balance("ledger.postings", where={"account": account})[0].resources["amount"] == open_items
