"""Export and erasure of a person in a real database: what goes, what the law keeps, what stays whole."""

import re
from datetime import UTC, date, datetime

import pytest

from kernel.documents.history import as_of, at_revision
from kernel.documents.listing import ListRequest
from kernel.documents.queries import query
from kernel.documents.revisions import revisions
from kernel.documents.verification import verify
from kernel.events.service import EventFilter, list_events
from kernel.privacy.erasure import erase, show_plan
from kernel.privacy.errors import NoSubject, RetentionRuleInvalid
from kernel.privacy.export import export_subject
from kernel.privacy.replay import list_erasures, replay_erasures
from kernel.privacy.subjects import Subject
from sdk.document_errors import DocumentInvalid, DocumentNotFound, PermissionDenied

JANE = {
    "name": "Jane Secretname",
    "email": "jane@secret.example",
    "born_on": "1980-02-29",
    "ssn": "078-05-1120",
    "home": {"street": "1 Secret Street"},
    "phones": ["+1 555 0100 SECRET"],
    "kin": [{"name": "Ann Secretname", "rank": "1"}],
    "code": "J1",
}
SECRETS = ("Secretname", "secretname", "secret.example", "Secret Street", "0100 SECRET", "1980-02-29")
BILLS = {
    "title": "Bills",
    "document_type": "clinic.bill",
    "basis": "§ 147 AO",
    "years": 10,
    "from_field": "billed_on",
    "end_of_year": True,
    "action": "erase",
    "condition": 'state == "posted"',
    "categories": ["address", "name"],
    "with_links": ["patient"],
}


def add(clinic, **changes):
    with clinic.operate() as ctx:
        return Subject("clinic.patient", ctx.documents.create("clinic.patient", {**JANE, **changes}).id)


def bill(clinic, patient, *, post=False, **values):
    with clinic.operate() as ctx:
        given = {"patient": patient.id, "total": "100.00", "address": "1 Secret Street", "note": "SECRET NOTE"}
        made = ctx.documents.create("clinic.bill", {**given, **values})
        if post:
            ctx.documents.perform("clinic.bill", made.id, "post", {"said": "SECRET SAID"})
        return made.id


def rule(clinic, **changes):
    with clinic.operate() as ctx:
        return ctx.documents.create("kernel.retention_rule", {**BILLS, **changes}).id


def get(clinic, type, id):
    with clinic.operate() as ctx:
        return ctx.documents.get(type, id)


def erase_now(clinic, subject):
    with clinic.operate() as ctx:
        return erase(ctx, subject)


def assert_rebuilt(clinic):
    with clinic.operate() as ctx:
        report = verify(ctx)
    assert report.differences == []


def test_an_erasure_leaves_no_personal_value_anywhere_in_the_database(clinic):
    jane = add(clinic)
    bill(clinic, jane)
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", jane.id, {"email": "other@secret.example", "name": "J. Secretname"})
    bill(clinic, jane, post=True)
    deleted = bill(clinic, jane)
    with clinic.operate() as ctx:
        ctx.documents.delete("clinic.bill", deleted)
    assert "Secretname" in clinic.dump()
    told = erase_now(clinic, jane)
    assert told["documents"] == 4
    stolen = clinic.dump()
    for secret in (*SECRETS, "SECRET NOTE", "SECRET SAID"):
        assert secret not in stolen
    assert_rebuilt(clinic)


def test_what_an_error_has_told_and_what_is_kept_in_memory_goes_as_well(clinic):
    jane = add(clinic)
    clinic.execute("UPDATE {t}.deliveries SET last_error = 'another patient has Jane Secretname'")
    with clinic.operate() as ctx:
        before = ctx.uow.generation
    erase_now(clinic, jane)
    assert "Secretname" not in clinic.dump()
    with clinic.operate() as ctx:
        assert ctx.uow.generation == before + 1


def test_what_cannot_be_missing_is_a_marker_and_the_rest_has_no_value(clinic):
    jane = add(clinic)
    erase_now(clinic, jane)
    patient = get(clinic, "clinic.patient", jane.id)
    assert patient["name"] == "[erased]"
    assert patient["code"] == "J1"
    assert patient["kin"] == [{"rank": "1"}]
    for gone in ("email", "born_on", "phones", "shown"):
        assert gone not in patient


def test_amounts_links_and_events_stay_whole(clinic):
    jane = add(clinic)
    id = bill(clinic, jane, post=True, billed_on="2026-01-31")
    before = clinic.execute("SELECT id, payload::text FROM {t}.events ORDER BY position")
    erase_now(clinic, jane)
    after = clinic.execute("SELECT id, payload::text FROM {t}.events ORDER BY position")
    assert after[: len(before)] == before
    kept = get(clinic, "clinic.bill", id)
    assert (str(kept["total"]), kept["patient"], kept.state) == ("100.00", jane.id, "posted")


def test_history_shows_that_something_was_erased(clinic):
    jane = add(clinic)
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", jane.id, {"email": "other@secret.example"})
    erase_now(clinic, jane)
    with clinic.operate() as ctx:
        told = revisions(ctx, "clinic.patient", jane.id)["items"]
        assert [each["event"] for each in told] == [
            f"clinic.patient.{verb}" for verb in ("erased", "updated", "created")
        ]
        assert told[1]["diff"] == {"email": "[erased]"}
        assert told[2]["diff"]["name"] == "[erased]"
        assert told[2]["diff"]["kin"] == [{"name": "[erased]", "rank": "1"}]
        assert told[2]["diff"]["ssn"] == JANE["ssn"]
        first = at_revision(ctx, "clinic.patient", jane.id, 1).row.data
        assert "email" not in first
        assert first["code"] == "J1"
        assert as_of(ctx, "clinic.patient", jane.id, ctx.now).row.data["name"] == "[erased]"
        events = list_events(ctx, EventFilter(aggregate_type="clinic.patient", aggregate_id=jane.id)).items
        assert events[-1].payload["diff"]["name"] == "[erased]"


def test_another_process_reads_nothing_of_it_any_more_at_once(clinic):
    jane = add(clinic)
    with clinic.operate() as ctx:
        assert revisions(ctx, "clinic.patient", jane.id)["items"][0]["diff"]["name"] == "Jane Secretname"
        erase_now(clinic, jane)
        assert revisions(ctx, "clinic.patient", jane.id)["items"][1]["diff"]["name"] == "[erased]"


def test_a_dry_run_says_what_would_go_and_changes_nothing(clinic):
    jane = add(clinic)
    id = bill(clinic, jane)
    before = clinic.dump()
    with clinic.operate() as ctx:
        plan = show_plan(ctx, jane)
    assert [step["id"] for step in plan["erase"]] == [jane.id, id]
    assert plan["erase"][1]["fields"] == ["address", "note"]
    assert plan["keep"] == []
    assert clinic.dump() == before
    assert not any(secret in str(plan) for secret in SECRETS)


def test_an_erasure_is_repeatable_and_counted_once(clinic):
    jane = add(clinic)
    first = erase_now(clinic, jane)
    version = get(clinic, "clinic.patient", jane.id).version
    second = erase_now(clinic, jane)
    assert (first["documents"], second["documents"]) == (1, 0)
    assert second["certificate"] == first["certificate"]
    assert get(clinic, "clinic.patient", jane.id).version == version
    certificate = get(clinic, "kernel.erasure", first["certificate"])
    assert (certificate["documents"], certificate["kept_count"]) == (1, 0)


def test_other_people_keep_everything(clinic):
    jane, joe = add(clinic), add(clinic, name="Joe", ssn="2", code="J2")
    id = bill(clinic, joe, note="a note about Joe")
    erase_now(clinic, jane)
    assert get(clinic, "clinic.patient", joe.id)["email"] == "jane@secret.example"
    with clinic.operate() as ctx:
        assert revisions(ctx, "clinic.bill", id)["items"][0]["diff"]["note"] == "a note about Joe"


def test_a_posted_bill_keeps_name_and_address_of_whom_it_was_sent_to_and_nothing_else(clinic):
    rule(clinic)
    jane = add(clinic)
    posted, draft = bill(clinic, jane, post=True, billed_on="2026-01-31"), bill(clinic, jane)
    told = erase_now(clinic, jane)
    patient, kept = get(clinic, "clinic.patient", jane.id), get(clinic, "clinic.bill", posted)
    assert (patient["name"], patient["home"]) == ("Jane Secretname", {"street": "1 Secret Street"})
    assert "email" not in patient
    assert (kept["address"], kept.get("note")) == ("1 Secret Street", None)
    assert "address" not in get(clinic, "clinic.bill", draft)
    assert told["next_due_on"] == "2037-01-01"
    assert [(each["document_type"], each["fields"], each["until"], each["basis"]) for each in told["keep"]] == [
        ("clinic.patient", ["name", "home.street", "shown"], "2036-12-31", "§ 147 AO"),
        ("clinic.bill", ["address"], "2036-12-31", "§ 147 AO"),
    ]
    stolen = clinic.dump()
    for secret in ("secret.example", "0100 SECRET", "SECRET NOTE", "SECRET SAID", "Ann"):
        assert secret not in stolen
    assert_rebuilt(clinic)


def test_what_is_kept_stays_readable_in_its_history_and_a_second_run_finds_nothing_to_do(clinic):
    rule(clinic)
    jane = add(clinic)
    bill(clinic, jane, post=True, billed_on="2026-01-31")
    erase_now(clinic, jane)
    assert erase_now(clinic, jane)["documents"] == 0
    with clinic.operate() as ctx:
        now = as_of(ctx, "clinic.patient", jane.id, ctx.now).row.data
        assert now["name"] == "Jane Secretname"
        assert "email" not in now


def test_a_document_that_is_kept_whole_is_not_touched(clinic):
    rule(clinic, categories=[], with_links=[])
    jane = add(clinic)
    posted = bill(clinic, jane, post=True, billed_on="2026-01-31")
    version = get(clinic, "clinic.bill", posted).version
    erase_now(clinic, jane)
    kept = get(clinic, "clinic.bill", posted)
    assert (kept.version, kept["note"]) == (version, "SECRET NOTE")
    with clinic.operate() as ctx:
        told = revisions(ctx, "clinic.bill", posted)["items"]
    assert told[0]["arguments"]["said"] == "SECRET SAID"
    assert get(clinic, "clinic.patient", jane.id)["name"] == "[erased]"


def test_whose_document_was_somebody_elses_before_is_erased_for_both(clinic):
    jane, joe = add(clinic), add(clinic, name="Joe", ssn="2", code="J2")
    id = bill(clinic, jane, note="SECRET NOTE OF JANE")
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.bill", id, {"patient": joe.id, "note": "a note about Joe"})
    erase_now(clinic, jane)
    with clinic.operate() as ctx:
        told = revisions(ctx, "clinic.bill", id)["items"]
    assert told[-1]["diff"]["note"] == "[erased]"


def test_the_certificate_and_its_events_hold_no_personal_value(clinic):
    jane = add(clinic)
    told = erase_now(clinic, jane)
    rows = clinic.execute("SELECT payload::text FROM {t}.events WHERE aggregate_type = 'kernel.erasure'")
    assert rows
    for secret in SECRETS:
        assert secret not in str(rows) + str(told)


def test_nobody_makes_a_certificate_by_hand(clinic):
    with clinic.operate() as ctx, pytest.raises(DocumentInvalid):
        ctx.documents.create("kernel.erasure", {"subject_type": "clinic.patient", "documents": 1})


def test_only_who_was_granted_it_exports_or_erases(clinic):
    jane = add(clinic)
    with clinic.as_role("clinic.doctor") as ctx:
        for verb in (erase, show_plan, export_subject):
            with pytest.raises(PermissionDenied):
                verb(ctx, jane)


def test_who_is_not_there_and_what_is_about_nobody(clinic):
    with clinic.operate() as ctx:
        room = ctx.documents.create("clinic.room", {"name": "a room"})
        for id in ("0199a1b2-0000-7000-8000-000000000000", "no id at all"):
            with pytest.raises(DocumentNotFound):
                show_plan(ctx, Subject("clinic.patient", id))
        with pytest.raises(NoSubject):
            show_plan(ctx, Subject("clinic.room", room.id))


def test_the_export_holds_every_document_and_revision_of_a_person_and_of_nobody_else(clinic):
    jane, joe = add(clinic), add(clinic, name="Joe Other", ssn="2", code="J2")
    posted = bill(clinic, jane, post=True)
    bill(clinic, joe, note="a note about Joe")
    with clinic.operate() as ctx:
        ctx.documents.update("clinic.patient", jane.id, {"email": "other@secret.example"})
        room = ctx.documents.create("clinic.room", {"name": "room 1", "patient": jane.id})
        told = export_subject(ctx, jane)
    assert [each["document"]["id"] for each in told["documents"]] == [jane.id, posted]
    assert [each["document"]["id"] for each in told["linking"]] == [room.id]
    patient = told["documents"][0]
    assert patient["document"]["ssn"] == JANE["ssn"]
    assert [each["diff"].get("email") for each in patient["revisions"]] == [JANE["email"], "other@secret.example"]
    assert patient["personal"]["home.street"] == "address"
    assert told["documents"][1]["revisions"][1]["arguments"] == {"said": "SECRET SAID"}
    assert "Joe" not in str(told)
    assert not re.search(r"(enc|psn):v1:", str(told))


def test_after_a_restore_those_who_were_erased_since_are_erased_once_more(clinic):
    jane, joe = add(clinic), add(clinic, name="Joe", ssn="2", code="J2")
    erase_now(clinic, jane)
    with clinic.operate() as ctx:
        listed = list(list_erasures(ctx))
    assert [each["subject_id"] for each in listed] == [jane.id]
    # As a backup from before would have it.
    gone = {"subject_type": "clinic.patient", "subject_id": "0199a1b2-0000-7000-8000-000000000000"}
    with clinic.operate() as ctx:
        report = replay_erasures(ctx, [{"subject_type": "clinic.patient", "subject_id": joe.id}, gone])
    assert (report.erased, report.missing) == (1, 1)
    assert get(clinic, "clinic.patient", joe.id)["name"] == "[erased]"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"document_type": "clinic.bil"}, "/document_type"),
        ({"from_field": "billed"}, "/from_field"),
        ({"from_field": "total"}, "/from_field"),
        ({"condition": "stat == 1"}, "/condition"),
        ({"condition": "state =="}, "/condition"),
        ({"with_links": ["pateint"]}, "/with_links/0"),
        ({"with_links": [], "categories": ["adress"]}, "/categories/0"),
    ],
)
def test_a_rule_that_would_keep_nothing_is_refused(clinic, change, pointer):
    with pytest.raises(RetentionRuleInvalid) as refused:
        rule(clinic, **change)
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_search_finds_an_erased_person_by_the_old_name_no_more(clinic):
    jane = add(clinic)
    with clinic.operate() as ctx:
        assert len(query(ctx, "clinic.patient", ListRequest(q="secretname")).items) == 1
    erase_now(clinic, jane)
    with clinic.operate() as ctx:
        assert query(ctx, "clinic.patient", ListRequest(q="secretname")).items == ()


def test_dates_of_erasures_are_those_of_the_clock(clinic):
    told = erase_now(clinic, add(clinic))
    assert get(clinic, "kernel.erasure", told["certificate"])["erased_at"] == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert date(2026, 3, 1).isoformat() in str(clinic.execute("SELECT max(destroyed_at) FROM {t}.cipher_keys")[0][0])
