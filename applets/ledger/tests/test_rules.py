"""Double entry, by table."""

from decimal import Decimal

import pytest

from applets.ledger.errors import EntryUnbalanced
from applets.ledger.rules import (
    AccountFacts,
    Cost,
    Posting,
    check_balanced,
    complete_postings,
    convert,
    currencies_to_convert,
    find_faults,
    find_refusals,
    invert_rate,
    minor_units,
    sum_base,
    sum_debits,
)


def posting(amount, base=None, currency="EUR", account="a"):
    return Posting(account, currency, Decimal(amount), None if base is None else Decimal(base))


@pytest.mark.parametrize(
    ("amount", "rate", "base", "converted"),
    [
        ("100", "1.2345", "EUR", "123.45"),
        ("1", "0.005", "EUR", "0.01"),
        ("-1", "0.005", "EUR", "-0.01"),
        ("1", "0.0049999999", "EUR", "0.00"),
        ("1", "150.5", "JPY", "151"),
        ("1", "0.30055", "KWD", "0.301"),
        ("0", "7", "EUR", "0.00"),
    ],
)
def test_amounts_are_converted_half_up_to_minor_units(amount, rate, base, converted):
    assert convert(Decimal(amount), Decimal(rate), base) == Decimal(converted)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("SHARES", 2)])
def test_currencies_know_their_smallest_coin(currency, digits):
    assert minor_units(currency) == digits


@pytest.mark.parametrize(("rate", "inverse"), [("2", "0.5"), ("3", "0.3333333333"), ("0.7", "1.4285714286")])
def test_a_rate_can_be_turned_round(rate, inverse):
    assert invert_rate(Decimal(rate)) == Decimal(inverse)


def test_amounts_of_the_own_currency_are_their_base_amounts():
    completed = complete_postings([posting("10"), posting("-10")], "EUR", {})
    assert [p.base_amount for p in completed] == [Decimal("10"), Decimal("-10")]


def test_given_base_amounts_stay():
    given = [posting("10", "8.40", "USD"), posting("-8.40")]
    assert complete_postings(given, "EUR", {})[0].base_amount == Decimal("8.40")


def test_a_cent_that_conversion_leaves_goes_to_the_largest_posting():
    given = [posting("100", currency="USD"), posting("-33.33", currency="USD"), posting("-66.67", currency="USD")]
    completed = complete_postings(given, "EUR", {"USD": Decimal("0.905")})
    # 90.50 against 30.16 + 60.34: converted one by one they add up already
    assert [p.base_amount for p in completed] == [Decimal("90.50"), Decimal("-30.16"), Decimal("-60.34")]
    completed = complete_postings(given, "EUR", {"USD": Decimal("0.91515")})
    assert sum_base(completed) == 0
    assert [p.base_amount for p in completed] == [Decimal("91.51"), Decimal("-30.50"), Decimal("-61.01")]


def test_no_debit_turns_into_a_credit_however_much_rounding_leaves():
    given = [*[posting("0.80", currency="JPY")] * 9, *[posting("-2.40", currency="JPY")] * 3]
    completed = complete_postings(given, "EUR", {"JPY": Decimal("0.0061")})
    assert sum_base(completed) == 0
    assert find_faults(completed, "EUR") == []


def test_what_does_not_balance_in_its_currency_is_not_made_to():
    completed = complete_postings(
        [posting("100", currency="USD"), posting("-99", currency="USD")], "EUR", {"USD": Decimal("1")}
    )
    assert sum_base(completed) == Decimal("1.00")


def shares(amount, cost, kind="unit", base=None):
    return Posting("a", "VHT", Decimal(amount), base, Cost(kind, Decimal(cost), "USD"))


@pytest.mark.parametrize(
    ("line", "weight", "lot"),
    [
        (shares("4", "108.95"), "435.80", "108.95 USD"),
        (shares("-4", "108.950"), "-435.80", "108.95 USD"),
        (shares("4", "100", "total"), "100", "total 100 USD"),
        (shares("-4", "100", "total"), "-100", "total 100 USD"),
    ],
)
def test_what_was_bought_at_a_cost_balances_with_it(line, weight, lot):
    assert line.weight == ("USD", Decimal(weight))
    assert line.cost.lot == lot


def test_shares_are_worth_their_cost():
    (bought, paid) = complete_postings([shares("4.271", "23.43"), posting("-100.07", currency="USD")], "USD", {})
    assert (bought.base_amount, paid.base_amount) == (Decimal("100.07"), Decimal("-100.07"))
    (bought, paid) = complete_postings(
        [shares("2", "50"), posting("-100", currency="USD")], "EUR", {"USD": Decimal("0.9")}
    )
    assert (bought.base_amount, paid.base_amount) == (Decimal("90.00"), Decimal("-90.00"))


def test_rates_are_needed_of_what_shares_cost():
    lines = [shares("1", "1"), shares("1", "1", base=Decimal(1)), posting("1", currency="CHF"), posting("1")]
    assert currencies_to_convert(lines, "EUR") == ["CHF", "USD"]
    assert currencies_to_convert(lines, "USD") == ["CHF", "EUR"]


@pytest.mark.parametrize("amounts", [("1", "-1"), ("0.1", "0.2", "-0.3"), ("5", "-5", "0.0000000001", "-0.0000000001")])
def test_debit_equals_credit_to_the_last_digit(amounts):
    check_balanced([posting(amount, amount) for amount in amounts])


def test_a_difference_is_refused_and_told():
    with pytest.raises(EntryUnbalanced) as refused:
        check_balanced([posting("1", "1"), posting("-0.99", "-0.99")])
    assert refused.value.code == "entry_unbalanced"
    assert refused.value.details == {"difference": "0.01"}


def test_the_total_of_an_entry_is_what_it_debits():
    assert sum_debits([posting("7", "7"), posting("-5", "-5"), posting("-2", "-2")]) == Decimal("7")


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        (posting("10", "10"), []),
        (posting("10", "8", "USD"), []),
        # an exchange difference moves nothing but base
        (posting("0", "8", "USD"), []),
        (posting("0", "0"), []),
        (posting("10", "-8", "USD"), [("/lines/0/base_amount", "line_sign_differs")]),
        (posting("10", "8"), [("/lines/0/base_amount", "base_amount_differs")]),
        (posting("0.00000000001", "0.01", "USD"), [("/lines/0/amount", "decimal_scale")]),
        (posting("0.0000000001", "0.01", "USD"), []),
    ],
)
def test_each_posting_is_checked(line, faults):
    assert [(violation.pointer, violation.rule) for violation in find_faults([line], "EUR")] == faults


@pytest.mark.parametrize(
    ("account", "rules"),
    [
        (AccountFacts("1", "c"), []),
        (AccountFacts("1", "c", currency="EUR"), []),
        (AccountFacts("1", "d"), ["account_of_other_company"]),
        (AccountFacts("1", "c", is_group=True), ["account_is_group"]),
        (AccountFacts("1", "c", is_blocked=True), ["account_is_blocked"]),
        (AccountFacts("1", "c", currency="USD"), ["account_currency_differs"]),
        (AccountFacts("1", "d", "USD", True, True),
         ["account_of_other_company", "account_is_group", "account_is_blocked", "account_currency_differs"]),
    ],
)  # fmt: skip
def test_accounts_say_why_they_refuse(account, rules):
    assert [violation.rule for violation in find_refusals([posting("1", "1")], {"a": account}, "c")] == rules
