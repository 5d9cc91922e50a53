"""Exchange rates: documents of the ledger, and its answer to what a currency is worth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sdk import Context, Document, hooks

from .errors import ExchangeRateMissing, ExchangeRateOfSame
from .rules import invert_rate

_LATEST = "currency == param.currency and base == param.base and valid_on <= param.on"


@hooks.validate_document("ledger.exchange_rate")
def refuse_rate_of_same(ctx: Context, document: Document) -> None:
    if document["currency"] == document["base"]:
        raise ExchangeRateOfSame(currency=document["currency"])


@hooks.resolve("exchange_rate")
def rate_of_documents(ctx: Context, currency: str, base: str, on: date) -> Decimal | None:
    """The latest rate on or before the day; failing that, one over the latest rate the other way round."""
    if currency == base:
        return Decimal(1)
    rate = _latest(ctx, currency, base, on)
    if rate is not None:
        return rate
    opposite = _latest(ctx, base, currency, on)
    return None if opposite is None else invert_rate(opposite)


def _latest(ctx: Context, currency: str, base: str, on: date) -> Decimal | None:
    found = ctx.elevated.documents.query(
        "ledger.exchange_rate",
        _LATEST,
        parameters={"currency": currency, "base": base, "on": on},
        sort=("-valid_on",),
        limit=1,
    ).items
    return found[0]["rate"] if found else None


def require_rate(ctx: Context, currency: str, base: str, on: date) -> Decimal:
    """The rate as any applet answers it; raises ExchangeRateMissing."""
    rate: Decimal | None = ctx.resolve("exchange_rate", currency=currency, base=base, on=on)
    if rate is None:
        raise ExchangeRateMissing(currency=currency, base=base, on=on)
    return rate
