"""Invoices and credit notes while they are drafts: everything that was left out is filled in, everything summed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sdk import Context, Document
from sdk.errors import Violation

from .errors import DueBeforeIssue, LinePriceMissing, TaxRateOfOtherCompany, TaxRateUnfit
from .lookup import base_currency
from .rules import TaxRate, Totals, due_date, line_net, sum_up

ZERO = Decimal(0)
ONE = Decimal(1)


def complete_sale(ctx: Context, document: Document) -> None:
    """Currency, due date, prices, accounts and taxes of the lines, nets and totals."""
    linked = _read_linked(ctx, document)
    _fill_from_customer(ctx, document, linked)
    _fill_from_products(ctx, document, linked)
    rates = _fill_taxes(ctx, document, linked)
    for line in document["lines"]:
        tax = line.get("tax")
        line.pop("tax_percent", None)
        if tax:
            line["tax_percent"] = rates[tax].percent
        line["net"] = line_net(line.get("quantity", ONE), line["unit_price"], line.get("discount_percent", ZERO))
    lines = [(line.get("tax"), line["net"]) for line in document["lines"]]
    totals = sum_up(lines, document.get("freight", ZERO), document.get("freight_tax"), rates)
    _set_totals(document, totals)


def _read_linked(ctx: Context, document: Document) -> Mapping[str, Document]:
    """Customer and products by id, in one go; what is not there the kernel refuses by itself, with a pointer."""
    products = [line["product"] for line in document["lines"] if "product" in line]
    return ctx.elevated.documents.get_many({"catalog.product": products, "parties.customer": [document["customer"]]})


def _fill_from_customer(ctx: Context, document: Document, linked: Mapping[str, Document]) -> None:
    document["base_currency"] = base = base_currency(ctx, document.company_id)
    is_invoice = document.type == "receivables.invoice"
    needs_due_date = is_invoice and "due_on" not in document
    if needs_due_date or "currency" not in document:
        customer: Mapping[str, Any] = linked.get(document["customer"], {})
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


def _fill_taxes(ctx: Context, document: Document, products: Mapping[str, Document]) -> Mapping[str, TaxRate]:
    """Lines without a tax rate get what an applet answers, else the company's rate for the product's tax category.

    Answers the rates in use. A company has few of them: one query reads all.
    """
    lines = document["lines"]
    percents = {index: _ask_percent(ctx, document, line) for index, line in enumerate(lines) if "tax" not in line}
    categories = {index: _category(lines[index], products) for index in percents}
    if not any((*percents.values(), *categories.values(), *_given_taxes(document))):
        return {}
    rates = _rates_of_company(ctx, document)
    for index, percent in percents.items():
        tax = _find_by_percent(rates, percent) if percent is not None else _find_by_category(rates, categories[index])
        if tax is not None:
            lines[index]["tax"] = tax
    return {tax: _rate(rates, tax) for tax in _given_taxes(document)}


def _given_taxes(document: Document) -> set[str]:
    return {*(line["tax"] for line in document["lines"] if "tax" in line), document.get("freight_tax")} - {None}


def _ask_percent(ctx: Context, document: Document, line: Mapping[str, Any]) -> Decimal | None:
    percent: Decimal | None = ctx.resolve("tax_rate", document=document, line=line)
    return percent


def _category(line: Mapping[str, Any], products: Mapping[str, Document]) -> str | None:
    product = products.get(line.get("product", ""))
    return None if product is None else product.get("tax_category")


def _rates_of_company(ctx: Context, document: Document) -> Sequence[Document]:
    rates = ctx.elevated.documents.find_all("receivables.tax_rate", company_id=document.company_id)
    return sorted(rates, key=lambda rate: str(rate["code"]))


def _find_by_percent(rates: Iterable[Document], percent: Decimal) -> str:
    found = next((rate.id for rate in rates if rate["percent"] == percent), None)
    if found is None:
        raise TaxRateUnfit(percent=percent)
    return found


def _find_by_category(rates: Iterable[Document], category: str | None) -> str | None:
    return next((rate.id for rate in rates if category and rate.get("tax_category") == category), None)


def _rate(rates: Iterable[Document], tax: str) -> TaxRate:
    found = next((rate for rate in rates if rate.id == tax), None)
    if found is None:
        raise TaxRateOfOtherCompany(tax=tax)
    return TaxRate(found.id, found["percent"], found["account"])


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
