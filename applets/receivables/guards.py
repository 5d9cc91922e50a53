"""What must always hold between receivables and the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from sdk import Balance, Context, Document, Question, decimal_text, hooks

from .lookup import list_companies
from .posting import OPEN_ITEMS

POSTINGS = "ledger.postings"
RESOURCES = ("amount", "base_amount")
ZERO = Decimal(0)
# As most coins have; more digits are shown where there are more.
SCALE_SHOWN = 2


@hooks.invariant
def open_items_equal_control_account(ctx: Context) -> Iterator[str]:
    """What customers owe is what the receivable account holds: per company and currency, in both amounts."""
    code = ctx.settings["receivable_account"]
    for companies in list_companies(ctx):
        for company in companies:
            account = ctx.documents.find("ledger.account", company_id=company.id, code=code)
            yield from _compare(ctx, company, code, account)


def _compare(ctx: Context, company: Document, code: str, account: Document | None) -> Iterator[str]:
    # Without the account there is nothing it could hold, and no item can be open.
    questions = [Question(OPEN_ITEMS, group_by=("currency",), company_id=company.id)]
    if account is not None:
        where = {"account": account.id}
        questions.append(Question(POSTINGS, where=where, group_by=("currency",), company_id=company.id))
    items, *held = ctx.registers.balances(*questions)
    for currency, owed, booked in find_differences(items, held[0] if held else ()):
        yield (
            f"open items of company {company['name']} ({company.id}) in {currency} come to {_text(owed)}, and the"
            f" account {code} holds {_text(booked)}"
        )


def find_differences(
    items: Iterable[Balance], held: Iterable[Balance]
) -> Iterator[tuple[str, Mapping[str, Decimal], Mapping[str, Decimal]]]:
    """Currencies in which the two are not the same, with the amounts of both."""
    owed, booked = _by_currency(items), _by_currency(held)
    nothing = dict.fromkeys(RESOURCES, ZERO)
    for currency in sorted({*owed, *booked}):
        sides = owed.get(currency, nothing), booked.get(currency, nothing)
        if sides[0] != sides[1]:
            yield currency, *sides


def _by_currency(balances: Iterable[Balance]) -> Mapping[str, Mapping[str, Decimal]]:
    return {one.dimensions["currency"]: {name: one.resources[name] for name in RESOURCES} for one in balances}


def _text(amounts: Mapping[str, Decimal]) -> str:
    amount, base_amount = (_digits(amounts[name]) for name in RESOURCES)
    return amount if amount == base_amount else f"{amount} (in the company's currency {base_amount})"


def _digits(amount: Decimal) -> str:
    rounded = decimal_text(amount, SCALE_SHOWN)
    return rounded if Decimal(rounded) == amount else decimal_text(amount)
