from pathlib import Path

import pytest

from sdk import Actor
from sdk.testing import FakeKernel

APPLETS = Path(__file__).parents[2]
NAMES = ("parties", "catalog", "ledger", "receivables", "approvals")
CLERK = Actor(id="clerk", kind="user", name="Clerk")
BOSS = Actor(id="boss", kind="user", name="Boss")


class Office:
    """A company whose invoices above 10,000.00 need approval; a clerk and a boss who may do everything."""

    def __init__(self) -> None:
        self.kernel = FakeKernel(*(APPLETS / name for name in NAMES))
        self.documents = self.kernel.documents
        self.kernel.add_company("Office Ltd")
        chart = self.documents.create("ledger.chart", {"name": "Chart"})
        self.documents.perform("ledger.chart", chart.id, "load")
        self.customer = self.documents.create("parties.customer", {"code": "C1", "name": "Birch Hotel"}).id

    def draft(self, price, actor=CLERK, **fields):
        lines = [{"description": "Work", "unit_price": price}]
        data = {"customer": self.customer, "issued_on": "2026-01-10", "lines": lines, **fields}
        with self.kernel.context(actor) as ctx:
            return ctx.documents.create("receivables.invoice", data)

    def change(self, invoice, price):
        lines = [{"description": "Work", "unit_price": price}]
        return self.documents.update("receivables.invoice", invoice.id, {"lines": lines})

    def post(self, invoice, actor=CLERK):
        with self.kernel.context(actor) as ctx:
            return ctx.documents.perform("receivables.invoice", invoice.id, "post")

    def decide(self, request, action="approve", actor=BOSS, **arguments):
        with self.kernel.context(actor) as ctx:
            return ctx.documents.perform("approvals.request", request.id, action, arguments)

    def requests(self, invoice):
        """Newest first, events delivered."""
        self.kernel.deliver_events()
        assert self.kernel.dead_letters == ()
        found = self.documents.query(
            "approvals.request", "document == param.id", parameters={"id": invoice.id}, sort=["-id"]
        )
        return list(found.items)


@pytest.fixture
def office():
    return Office()
