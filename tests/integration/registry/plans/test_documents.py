"""A plan reads every stored document as its type will be."""

import pytest

from registry.checks import documents as check
from registry.errors import PlanBlocked, PlanDrifted
from registry.plans import position
from tests.integration.registry.plans.versions import found, item, lens, of_rule, told

TEXT = {"type": "string", "maxLength": 200}
ONE = {"schemas/item.json": item({"name": TEXT, "size": {"type": "integer"}}, required=["name"])}


def two(name, steps, properties=None, **more):
    properties = properties or {"title": TEXT, "size": {"type": "integer"}}
    return {
        "schemas/item.json": item(properties, version=2, **more),
        "lenses/item.json": lens(f"{name}.item", {"2": steps}),
    }


RENAME = [{"rename_field": {"from": "name", "to": "title"}}]


def begin(field, name, parts=ONE, count=3):
    field.add(name, "1.0.0", parts)
    field.move("enable", name)
    return field.create(f"{name}.item", *({"name": f"n{number}", "size": number} for number in range(count)))


def test_documents_that_a_lens_makes_right_are_counted(field):
    begin(field, "renaming")
    field.add("renaming", "2.0.0", two("renaming", RENAME, required=["title"]))
    made = field.plan("upgrade", "renaming", "2.0.0")
    assert made["applicable"]
    checked = found(made, "documents_checked")
    assert checked["subject"] == "renaming.item"
    assert checked["details"]["checked"] == 3


def test_documents_that_would_not_fit_block_and_the_first_are_named(field):
    ids = begin(field, "growing", count=12)
    field.add("growing", "2.0.0", two("growing", RENAME, required=["title", "size", "colour"], properties={
        "title": TEXT, "size": {"type": "integer"}, "colour": TEXT,
    }))  # fmt: skip
    unfit = found(field.plan("upgrade", "growing", "2.0.0"), "documents_unfit")
    assert unfit["severity"] == "blocks"
    assert unfit["details"]["count"] == 12
    assert [each["id"] for each in unfit["details"]["first"]] == ids[: check.FAILURES_NAMED_MAX]
    assert unfit["details"]["first"][0]["pointer"] == "/colour"


def test_deleted_documents_that_would_not_fit_only_warn(field):
    (id,) = begin(field, "binned", count=1)
    with field.operate() as ctx:
        ctx.documents.delete("binned.item", id)
    field.add("binned", "2.0.0", two("binned", [], properties={"name": TEXT, "size": TEXT}))
    made = field.plan("upgrade", "binned", "2.0.0")
    unfit = found(made, "deleted_documents_unfit")
    assert unfit["severity"] == "warns"
    assert unfit["details"]["first"][0]["id"] == id
    assert of_rule(made, "documents_unfit") == []


def test_a_lens_that_fails_on_a_document_blocks(field):
    begin(field, "failing", count=1)
    code = "def up_item_1_to_2(document):\n    document['size'] = document['size'] // 0\n\n\n"
    code += "def down_item_2_to_1(document):\n    pass\n"
    parts = {"schemas/item.json": item({"name": TEXT, "size": {"type": "integer"}}, version=2)}
    field.add("failing", "2.0.0", parts, lenses_code=code)
    unfit = found(field.plan("upgrade", "failing", "2.0.0"), "documents_unfit")
    assert "up_item_1_to_2 failed" in unfit["details"]["first"][0]["message"]


def test_a_schema_that_says_the_same_in_other_words_is_not_looked_at(field):
    begin(field, "words")
    field.add("words", "1.1.0", {"schemas/item.json": item(
        {"size": {"type": "integer", "title": "Size"}, "name": TEXT}, required=["name"], title="Thing"
    )})  # fmt: skip
    assert of_rule(field.plan("upgrade", "words", "1.1.0"), "documents_checked") == []


def test_a_computed_field_that_comes_is_not_missed_in_documents(field):
    begin(field, "computing")
    properties = {"name": TEXT, "size": {"type": "integer"}, "double": {"type": "integer", "x-computed": "size * 2"}}
    field.add("computing", "1.1.0", {"schemas/item.json": item(properties, required=["name", "double"])})
    assert field.plan("upgrade", "computing", "1.1.0")["applicable"]


def test_a_tenants_own_fields_belong_to_the_type(field):
    begin(field, "owning", count=1)
    definition = {"document_type": "owning.item", "name": "custom_note", "title": "Note", "kind": "text"}
    field.create("kernel.custom_field", definition | {"required": True})
    field.create("owning.item", {"name": "with", "custom_note": "mine"})
    field.add("owning", "2.0.0", two("owning", RENAME, required=["title"]))
    made = field.move("upgrade", "owning", "2.0.0")
    assert found(made, "documents_checked")["details"]["of"] == 2


def test_what_was_written_since_the_plan_is_looked_at_again_and_nothing_else(field):
    begin(field, "meanwhile", count=5)
    field.add("meanwhile", "2.0.0", two("meanwhile", RENAME, required=["title"]))
    made = field.plan("upgrade", "meanwhile", "2.0.0")
    field.create("meanwhile.item", {"name": "late"})
    applied = field.apply(made)
    assert found(applied, "documents_checked")["details"]["checked"] == 1
    assert applied["digest"] == made["digest"]


def test_a_document_written_since_the_plan_that_does_not_fit_is_a_drift(field):
    begin(field, "drifting", count=2)
    narrow = {"title": {"type": "string", "maxLength": 3}, "size": {"type": "integer"}}
    field.add("drifting", "2.0.0", two("drifting", RENAME, narrow, required=["title"]))
    made = field.plan("upgrade", "drifting", "2.0.0")
    assert made["applicable"]
    field.create("drifting.item", {"name": "too long"})
    with pytest.raises(PlanDrifted):
        field.apply(made)


def test_a_document_that_was_being_written_when_the_plan_was_made_is_not_missed(field, monkeypatch):
    begin(field, "inflight", count=1)
    narrow = {"title": {"type": "string", "maxLength": 3}, "size": {"type": "integer"}}
    field.add("inflight", "2.0.0", two("inflight", RENAME, narrow, required=["title"]))
    monkeypatch.setattr(position, "WAIT_S_MAX", 0.0)
    with field.caller.begin() as uow:
        ctx = field.caller.context(uow)
        ctx.documents.create("inflight.item", {"name": "too long"})
        uow.release()
        field.create("inflight.item", {"name": "ok"})
        made = field.plan("upgrade", "inflight", "2.0.0")
        uow.commit()
    assert made["applicable"]
    with pytest.raises(PlanDrifted):
        field.apply(made)


def test_what_was_found_before_is_found_again_without_looking_at_all(field):
    ids = begin(field, "again", count=3)
    narrow = {"title": {"type": "string", "maxLength": 1}, "size": {"type": "integer"}}
    field.add("again", "2.0.0", two("again", RENAME, narrow, required=["title"]))
    made = field.plan("upgrade", "again", "2.0.0")
    with pytest.raises(PlanBlocked):
        field.apply(made)
    with field.operate() as ctx:
        for id in ids:
            ctx.documents.update("again.item", id, {"name": "n"})
    with pytest.raises(PlanDrifted):
        field.apply(made)
    assert field.plan("upgrade", "again", "2.0.0")["applicable"]


def test_going_back_reads_documents_as_the_version_before_and_never_blocks(field):
    begin(field, "back", count=1)
    steps = [*RENAME, {"add_field": {"field": "colour"}}]
    wide = {"title": {"type": "string", "maxLength": 300}, "size": {"type": "integer"}, "colour": TEXT}
    field.add("back", "2.0.0", two("back", steps, wide))
    field.move("upgrade", "back", "2.0.0")
    (id,) = field.create("back.item", {"title": "x" * 250, "colour": "red"})
    made = field.plan("rollback", "back")
    assert made["applicable"]
    assert found(made, "documents_unfit_for_rollback")["details"]["first"][0]["id"] == id
    field.apply(made)
    assert field.get("back.item", id)["name"] == "x" * 250


def test_going_back_does_not_wait_for_all_documents(field, monkeypatch):
    begin(field, "hasty", count=3)
    field.add("hasty", "2.0.0", two("hasty", RENAME, required=["title"]))
    field.move("upgrade", "hasty", "2.0.0")
    monkeypatch.setattr(check, "ROLLBACK_CHECK_S_MAX", 0.0)
    monkeypatch.setattr(check, "BATCH", 1)
    made = field.plan("rollback", "hasty")
    assert found(made, "documents_checked")["details"]["unseen"] == 2
    assert told(field.apply(made)) == told(made)


def test_documents_of_a_disabled_applet_are_looked_at_when_it_is_upgraded(field):
    begin(field, "asleep", count=2)
    field.move("disable", "asleep")
    field.add("asleep", "2.0.0", two("asleep", [], required=["size", "colour"], properties={
        "name": TEXT, "size": {"type": "integer"}, "colour": TEXT,
    }))  # fmt: skip
    assert found(field.plan("upgrade", "asleep", "2.0.0"), "documents_unfit")["details"]["count"] == 2
