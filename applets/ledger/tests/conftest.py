from datetime import date
from pathlib import Path

import pytest

from sdk.testing import FakeKernel


class Books:
    """A company with a loaded chart, in a kernel with the ledger alone."""

    def __init__(self) -> None:
        self.kernel = FakeKernel(Path(__file__).parents[1], today=date(2026, 6, 30))
        self.documents = self.kernel.documents
        self.company = self.kernel.add_company("Books Ltd")
        chart = self.documents.create("ledger.chart", {"name": "Chart"})
        self.chart = self.documents.perform("ledger.chart", chart.id, "load")

    def account(self, code):
        return self.documents.find("ledger.account", code=code, company_id=self.company).id

    def journal(self, code="GEN"):
        return self.documents.find("ledger.journal", code=code, company_id=self.company).id

    def entry(self, *lines, on="2026-03-15", journal="GEN", **fields):
        """A draft; lines are (account code, amount) or (account code, amount, more fields)."""
        data = [
            {"account": self.account(code), "amount": amount, **(more[0] if more else {})}
            for code, amount, *more in lines
        ]
        return self.documents.create(
            "ledger.journal_entry", {"journal": self.journal(journal), "posted_on": on, "lines": data, **fields}
        )

    def post(self, *lines, **fields):
        entry = self.entry(*lines, **fields)
        return self.documents.perform("ledger.journal_entry", entry.id, "post")

    def perform(self, document, action, **arguments):
        return self.documents.perform(document.type, document.id, action, arguments)

    def balance(self, code, resource="base_amount", **where):
        found = self.kernel.registers.balance("ledger.postings", where={"account": self.account(code), **where})
        return found[0].resources[resource] if found else 0

    def fiscal_year(self, starts_on="2026-01-01", ends_on="2026-12-31", name="2026", periods=True):
        year = self.documents.create("ledger.fiscal_year", {"name": name, "starts_on": starts_on, "ends_on": ends_on})
        return self.perform(year, "open_periods") if periods else year

    def period(self, name):
        return self.documents.find("ledger.period", name=name)

    def rate(self, currency, rate, on="2026-01-01", base="EUR"):
        data = {"currency": currency, "base": base, "valid_on": on, "rate": rate}
        return self.documents.create("ledger.exchange_rate", data)


@pytest.fixture
def books():
    return Books()
