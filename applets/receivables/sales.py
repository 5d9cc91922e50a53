"""Invoices and credit notes while they are drafts: everything that was left out is filled in, everything summed up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sdk import Context, Document
from sdk.errors import Violation

from .errors import DueBeforeIssue, LinePriceMissing, TaxRateOfOtherCompany, TaxRateUnfit
from .lookup import base_currency, get_by_ids
from .rules import TaxRate, Totals, due_date, line_net, sum_up

RATES_MAX = 100
ZERO = Decimal(0)
ONE = Decimal(1)


def complete_sale(ctx: Context, document: Document) -> None:
    """Currency, due date, prices, accounts and taxes of the lines, nets and totals."""
    _fill_from_customer(ctx, document)
    products = get_by_ids(ctx, "catalog.product", (line["product"] for line in document["lines"] if "product" in line))
    _fill_from_products(ctx, document, products)
    _fill_taxes(ctx, document, products)
    rates = _find_rates(ctx, document)
    for line in document["lines"]:
        tax = line.get("tax")
        line.pop("tax_percent", None)
        if tax:
            line["tax_percent"] = rates[tax].percent
        line["net"] = line_net(line.get("quantity", ONE), line["unit_price"], line.get("discount_percent", ZERO))
    lines = [(line.get("tax"), line["net"]) for line in document["lines"]]
    totals = sum_up(lines, document.get("freight", ZERO), document.get("freight_tax"), rates)
    _set_totals(document, totals)


def _fill_from_customer(ctx: Context, document: Document) -> None:
    document["base_currency"] = base = base_currency(ctx, document.company_id)
    is_invoice = document.type == "receivables.invoice"
    needs_due_date = is_invoice and "due_on" not in document
    if needs_due_date or "currency" not in document:
        customer = ctx.elevated.documents.get("parties.customer", document["customer"])
        document.setdefault("currency", customer.get("currency", base))
        if needs_due_date:
            terms = customer.get("payment_terms_days", ctx.settings["payment_terms_days"])
            document["due_on"] = due_date(document["issued_on"], terms)
    if is_invoice and document["due_on"] < document["issued_on"]:
        raise DueBeforeIssue(due_on=document["due_on"], issued_on=document["issued_on"])


def _fill_from_products(ctx: Context, document: Document, products: Mapping[str, Document]) -> None:
    """Description and revenue account of the products; prices asked for where missing."""
    missing = []
    for index, line in enumerate(document["lines"]):
        product = products.get(line.get("product", ""))
        if product is not None:
            _fill_line(ctx, document, line, product)
        if "unit_price" not in line:
            missing.append(Violation(f"/lines/{index}/unit_price", "required", "the line has no price", "a price"))
    if missing:
        raise LinePriceMissing(violations=missing, currency=document["currency"])


def _fill_line(ctx: Context, document: Document, line: dict[str, Any], product: Document) -> None:
    line.setdefault("description", product["name"])
    if "revenue_account" in product:
        line.setdefault("revenue_account", product["revenue_account"])
    if "unit_price" not in line:
        price = ctx.resolve(
            "price",
            product_id=product.id,
            quantity=line.get("quantity", ONE),
            on=document["issued_on"],
            currency=document["currency"],
        )
        if price is not None:
            line["unit_price"] = price


def _fill_taxes(ctx: Context, document: Document, products: Mapping[str, Document]) -> None:
    """Lines without a tax rate: what an applet answers, else the company's rate for the product's tax category."""
    categories: dict[int, str] = {}
    for index, line in enumerate(document["lines"]):
        if "tax" in line:
            continue
        percent = ctx.resolve("tax_rate", document=document, line=line)
        if percent is not None:
            line["tax"] = _rate_of_percent(ctx, document, percent)
        elif line.get("product") in products:
            categories[index] = products[line["product"]].get("tax_category", "")
    rates = _rates_of_categories(ctx, document, set(filter(None, categories.values())))
    for index, category in categories.items():
        if category in rates:
            document["lines"][index]["tax"] = rates[category]


def _rates_of_categories(ctx: Context, document: Document, categories: set[str]) -> dict[str, str]:
    if not categories:
        return {}
    found = ctx.elevated.documents.query(
        "receivables.tax_rate",
        "company_id == param.company and tax_category in param.categories",
        parameters={"company": document.company_id, "categories": sorted(categories)},
        sort=("-code",),
        limit=RATES_MAX,
    ).items
    return {rate["tax_category"]: rate.id for rate in found}


def _find_rates(ctx: Context, document: Document) -> Mapping[str, TaxRate]:
    ids = {line["tax"] for line in document["lines"] if "tax" in line} | {document.get("freight_tax")}
    rates = get_by_ids(ctx, "receivables.tax_rate", filter(None, ids))
    for rate in rates.values():
        if rate.company_id != document.company_id:
            raise TaxRateOfOtherCompany(code=rate["code"])
    return {rate.id: TaxRate(rate.id, rate["percent"], rate["account"]) for rate in rates.values()}


def _rate_of_percent(ctx: Context, document: Document, percent: Decimal) -> str:
    found = ctx.elevated.documents.query(
        "receivables.tax_rate",
        "company_id == param.company and percent == param.percent",
        parameters={"company": document.company_id, "percent": percent},
        sort=("code",),
        limit=1,
    ).items
    if not found:
        raise TaxRateUnfit(percent=percent)
    return found[0].id


def _set_totals(document: Document, totals: Totals) -> None:
    document["net_total"], document["tax_total"], document["total"] = totals.net, totals.tax, totals.total
    document["taxes"] = [
        {
            "tax": tax.rate.id,
            "percent": tax.rate.percent,
            "account": tax.rate.account,
            "net": tax.net,
            "amount": tax.amount,
        }
        for tax in totals.taxes
    ]
