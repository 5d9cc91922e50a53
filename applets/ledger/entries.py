"""Journal entries: completed when saved, checked and recorded when posted, reversed by an opposite entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk import Context, Document, hooks

from .errors import AccountsRefusePostings, PostingsInvalid
from .exchange import require_rate
from .lookup import base_currency
from .periods import require_open_period
from .rules import (
    AccountFacts,
    Cost,
    Posting,
    check_balanced,
    complete_postings,
    currencies_to_convert,
    find_faults,
    find_refusals,
    sum_debits,
)


def postings_of(entry: Document) -> list[Posting]:
    return [
        Posting(line["account"], line["currency"], line["amount"], line.get("base_amount"), cost_of(line))
        for line in entry["lines"]
    ]


def cost_of(line: Mapping[str, Any]) -> Cost | None:
    cost = line.get("cost")
    return None if cost is None else Cost(cost.get("kind", "unit"), cost["amount"], cost["currency"])


@hooks.before_save("ledger.journal_entry")
def complete_entry(ctx: Context, document: Document) -> None:
    """Currencies and base amounts where they were left out; every fault of every line at once."""
    base = base_currency(ctx, document.company_id)
    for line in document["lines"]:
        line.setdefault("currency", base)
    given = postings_of(document)
    foreign = currencies_to_convert(given, base)
    rates = {currency: require_rate(ctx, currency, base, document["posted_on"]) for currency in foreign}
    completed = complete_postings(given, base, rates)
    for line, posting in zip(document["lines"], completed, strict=True):
        line["base_amount"] = posting.base_amount
    document["total"] = sum_debits(completed)
    faults = find_faults(completed, base)
    if faults:
        raise PostingsInvalid(violations=faults)


@hooks.action("ledger.journal_entry", "post")
def post_entry(ctx: Context, document: Document) -> None:
    """Debit equals credit, the period is open, every account takes postings; then they are recorded."""
    postings = postings_of(document)
    check_balanced(postings)
    period = require_open_period(ctx, document.company_id, document["posted_on"])
    document["period"] = period.id if period else None
    accounts = ctx.elevated.documents.get_many({"ledger.account": (posting.account for posting in postings)})
    refusals = find_refusals(postings, {id: facts_of(account) for id, account in accounts.items()}, document.company_id)
    if refusals:
        raise AccountsRefusePostings(violations=refusals)
    for line in document["lines"]:
        # Real journals have postings over nothing; they stay in the entry and move no account.
        if line["amount"] or line["base_amount"]:
            _record(ctx, document, line)


def facts_of(account: Document) -> AccountFacts:
    return AccountFacts(
        code=account["code"],
        company_id=account.company_id,
        currency=account.get("currency"),
        is_group=account.get("is_group", False),
        is_blocked=account.get("is_blocked", False),
    )


def _record(ctx: Context, entry: Document, line: Mapping[str, Any]) -> None:
    dimensions = {"account": line["account"], "currency": line["currency"], "journal": entry["journal"]}
    cost = cost_of(line)
    ctx.registers.record(
        entry,
        "ledger.postings",
        occurred_at=entry["posted_on"],
        dimensions={**dimensions, "party": line.get("party", ""), "lot": cost.lot if cost else ""},
        resources={"base_amount": line["base_amount"], "amount": line["amount"]},
    )


@hooks.action("ledger.journal_entry", "reverse")
def reverse_entry(ctx: Context, document: Document, arguments: Mapping[str, Any]) -> None:
    """Post the opposite entry; both know of each other."""
    opposite = opposite_of(document, arguments)
    entries = ctx.elevated.documents
    created = entries.create("ledger.journal_entry", opposite, company_id=document.company_id, perform="post")
    document["reversed_by"] = created.id


def opposite_of(entry: Document, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the entry that undoes another."""
    kept = {name: entry[name] for name in ("journal", "reference", "source", "source_type") if name in entry}
    lines = [{**line, "amount": -line["amount"], "base_amount": -line["base_amount"]} for line in entry["lines"]]
    return {
        **kept,
        "posted_on": arguments.get("reversed_on") or entry["posted_on"],
        "memo": arguments.get("memo") or f"Reversal of {entry.number}",
        "reverses": entry.id,
        "lines": lines,
    }
