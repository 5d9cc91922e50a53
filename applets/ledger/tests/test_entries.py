"""Journal entries as a bookkeeper writes them."""

from datetime import date
from decimal import Decimal

import pytest

from applets.ledger.errors import (
    AccountsRefusePostings,
    EntryUnbalanced,
    ExchangeRateMissing,
    PeriodClosed,
    PeriodMissing,
    PostingsInvalid,
)
from sdk.document_errors import DocumentInvalid, DocumentNotDeletable, DocumentNotEditable
from sdk.states import ActionNotAllowed, GuardRefused

RENT = (("6200", "1200"), ("1020", "-1200"))


def test_a_posted_entry_moves_its_accounts(books):
    entry = books.post(*RENT, memo="Rent")
    assert entry.state == "posted"
    assert entry.number == "JE-2026-000001"
    assert entry["total"] == Decimal("1200")
    assert books.balance("6200") == Decimal("1200")
    assert books.balance("1020") == Decimal("-1200")


def test_a_draft_moves_nothing_and_may_be_unbalanced(books):
    draft = books.entry(("6200", "1200"), ("1020", "-1000"))
    assert draft.state == "draft"
    assert books.balance("6200") == 0


def test_an_unbalanced_entry_is_not_posted(books):
    draft = books.entry(("6200", "1200.01"), ("1020", "-1200"))
    with pytest.raises(EntryUnbalanced) as refused:
        books.perform(draft, "post")
    assert refused.value.details["difference"] == "0.01"
    assert books.balance("6200") == 0


def test_an_entry_has_two_postings_at_least(books):
    with pytest.raises(DocumentInvalid) as refused:
        books.entry(("6200", "1"))
    assert refused.value.violations[0].pointer == "/lines"


def test_every_fault_of_every_line_is_told(books):
    with pytest.raises(PostingsInvalid) as refused:
        books.entry(
            ("6200", "0", {"base_amount": "1"}),
            ("1020", "5", {"base_amount": "4"}),
            ("1020", "1", {"base_amount": "-1"}),
        )
    rules = [(violation.pointer, violation.rule) for violation in refused.value.violations]
    assert rules == [
        ("/lines/0/base_amount", "base_amount_differs"),
        ("/lines/1/base_amount", "base_amount_differs"),
        ("/lines/2/base_amount", "line_sign_differs"),
        ("/lines/2/base_amount", "base_amount_differs"),
    ]


def test_a_posting_over_nothing_moves_nothing(books):
    entry = books.post(*RENT, ("6250", "0"))
    assert len(entry["lines"]) == 3
    found = books.kernel.registers.balance("ledger.postings", group_by=["account"])
    assert books.account("6250") not in {balance.dimensions["account"] for balance in found}


def test_a_posted_entry_is_neither_changed_nor_deleted(books):
    entry = books.post(*RENT)
    with pytest.raises(DocumentNotEditable):
        books.documents.update(entry.type, entry.id, {"memo": "other"})
    with pytest.raises(DocumentNotDeletable):
        books.documents.delete(entry.type, entry.id)
    with pytest.raises(ActionNotAllowed):
        books.perform(entry, "post")


def test_groups_and_blocked_accounts_take_no_postings(books):
    books.documents.update("ledger.account", books.account("6250"), {"is_blocked": True})
    draft = books.entry(("6000", "1"), ("6250", "1"), ("1020", "-2"))
    with pytest.raises(AccountsRefusePostings) as refused:
        books.perform(draft, "post")
    rules = [(violation.pointer, violation.rule) for violation in refused.value.violations]
    assert rules == [("/lines/0/account", "account_is_group"), ("/lines/1/account", "account_is_blocked")]


def test_an_account_of_another_company_takes_no_postings(books):
    other = books.kernel.add_company("Other Ltd")
    foreign = {"code": "X", "name": "X", "account_type": "asset"}
    account = books.documents.create("ledger.account", foreign, company_id=other)
    lines = [{"account": account.id, "amount": "1"}, {"account": books.account("1020"), "amount": "-1"}]
    data = {"journal": books.journal(), "posted_on": "2026-01-01", "lines": lines}
    draft = books.documents.create("ledger.journal_entry", data, company_id=books.company)
    with pytest.raises(AccountsRefusePostings) as refused:
        books.perform(draft, "post")
    assert [violation.rule for violation in refused.value.violations] == ["account_of_other_company"]


def test_a_foreign_amount_is_converted_at_the_latest_rate(books):
    books.rate("USD", "0.80", on="2026-01-01")
    books.rate("USD", "0.90", on="2026-03-01")
    books.rate("USD", "0.99", on="2026-03-16")
    entry = books.post(("1020", "100", {"currency": "USD"}), ("3100", "-90"), on="2026-03-15")
    assert entry["lines"][0]["base_amount"] == Decimal("90.00")
    assert books.balance("1020", "amount", currency="USD") == Decimal("100")


def test_a_rate_the_other_way_round_will_do(books):
    books.rate("EUR", "1.25", base="USD")
    entry = books.entry(("1020", "100", {"currency": "USD"}), ("3100", "-80"))
    assert entry["lines"][0]["base_amount"] == Decimal("80.00")


def test_without_a_rate_the_base_amount_must_be_given(books):
    with pytest.raises(ExchangeRateMissing) as refused:
        books.entry(("1020", "100", {"currency": "USD"}), ("3100", "-80"))
    assert refused.value.code == "exchange_rate_missing"
    entry = books.post(("1020", "100", {"currency": "USD", "base_amount": "80"}), ("3100", "-80"))
    assert entry["total"] == Decimal("80")


def test_fractions_of_shares_are_kept_to_the_last_digit(books):
    shares = {"currency": "VBMPX", "base_amount": "100.07"}
    books.post(("1540", "4.2710000001", shares), ("1020", "-100.07"))
    assert books.balance("1540", "amount", currency="VBMPX") == Decimal("4.2710000001")


def test_shares_are_kept_by_lot(books):
    for cost in ("10", "12.5"):
        bought = {"currency": "VHT", "cost": {"amount": cost, "currency": "EUR"}}
        books.post(("1540", "4", bought), ("1020", f"-{4 * Decimal(cost)}"))
    where = {"account": books.account("1540")}
    found = books.kernel.registers.balance("ledger.postings", where=where, group_by=["lot"])
    lots = {balance.dimensions["lot"]: balance.resources for balance in found}
    assert {lot: sums["amount"] for lot, sums in lots.items()} == {"10 EUR": 4, "12.5 EUR": 4}
    assert {lot: sums["base_amount"] for lot, sums in lots.items()} == {"10 EUR": 40, "12.5 EUR": 50}


def test_reversing_posts_the_opposite_and_links_both(books):
    entry = books.post(*RENT, reference="R-1")
    reversed_entry = books.perform(entry, "reverse", reversed_on="2026-04-01")
    opposite = books.documents.get("ledger.journal_entry", reversed_entry["reversed_by"])
    assert reversed_entry.state == "reversed"
    assert (opposite.state, opposite["reverses"], opposite["posted_on"]) == ("posted", entry.id, date(2026, 4, 1))
    assert (opposite["memo"], opposite["reference"]) == ("Reversal of JE-2026-000001", "R-1")
    assert [line["amount"] for line in opposite["lines"]] == [Decimal("-1200"), Decimal("1200")]
    assert books.balance("6200") == 0
    before = books.kernel.registers.balance(
        "ledger.postings", where={"account": books.account("6200")}, at=date(2026, 3, 31)
    )
    assert before[0].resources["base_amount"] == Decimal("1200")


def test_an_entry_is_reversed_at_its_own_date_unless_told_otherwise(books):
    reversed_entry = books.perform(books.post(*RENT), "reverse")
    opposite = books.documents.get("ledger.journal_entry", reversed_entry["reversed_by"])
    assert opposite["posted_on"] == date(2026, 3, 15)


def test_an_entry_is_reversed_once_and_its_opposite_never(books):
    reversed_entry = books.perform(books.post(*RENT), "reverse")
    with pytest.raises(ActionNotAllowed):
        books.perform(reversed_entry, "reverse")
    with pytest.raises(GuardRefused):
        books.perform(books.documents.get("ledger.journal_entry", reversed_entry["reversed_by"]), "reverse")


def test_opening_balances_are_an_entry_of_the_opening_journal(books):
    books.post(("1020", "500"), ("3900", "-500"), journal="OPN", on="2026-01-01")
    found = books.kernel.registers.balance(
        "ledger.postings", where={"journal": books.journal("OPN")}, group_by=["account"]
    )
    assert sorted(balance.resources["base_amount"] for balance in found) == [Decimal("-500"), Decimal("500")]


def test_without_fiscal_years_any_day_may_be_posted_to(books):
    assert books.post(*RENT, on="1999-12-31").get("period") is None


def test_with_the_setting_a_fiscal_year_is_required(books):
    books.kernel.set_settings("ledger", require_periods=True)
    draft = books.entry(*RENT)
    with pytest.raises(PeriodMissing) as refused:
        books.perform(draft, "post")
    assert refused.value.code == "period_missing"


def test_posting_outside_of_all_periods_is_refused(books):
    books.fiscal_year()
    assert books.post(*RENT)["period"] == books.period("2026-03").id
    draft = books.entry(*RENT, on="2027-01-01")
    with pytest.raises(PeriodMissing):
        books.perform(draft, "post")


@pytest.mark.parametrize("actions", [("close",), ("close", "lock")])
def test_posting_into_a_closed_period_is_refused(books, actions):
    books.fiscal_year()
    for action in actions:
        books.perform(books.period("2026-03"), action)
    draft = books.entry(*RENT)
    with pytest.raises(PeriodClosed) as refused:
        books.perform(draft, "post")
    assert refused.value.code == "period_closed"
    assert refused.value.details["period"] == "2026-03"
    assert books.post(*RENT, on="2026-04-01").state == "posted"


def test_a_reversal_into_a_closed_period_is_refused_and_changes_nothing(books):
    books.fiscal_year()
    entry = books.post(*RENT)
    books.perform(books.period("2026-03"), "close")
    with pytest.raises(PeriodClosed):
        books.perform(entry, "reverse")
    assert books.documents.get(entry.type, entry.id).state == "posted"
    assert books.perform(entry, "reverse", reversed_on="2026-04-01").state == "reversed"
