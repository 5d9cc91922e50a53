"""Charts of accounts and their trees."""

import pytest

from applets.ledger.accounts import read_template
from applets.ledger.errors import AccountHasPostings, AccountParentUnfit, CompanyHasPostings
from sdk.document_errors import DocumentLinked, LinkBroken, UniqueKeyTaken


def test_the_standard_chart_gives_accounts_and_journals(books):
    template = read_template("standard")
    assert books.chart.state == "loaded"
    assert books.chart["accounts_created"] == len(template["accounts"]) == 68
    assert books.chart["journals_created"] == 6
    receivables = books.documents.get("ledger.account", books.account("1200"))
    assert receivables["label"] == "1200 Trade receivables"
    assert receivables["parent"] == books.account("1100")


def test_children_of_the_standard_chart_have_the_type_of_their_parents():
    accounts = {account["code"]: account for account in read_template("standard")["accounts"]}
    for account in accounts.values():
        if "parent" in account:
            assert accounts[account["parent"]]["account_type"] == account["account_type"]
            assert accounts[account["parent"]]["is_group"]


def test_loading_again_leaves_what_is_there(books):
    chart = books.documents.create("ledger.chart", {"name": "Again"})
    loaded = books.perform(chart, "load")
    assert (loaded["accounts_created"], loaded["journals_created"]) == (0, 0)


def test_each_company_has_its_own_codes(books):
    other = books.kernel.add_company("Other Ltd")
    chart = books.documents.create("ledger.chart", {"name": "Other"}, company_id=other)
    assert books.perform(chart, "load")["accounts_created"] == 68
    data = {"code": "1020", "name": "Again", "account_type": "asset"}
    with pytest.raises(UniqueKeyTaken):
        books.documents.create("ledger.account", data, company_id=other)


def test_accounts_form_no_circle(books):
    with pytest.raises(AccountParentUnfit) as refused:
        books.documents.update("ledger.account", books.account("1000"), {"parent": books.account("1510")})
    assert refused.value.code == "account_parent_unfit"


def test_an_account_is_not_its_own_parent(books):
    with pytest.raises(AccountParentUnfit):
        books.documents.update("ledger.account", books.account("1000"), {"parent": books.account("1000")})


@pytest.mark.parametrize(("parent", "account_type"), [("4000", "asset"), ("1000", "income")])
def test_a_parent_has_the_same_type(books, parent, account_type):
    data = {"code": "9", "name": "Nine", "account_type": account_type, "parent": books.account(parent)}
    with pytest.raises(AccountParentUnfit):
        books.documents.create("ledger.account", data)


def test_a_parent_is_of_the_same_company(books):
    other = books.kernel.add_company("Other Ltd")
    data = {"code": "9", "name": "Nine", "account_type": "asset", "parent": books.account("1000")}
    with pytest.raises(AccountParentUnfit):
        books.documents.create("ledger.account", data, company_id=other)


def test_an_account_with_postings_stays_what_it_is(books):
    books.post(("6200", "1"), ("1020", "-1"))
    for patch in ({"is_group": True}, {"account_type": "asset", "parent": None}):
        with pytest.raises(AccountHasPostings) as refused:
            books.documents.update("ledger.account", books.account("6200"), patch)
        assert refused.value.code == "account_has_postings"
    renamed = books.documents.update("ledger.account", books.account("6200"), {"name": "Rents"})
    assert renamed["label"] == "6200 Rents"


def test_an_account_whose_postings_cancel_out_stays_what_it_is_too(books):
    books.post(("6200", "1"), ("1020", "-1"), on="2026-01-31")
    books.post(("6200", "-1"), ("1020", "1"), on="2026-03-31")
    with pytest.raises(AccountHasPostings):
        books.documents.update("ledger.account", books.account("6200"), {"account_type": "asset", "parent": None})


def test_an_account_of_drafts_alone_may_change(books):
    books.entry(("6200", "1"), ("1020", "-1"))
    patch = {"account_type": "asset", "parent": None}
    assert books.documents.update("ledger.account", books.account("6200"), patch)["account_type"] == "asset"


def test_a_company_with_postings_keeps_its_currency(books):
    other = books.kernel.add_company("Other Ltd")
    books.post(("6200", "1"), ("1020", "-1"), company_id=books.company)
    with pytest.raises(CompanyHasPostings) as refused:
        books.documents.update("kernel.company", books.company, {"currency": "USD"})
    assert (refused.value.code, refused.value.details["currency"]) == ("company_has_postings", "EUR")
    assert books.documents.update("kernel.company", books.company, {"name": "Books Inc"})["currency"] == "EUR"
    assert books.documents.update("kernel.company", other, {"currency": "USD"})["currency"] == "USD"


def test_an_account_with_postings_is_not_deleted(books):
    books.post(("6200", "1"), ("1020", "-1"))
    with pytest.raises(DocumentLinked):
        books.documents.delete("ledger.account", books.account("6200"))


def test_a_parent_that_is_not_there_is_named(books):
    data = {"code": "9", "name": "Nine", "account_type": "asset", "parent": books.company}
    with pytest.raises(LinkBroken) as refused:
        books.documents.create("ledger.account", data)
    assert [violation.pointer for violation in refused.value.violations] == ["/parent"]
