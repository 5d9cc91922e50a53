"""Privacy over documents of several versions: who is exported, erased, and what is due."""

import pytest

from kernel.documents.listing import ListRequest
from kernel.documents.queries import query
from kernel.privacy.erasure import erase
from kernel.privacy.export import export_subject
from kernel.privacy.retention import run_rules
from kernel.privacy.subjects import Subject
from tests.integration.kernel.documents.depot import BADGE, PERSON, VISIT


@pytest.fixture
def jane(depot):
    depot.jane = depot.create(PERSON, name="Jane Roe", mail="jane@example.com", since="2001-01-01", code="J-1")
    depot.visit = depot.create(VISIT, guest=depot.jane, remark="left early", room="3")
    depot.gone = depot.create(VISIT, guest=depot.jane, remark="never came", room="4")
    depot.badge = depot.create(BADGE, color="red", bearer="Jane Roe")
    with depot.operate() as ctx:
        ctx.documents.delete(VISIT, depot.gone)
    return depot


def everything(depot):
    """What a thief of the tables would read."""
    tables = ("documents", "events", "search", "keys")
    return " ".join(str(depot.rows(f"SELECT x::text FROM {{t}}.{table} x")) for table in tables)


@pytest.mark.parametrize("is_swept", [False, True], ids=["mixed", "swept"])
def test_a_person_is_exported_whole(jane, is_swept):
    jane.switch(2)
    if is_swept:
        assert jane.sweep() == []
    with jane.operate() as ctx:
        told = export_subject(ctx, Subject(PERSON, jane.jane))
    assert {each["document"]["id"] for each in told["documents"]} == {jane.jane, jane.visit, jane.gone}
    (person, *_) = told["documents"]
    assert (person["document"]["full_name"], person["document"]["code"]) == ("Jane Roe", "J-1")
    assert "jane@example.com" in str(person["revisions"])


@pytest.mark.parametrize("is_swept", [False, True], ids=["mixed", "swept"])
def test_an_erasure_leaves_nothing_in_any_keep_box(jane, is_swept):
    jane.switch(2)
    if is_swept:
        assert jane.sweep() == []
        assert "jane@example.com" in everything(jane)
    with jane.operate() as ctx:
        erase(ctx, Subject(PERSON, jane.jane))
    left = everything(jane)
    assert not [word for word in ("jane@example.com", "left early", "never came") if word in left]
    assert jane.stored(jane.jane)[3] is None
    assert jane.sweep() == []
    assert jane.differences() == []
    with jane.operate() as ctx:
        assert str(export_subject(ctx, Subject(PERSON, jane.jane))).count("Jane Roe") == 0


def test_what_formerly_was_personal_is_sealed_where_the_log_tells_of_it(jane):
    jane.switch(2)
    assert jane.sweep() == []
    assert jane.stored(jane.badge)[3] is not None
    told = str(jane.rows("SELECT payload FROM {t}.events WHERE aggregate_id = %s", jane.badge))
    assert "Jane" not in told
    assert jane.differences() == []


def test_so_it_is_when_a_write_casts(jane):
    jane.switch(2)
    with jane.operate() as ctx:
        ctx.documents.update(BADGE, jane.badge, {"color": "blue"})
        ctx.documents.update(PERSON, jane.jane, {"full_name": "Jane Low"})
    told = str(jane.rows("SELECT payload FROM {t}.events"))
    assert not [word for word in ("Jane", "jane@") if word in told]
    assert jane.differences() == []
    assert "jane@example.com" in str(jane.stored(jane.jane)[3])


def test_encrypted_values_pass_untouched(jane):
    jane.switch(2)
    assert jane.sweep() == []
    assert jane.stored(jane.jane)[2]["code"].startswith("enc:v1:")
    with jane.operate() as ctx:
        (found,) = query(ctx, PERSON, ListRequest("code == 'J-1'")).items
        assert (found.id, found["code"], found["full_name"]) == (jane.jane, "J-1", "Jane Roe")
    assert jane.rows("SELECT count(*) FROM {t}.keys WHERE document_id = %s", jane.jane) == [(1,)]


def test_a_retention_rule_finds_what_is_due_by_the_present_name_of_its_field(jane):
    late = jane.create(PERSON, name="Young", since="2026-01-01")
    jane.switch(2)
    rule = {"title": "Persons", "document_type": PERSON, "years": 10, "from_field": "joined_on", "action": "erase"}
    with jane.operate() as ctx:
        ctx.documents.create("kernel.retention_rule", rule)
    report = run_rules(jane.kernel, jane.tenant)
    assert report.erased == 1
    assert "full_name" not in jane.get(PERSON, jane.jane)
    assert jane.get(PERSON, late)["full_name"] == "Young"
