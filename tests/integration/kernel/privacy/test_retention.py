"""Retention rules at work: what is due goes, in batches, and of two laws the longer one holds."""

import pytest

from kernel.documents.verification import verify
from kernel.privacy.erasure import erase
from kernel.privacy.retention import run_rules, show_due
from kernel.privacy.subjects import Subject
from sdk.document_errors import DocumentNotFound

DAYS_OF_ELEVEN_YEARS = 4_018


@pytest.fixture
def shop(clinic):
    """The clinic with a patient, at a clock that goes back to where it was."""
    clock = clinic.kernel.clock
    before = clock.now
    with clinic.operate() as ctx:
        clinic.patient = ctx.documents.create("clinic.patient", {"name": "Jane", "code": "J"}).id
    yield clinic
    clock.now = before


def rule(clinic, **values):
    given = {
        "title": "Bills",
        "document_type": "clinic.bill",
        "years": 10,
        "from_field": "billed_on",
        "action": "erase",
    }
    with clinic.operate() as ctx:
        return ctx.documents.create("kernel.retention_rule", {**given, **values}).id


def bill(clinic, billed_on, **values):
    given = {"patient": clinic.patient, "total": "1.00", "note": "a note", "billed_on": billed_on}
    with clinic.operate() as ctx:
        return ctx.documents.create("clinic.bill", {**given, **values}).id


def note_of(clinic, id):
    with clinic.operate() as ctx:
        return ctx.documents.get("clinic.bill", id).get("note")


def due(clinic):
    with clinic.operate() as ctx:
        return [each["id"] for each in show_due(ctx).documents]


def test_what_is_over_is_erased_and_what_is_not_stays(shop):
    rule(shop)
    over, last_day = bill(shop, "2016-02-28"), bill(shop, "2016-03-01")
    assert due(shop) == [over]
    report = run_rules(shop.kernel, shop.tenant)
    assert (report.erased, report.deleted) == (1, 0)
    assert (note_of(shop, over), note_of(shop, last_day)) == (None, "a note")
    assert due(shop) == []
    assert run_rules(shop.kernel, shop.tenant).changed == 0
    with shop.operate() as ctx:
        assert verify(ctx).different == 0


def test_years_may_count_from_the_end_of_the_calendar_year(shop):
    rule(shop, end_of_year=True)
    over, kept = bill(shop, "2015-12-31"), bill(shop, "2016-01-01")
    assert due(shop) == [over]
    assert kept not in due(shop)


def test_a_rule_without_the_field_counts_from_the_creation(shop):
    rule(shop, from_field="created_at", years=1)
    id = bill(shop, None)
    assert due(shop) == []
    shop.kernel.clock.move(days=367)
    assert due(shop) == [id]


def test_of_two_laws_the_longer_one_holds(shop):
    rule(shop, years=1)
    rule(shop, title="Tax", years=20, action="keep")
    id = bill(shop, "2020-01-01")
    assert due(shop) == []
    assert run_rules(shop.kernel, shop.tenant).changed == 0
    assert note_of(shop, id) == "a note"


def test_a_rule_that_keeps_some_categories_lets_the_others_go(shop):
    rule(shop, years=1)
    rule(shop, title="Tax", years=20, action="keep", categories=["address"])
    id = bill(shop, "2020-01-01", address="1 Street")
    assert run_rules(shop.kernel, shop.tenant).erased == 1
    with shop.operate() as ctx:
        kept = ctx.documents.get("clinic.bill", id)
    assert (kept["address"], kept.get("note")) == ("1 Street", None)
    assert run_rules(shop.kernel, shop.tenant).changed == 0


def test_a_condition_chooses_the_documents(shop):
    rule(shop, condition="total > 5")
    bill(shop, "2000-01-01")
    large = bill(shop, "2000-01-01", total="6.00")
    assert due(shop) == [large]


def test_deleting_erases_and_leaves_what_others_need(shop):
    rule(shop, action="delete")
    rule(shop, title="Patients", document_type="clinic.patient", from_field="created_at", years=0, action="delete")
    id = bill(shop, "2000-01-01")
    young = bill(shop, "2026-01-01")
    shop.kernel.clock.move(days=2)
    report = run_rules(shop.kernel, shop.tenant)
    assert (report.deleted, report.linked, report.erased) == (1, 1, 2)
    with shop.operate() as ctx, pytest.raises(DocumentNotFound):
        ctx.documents.get("clinic.bill", id)
    with shop.operate() as ctx:
        assert ctx.documents.get("clinic.patient", shop.patient)["name"] == "[erased]"
        assert ctx.documents.get("clinic.bill", young)["note"] == "a note"


def test_what_was_kept_of_an_erased_person_goes_when_it_is_due(shop):
    rule(shop, action="keep", with_links=["patient"])
    id = bill(shop, "2026-01-31")
    with shop.operate() as ctx:
        told = erase(ctx, Subject("clinic.patient", shop.patient))
    assert told["next_due_on"] == "2036-02-01"
    assert note_of(shop, id) == "a note"
    assert run_rules(shop.kernel, shop.tenant).subjects == 0
    shop.kernel.clock.move(days=DAYS_OF_ELEVEN_YEARS)
    assert run_rules(shop.kernel, shop.tenant).subjects == 1
    assert note_of(shop, id) is None
    with shop.operate() as ctx:
        certificate = ctx.documents.get("kernel.erasure", told["certificate"])
    assert (certificate["kept_count"], certificate.get("next_due_on"), certificate["documents"]) == (0, None, 2)
    assert "Jane" not in shop.dump()


def test_many_documents_go_in_batches_and_nothing_is_left_behind(shop, monkeypatch):
    monkeypatch.setattr("kernel.privacy.retention.BATCH_DOCUMENTS", 2)
    rule(shop)
    ids = [bill(shop, "2000-01-01") for _ in range(5)]
    assert due(shop) == ids
    assert run_rules(shop.kernel, shop.tenant).erased == 5
    assert due(shop) == []


def test_a_rule_that_was_archived_or_deleted_does_nothing(shop):
    id = rule(shop)
    bill(shop, "2000-01-01")
    with shop.operate() as ctx:
        ctx.documents.delete("kernel.retention_rule", id)
    assert due(shop) == []


def test_what_is_written_after_an_erasure_is_due_again(shop):
    rule(shop)
    id = bill(shop, "2000-01-01")
    run_rules(shop.kernel, shop.tenant)
    with shop.operate() as ctx:
        ctx.documents.update("clinic.bill", id, {"note": "once more"})
    assert due(shop) == [id]
