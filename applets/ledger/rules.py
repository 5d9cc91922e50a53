"""Pure rules of double entry: signed amounts, debit positive and credit negative."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sdk import round_half_up
from sdk.errors import Violation
from sdk.values import decimal_text, scale_of, spread_rest

from .errors import EntryUnbalanced

AMOUNT_SCALE_MAX = 10
DEFAULT_MINOR_UNITS = 2
RATE_SCALE = 10
# ISO 4217: currencies whose smallest coin is not a hundredth.
MINOR_UNITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
ZERO, ONE = Decimal(0), Decimal(1)
# What rounding may leave of an entry whose shares cost fractions of a cent.
REST_MAX = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Cost:
    """What an amount was bought at, as with shares. kind: `unit` (of one) or `total` (of the whole amount)."""

    kind: str
    amount: Decimal
    currency: str

    @property
    def lot(self) -> str:
        """What was bought at one cost is one lot: `108.95 USD`."""
        prefix = "total " if self.kind == "total" else ""
        return f"{prefix}{decimal_text(self.amount)} {self.currency}"

    def weigh(self, amount: Decimal) -> Decimal:
        """The amount in the currency of its cost."""
        return self.amount.copy_sign(amount) if self.kind == "total" else amount * self.amount


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry. base_amount: in the company's currency; None until it is computed."""

    account: str
    currency: str
    amount: Decimal
    base_amount: Decimal | None = None
    cost: Cost | None = None

    @property
    def weight(self) -> tuple[str, Decimal]:
        """The currency and amount it balances with: those of its cost, where it has one."""
        return (self.currency, self.amount) if self.cost is None else (self.cost.currency, self.cost.weigh(self.amount))


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What decides whether an account takes a posting."""

    code: str
    company_id: str | None
    currency: str | None = None
    is_group: bool = False
    is_blocked: bool = False


def minor_units(currency: str) -> int:
    """Digits after the point amounts of a currency are rounded to."""
    return MINOR_UNITS.get(currency, DEFAULT_MINOR_UNITS)


def convert(amount: Decimal, rate: Decimal, base: str) -> Decimal:
    """An amount in `base`, rounded half up to its minor units."""
    return round_half_up(amount * rate, minor_units(base))


def invert_rate(rate: Decimal) -> Decimal:
    """What one unit of the other currency is worth."""
    return round_half_up(1 / rate, RATE_SCALE)


def complete_postings(postings: Sequence[Posting], base: str, rates: Mapping[str, Decimal]) -> list[Posting]:
    """Postings with their base amounts; a cent that conversion leaves goes to the largest that can bear it."""
    completed = [p if p.base_amount is not None else _converted(p, base, rates) for p in postings]
    converted = [index for index, p in enumerate(postings) if p.base_amount is None and p.currency != base]
    rest = sum_base(completed)
    if rest and converted and _is_balanced_by_currency(completed):
        parts = [completed[index].base_amount or ZERO for index in converted]
        settled = spread_rest(parts, [completed[index].amount for index in converted], rest)
        for index, base_amount in zip(converted, settled, strict=True):
            completed[index] = replace(completed[index], base_amount=base_amount)
    return completed


def _converted(posting: Posting, base: str, rates: Mapping[str, Decimal]) -> Posting:
    if posting.currency == base:
        return replace(posting, base_amount=posting.amount)
    currency, weight = posting.weight
    return replace(posting, base_amount=convert(weight, rates.get(currency, ONE), base))


def currencies_to_convert(postings: Iterable[Posting], base: str) -> list[str]:
    """The currencies a rate to `base` is needed for."""
    open_ones = (posting for posting in postings if posting.base_amount is None and posting.currency != base)
    return sorted({posting.weight[0] for posting in open_ones} - {base})


def _is_balanced_by_currency(postings: Iterable[Posting]) -> bool:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        currency, weight = posting.weight
        sums[currency] += weight
    # Real journals round what shares cost: half a cent either way is balanced.
    return all(abs(rest) < REST_MAX for rest in sums.values())


def sum_base(postings: Iterable[Posting]) -> Decimal:
    return sum((posting.base_amount or ZERO for posting in postings), ZERO)


def sum_debits(postings: Iterable[Posting]) -> Decimal:
    return sum((max(posting.base_amount or ZERO, ZERO) for posting in postings), ZERO)


def check_balanced(postings: Iterable[Posting]) -> None:
    """Raises EntryUnbalanced."""
    difference = sum_base(postings)
    if difference:
        raise EntryUnbalanced(difference=decimal_text(difference))


def find_faults(postings: Sequence[Posting], base: str) -> list[Violation]:
    """What is wrong with each posting, base amounts there."""
    return [
        Violation(f"/lines/{index}/{field}", rule, message, expected)
        for index, posting in enumerate(postings)
        for field, rule, message, expected in _posting_faults(posting, base)
    ]


def _posting_faults(posting: Posting, base: str) -> Iterable[tuple[str, str, str, str]]:
    amount, base_amount = posting.amount, posting.base_amount or ZERO
    for field, value in (("amount", amount), ("base_amount", base_amount)):
        if scale_of(value) > AMOUNT_SCALE_MAX:
            yield field, "decimal_scale", "too many digits after the point", f"at most {AMOUNT_SCALE_MAX}"
    if amount * base_amount < 0:
        yield "base_amount", "line_sign_differs", "debit in one currency is debit in the other", "the sign of amount"
    if posting.currency == base and amount != base_amount:
        yield "base_amount", "base_amount_differs", "both amounts are in one currency", decimal_text(amount)


def find_refusals(
    postings: Sequence[Posting], accounts: Mapping[str, AccountFacts], company_id: str | None
) -> list[Violation]:
    """Why accounts refuse the postings."""
    return [
        Violation(f"/lines/{index}/account", rule, message)
        for index, posting in enumerate(postings)
        for rule, message in _refusals(posting, accounts[posting.account], company_id)
    ]


def _refusals(posting: Posting, account: AccountFacts, company_id: str | None) -> Iterable[tuple[str, str]]:
    if account.company_id != company_id:
        yield "account_of_other_company", f"the account {account.code} belongs to another company"
    if account.is_group:
        yield "account_is_group", f"the account {account.code} is a group: post to an account below it"
    if account.is_blocked:
        yield "account_is_blocked", f"the account {account.code} is blocked"
    if account.currency not in (None, posting.currency):
        yield "account_currency_differs", f"the account {account.code} holds {account.currency} only"
