"""Fields that two applets set, and what is done in the background."""

from registry.checks import costs
from tests.integration.registry.plans.versions import found, item, lens, of_rule

TEXT = {"type": "string"}
SETTING = """
from sdk import hooks


@hooks.before_save("{type}")
def fill(ctx, document, previous):
    document["{field}"] = "{name}"
"""


def add(field, name, type, sets="note", requires="", version="1.0.0"):
    manifest = f'[requires]\nsdk = ">=1.0,<2"\n[requires.applets]\n{requires} = ">=1.0"\n' if requires else ""
    parts = {"schemas/item.json": item({"note": TEXT, "other": TEXT})}
    hooks = SETTING.format(type=type, field=sets, name=name)
    field.add(name, version, parts, manifest=manifest, hooks=hooks)


def test_two_applets_that_set_a_field_of_a_third_need_consent(field):
    field.add("base", "1.0.0", {"schemas/item.json": item({"note": TEXT, "other": TEXT})})
    add(field, "left", "base.item", requires="base")
    add(field, "right", "base.item", requires="left")
    field.move("enable", "base")
    assert of_rule(field.plan("enable", "left"), "field_conflict") == []
    field.move("enable", "left")
    conflict = found(field.plan("enable", "right"), "field_conflict")
    assert conflict["severity"] == "consent"
    assert conflict["subject"] == "base.item.note"
    assert "left (hooks.py:7), then right (hooks.py:7): right has the last word" in conflict["message"]
    field.move("enable", "right")
    add(field, "right", "base.item", requires="left", version="1.1.0")
    assert of_rule(field.plan("upgrade", "right", "1.1.0"), "field_conflict") == []


def test_one_that_sets_a_field_its_owner_sets_is_told(field):
    add(field, "owner", "owner.item")
    add(field, "guest", "owner.item", requires="owner")
    field.move("enable", "owner")
    conflict = found(field.plan("enable", "guest"), "field_conflict")
    assert conflict["severity"] == "informs"
    assert "guest has the last word" in conflict["message"]


def test_different_fields_are_no_conflict(field):
    add(field, "whole", "whole.item")
    add(field, "aside", "whole.item", sets="other", requires="whole")
    field.move("enable", "whole")
    assert of_rule(field.plan("enable", "aside"), "field_conflict") == []


def test_documents_to_be_swept_are_counted_with_an_estimate(field, monkeypatch):
    monkeypatch.setattr(costs, "SWEPT_PER_S", 1)
    field.add("swept", "1.0.0", {"schemas/item.json": item({"note": TEXT})})
    rename = [{"rename_field": {"from": "note", "to": "text"}}]
    parts = {
        "schemas/item.json": item({"text": TEXT}, version=2),
        "lenses/item.json": lens("swept.item", {"2": rename}),
    }
    field.add("swept", "2.0.0", parts)
    field.move("enable", "swept", "1.0.0")
    field.create("swept.item", {"note": "a"}, {"note": "b"})
    made = field.plan("upgrade", "swept", "2.0.0")
    assert found(made, "documents_swept")["details"] == {"count": 2, "estimate_s": 2.0}
    assert made["estimate_s"] >= 2.0


def test_indexes_that_come_go_and_are_too_many_are_told(field):
    hot = {"type": "string", "x-index": True}
    field.add("hot", "1.0.0", {"schemas/item.json": item({"a": hot, "b": TEXT})})
    many = {f"f{number:02}": hot for number in range(13)}
    field.add("hot", "1.1.0", {"schemas/item.json": item({"a": TEXT, "b": hot, **many})})
    field.move("enable", "hot", "1.0.0")
    field.create("hot.item", {"a": "1"}, {"a": "2"})
    made = field.plan("upgrade", "hot", "1.1.0")
    built = {finding["subject"]: finding["details"]["documents"] for finding in of_rule(made, "index_built")}
    assert built["hot.item.b"] == 2
    assert found(made, "index_dropped")["subject"] == "hot.item.a"
    assert {finding["subject"] for finding in of_rule(made, "index_over_budget")} == {"hot.item.f11", "hot.item.f12"}
