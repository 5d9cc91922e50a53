"""A small trading company in a tenant: books, customers, products; and the documents written again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bench.load import NUMBER
from sdk import Context

CUSTOMERS, PRODUCTS = 50, 40
LINES = 5
CUSTOMER_BYTES = 1000
YEARS = (2024, 2025)
ISSUED_ON = "2025-06-16"
# Stands for a number never used twice.
MARK = NUMBER.decode()


@dataclass(frozen=True)
class Business:
    """Ids of what documents link to."""

    company_id: str
    customers: Sequence[str]
    products: Sequence[str]

    def invoice(self, number: int, *, issued_on: str = ISSUED_ON) -> dict[str, Any]:
        """The data of an invoice with five lines of different products; below the limit that needs approval."""
        lines: list[dict[str, Any]] = [
            {"product": self.products[(number * LINES + line) % len(self.products)], "quantity": str(line + 1)}
            for line in range(LINES)
        ]
        lines[0]["discount_percent"] = "5"
        customer = self.customers[number % len(self.customers)]
        return {"customer": customer, "issued_on": issued_on, "freight": "12.50", "lines": lines}


def customer(mark: str = MARK) -> dict[str, Any]:
    """The data of a customer of about 1 kB. mark: its unique code."""
    address = {"street": "17 Harbour Street", "postal_code": "4021", "city": "Westhaven", "country": "Norway"}
    data: dict[str, Any] = {
        "code": mark,
        "name": f"Amber Garden Centre {mark}",
        "email": f"accounts@{mark}.example",
        "phone": "+99 555 0123",
        "website": "https://amber.example",
        "currency": "EUR",
        "payment_terms_days": 30,
        "credit_limit": "25000.00",
        "tax_ids": [{"kind": "vat", "country": "NO", "number": "XX123456789"}],
        "addresses": [
            {**address, "kind": "billing", "is_default": True},
            {**address, "kind": "shipping", "is_default": True, "street_2": "Gate 4, behind the fish market"},
            {**address, "kind": "other", "is_default": False, "region": "Coast"},
        ],
        "notes": "",
    }
    text = "Asks for a delivery note with every parcel and pays on the last day. "
    missing = CUSTOMER_BYTES - len(json.dumps(data))
    return {**data, "notes": (text * (missing // len(text) + 1))[: max(missing, 1)].strip()}


def found_business(ctx: Context) -> Business:
    """Chart, fiscal years with periods, a tax rate, customers and products, through the documents' own verbs."""
    create, perform = ctx.documents.create, ctx.documents.perform
    chart = create("ledger.chart", {"name": "Standard chart", "template": "standard"})
    perform("ledger.chart", chart.id, "load")
    for number in YEARS:
        span = {"name": str(number), "starts_on": date(number, 1, 1), "ends_on": date(number, 12, 31)}
        perform("ledger.fiscal_year", create("ledger.fiscal_year", span).id, "open_periods")
    account = ctx.documents.query("ledger.account", "code == '2200'", limit=1).items[0]
    rate = {"code": "STD", "name": "Standard rate", "percent": "19", "tax_category": "standard", "account": account.id}
    create("receivables.tax_rate", rate)
    customers = [create("parties.customer", customer(f"c{number:011}")).id for number in range(CUSTOMERS)]
    products = [create("catalog.product", _product(number)).id for number in range(PRODUCTS)]
    assert chart.company_id is not None
    return Business(chart.company_id, customers, products)


def _product(number: int) -> dict[str, Any]:
    return {
        "code": f"P{number:04}",
        "name": f"Stoneware Mug No. {number}",
        "category": "Tableware",
        "sales_price": f"{number % 30 + 2}.9000",
        "tax_category": "standard",
    }
