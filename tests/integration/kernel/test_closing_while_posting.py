"""A period is closed while an entry is posted into it: whichever comes first, nothing lands in a closed period."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest

from sdk.errors import Conflict
from tests.integration.kernel.shipped import make_tenant, open_shipped

ENTRY, PERIOD = "ledger.journal_entry", "ledger.period"
# Long enough for an update of one row, which takes milliseconds, when nothing holds it back.
HELD_BACK_S = 0.5


@pytest.fixture(scope="module")
def kernel(empty_database):
    with open_shipped(empty_database()) as made:
        yield made


@pytest.fixture(scope="module")
def tenant(kernel):
    made = make_tenant(kernel, "closing", "ledger", chart=True)
    with kernel.operate(made) as ctx:
        data = {"name": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
        year = ctx.documents.create("ledger.fiscal_year", data)
        ctx.documents.perform("ledger.fiscal_year", year.id, "open_periods")
    return made


def draft(ctx, day):
    bank, sales = (ctx.documents.find("ledger.account", code=code).id for code in ("1020", "4100"))
    journal = ctx.documents.find("ledger.journal", code="GEN").id
    lines = [{"account": bank, "amount": "5"}, {"account": sales, "amount": "-5"}]
    return ctx.documents.create(ENTRY, {"journal": journal, "posted_on": day, "lines": lines}).id


def close(kernel, tenant, name):
    with kernel.operate(tenant) as ctx:
        ctx.documents.perform(PERIOD, ctx.documents.find(PERIOD, name=name).id, "close")


def test_closing_waits_for_the_entry_that_is_being_posted(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        entry = draft(ctx, "2026-03-05")
    with ThreadPoolExecutor(1) as other:
        with kernel.operate(tenant) as ctx:
            ctx.documents.perform(ENTRY, entry, "post")
            closing = other.submit(close, kernel, tenant, "2026-03")
            with pytest.raises(StillWaiting):
                closing.result(HELD_BACK_S)
        closing.result(10)
    with kernel.operate(tenant) as ctx:
        assert ctx.documents.get(ENTRY, entry).state == "posted"


def test_an_entry_waits_for_the_closing_and_is_refused(kernel, tenant):
    def post(entry):
        with kernel.operate(tenant) as ctx:
            ctx.documents.perform(ENTRY, entry, "post")

    with kernel.operate(tenant) as ctx:
        entry = draft(ctx, "2026-04-05")
    with ThreadPoolExecutor(1) as other:
        with kernel.operate(tenant) as ctx:
            ctx.documents.perform(PERIOD, ctx.documents.find(PERIOD, name="2026-04").id, "close")
            posting = other.submit(post, entry)
            with pytest.raises(StillWaiting):
                posting.result(HELD_BACK_S)
        with pytest.raises(Conflict) as refused:
            posting.result(10)
    assert (refused.value.code, refused.value.details["state"]) == ("period_closed", "closed")
