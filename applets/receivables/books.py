"""The way into the ledger: accounts and journals by the codes of the settings, entries made and undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sdk import Context, Document, hooks

from .entry_lines import EntryLine, Money
from .errors import EntryBelongsToDocument, ExchangeRateMissing, LedgerAccountMissing, LedgerJournalMissing

ENTRY = "ledger.journal_entry"
# What posts entries here.
SOURCES = ("receivables.invoice", "receivables.credit_note", "receivables.payment")
ONE = Decimal(1)


def find_accounts(ctx: Context, company_id: str | None, codes: Iterable[str]) -> Mapping[str, str]:
    """Ids of accounts by code; raises LedgerAccountMissing naming all that are not there."""
    find = ctx.elevated.documents.find
    found = {code: find("ledger.account", company_id=company_id, code=code) for code in sorted(set(codes))}
    missing = [code for code, account in found.items() if account is None]
    if missing:
        raise LedgerAccountMissing(codes=", ".join(missing))
    return {code: account.id for code, account in found.items() if account is not None}


def find_journal(ctx: Context, company_id: str | None, code: str) -> str:
    """The id of a journal; raises LedgerJournalMissing."""
    found = ctx.elevated.documents.find("ledger.journal", company_id=company_id, code=code)
    if found is None:
        raise LedgerJournalMissing(code=code)
    return found.id


def find_money(ctx: Context, currency: str, base: str, on: date) -> Money:
    """The currency with its rate on a day; raises ExchangeRateMissing."""
    if currency == base:
        return Money(currency, ONE)
    rate = ctx.resolve("exchange_rate", currency=currency, base=base, on=on)
    if rate is None:
        raise ExchangeRateMissing(currency=currency, base=base, on=on)
    return Money(currency, rate)


def post_entry(
    ctx: Context, source: Document, journal_code: str, posted_on: date, lines: Sequence[EntryLine], kind: str
) -> str | None:
    """Create and post the entry of a document; its id, None where there is nothing to post. kind: for people."""
    if not lines:
        return None
    number = ctx.documents.coming_number(source)
    data = {
        "journal": find_journal(ctx, source.company_id, journal_code),
        "posted_on": posted_on,
        "reference": number,
        "memo": f"{kind} {number}",
        "source": source.id,
        "source_type": source.type,
        "lines": [line.as_json() for line in lines],
    }
    return ctx.elevated.documents.create(ENTRY, data, company_id=source.company_id, perform="post").id


def reverse_entries(ctx: Context, document: Document) -> None:
    """Undo in the ledger what a cancelled document posted, dated as it was cancelled."""
    entries = [document.get("journal_entry"), *document.get("difference_entries", ())]
    for entry in filter(None, entries):
        ctx.elevated.documents.perform(ENTRY, entry, "reverse", {"reversed_on": document["cancelled_on"]})


@hooks.validate_action(ENTRY, "reverse")
def refuse_foreign_reversal(ctx: Context, document: Document) -> None:
    """What a document of ours posted is undone by cancelling it, or receivables and ledger would part."""
    source = _find_source(ctx, document)
    if source is not None and source.state != "cancelled":
        raise EntryBelongsToDocument(source=f"{source.type} {source.number}")


def _find_source(ctx: Context, entry: Document) -> Document | None:
    """The document of ours that posted the entry. What an entry says of its source anybody may have written."""
    type, id = entry.get("source_type"), entry.get("source")
    if type not in SOURCES or id is None:
        return None
    source = ctx.elevated.documents.get_many({type: [id]}).get(id)
    if source is None or entry.id not in (source.get("journal_entry"), *source.get("difference_entries", ())):
        return None
    return source
