from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sdk.testing import FakeKernel

APPLETS = Path(__file__).parents[2]


class Shop:
    """A company that sells: chart, one customer, one product at 10.00, tax rates of 19 and 7 percent."""

    def __init__(self) -> None:
        names = ("parties", "catalog", "ledger", "receivables")
        self.kernel = FakeKernel(*(APPLETS / name for name in names), today=date(2026, 6, 30))
        self.documents = self.kernel.documents
        self.company = self.kernel.add_company("Shop Ltd")
        chart = self.documents.create("ledger.chart", {"name": "Chart"})
        self.documents.perform("ledger.chart", chart.id, "load")
        self.customer = self.add_customer("C1", payment_terms_days=14)
        self.product = self.documents.create("catalog.product", {"code": "MUG", "name": "Mug", "sales_price": "10"}).id
        self.standard = self.add_tax_rate("STD", "19", "2200")
        self.reduced = self.add_tax_rate("RED", "7", "2210")

    def add_customer(self, code, **fields):
        return self.documents.create("parties.customer", {"code": code, "name": f"Customer {code}", **fields}).id

    def add_tax_rate(self, code, percent, account, **fields):
        data = {"code": code, "name": code, "percent": percent, "account": self.account(account), **fields}
        return self.documents.create("receivables.tax_rate", data).id

    def account(self, code):
        return self.documents.find("ledger.account", code=code, company_id=self.company).id

    def line(self, price="100", **fields):
        return {"description": "Work", "unit_price": price, **fields}

    def draft(self, *lines, type="receivables.invoice", **fields):
        data = {"customer": self.customer, "issued_on": "2026-03-10", "lines": list(lines) or [self.line()]} | fields
        return self.documents.create(type, data)

    def invoice(self, *lines, **fields):
        return self.perform(self.draft(*lines, **fields), "post")

    def credit(self, *lines, **fields):
        return self.perform(self.draft(*lines, type="receivables.credit_note", **fields), "post")

    def payment(self, amount, *allocations, **fields):
        """Post a payment; allocations are (invoice, amount)."""
        allocated = [{"invoice": invoice.id, "amount": part} for invoice, part in allocations]
        data = {"customer": self.customer, "received_on": "2026-03-20", "amount": amount, "allocations": allocated}
        return self.perform(self.documents.create("receivables.payment", {**data, **fields}), "post")

    def allocate(self, source, *allocations):
        given = [{"invoice": invoice.id, "amount": part} for invoice, part in allocations]
        return self.perform(source, "allocate", allocations=given)

    def perform(self, document, action, **arguments):
        return self.documents.perform(document.type, document.id, action, arguments)

    def again(self, document):
        return self.documents.get(document.type, document.id)

    def ledger(self):
        """Balances of the ledger in base, by account code; empty ones left out."""
        found = self.kernel.registers.balance("ledger.postings", group_by=["account"])
        codes = {one.id: one["code"] for one in self.documents.query("ledger.account", limit=100).items}
        sums = {codes[b.dimensions["account"]]: b.resources["base_amount"] for b in found}
        return {code: amount for code, amount in sums.items() if amount}

    def open_items(self, invoice=None, resource="amount"):
        where = {"invoice": invoice.id if invoice else ""}
        found = self.kernel.registers.balance("receivables.open_items", where=where)
        return found[0].resources[resource] if found else Decimal(0)

    def rate(self, currency, rate, on="2026-01-01"):
        data = {"currency": currency, "base": "EUR", "valid_on": on, "rate": rate}
        return self.documents.create("ledger.exchange_rate", data)

    def agrees(self):
        """What every step must leave: the books balance, and the ledger's receivables are the open items."""
        sums = self.ledger()
        items = self.kernel.registers.balance("receivables.open_items")
        open_base = items[0].resources["base_amount"] if items else 0
        return sum(sums.values()) == 0 and sums.get("1200", 0) == open_base


@pytest.fixture
def shop():
    return Shop()
