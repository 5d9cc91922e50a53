"""What the tenant has saved follows renamed fields, and back."""

import pytest

from sdk.errors import StaleVersion
from tests.integration.registry.plans.versions import found, item, lens, of_rule

TEXT, DAY = {"type": "string"}, {"type": "string", "format": "date"}
LINES = {"type": "array", "items": {"type": "object", "properties": {"qty": {"type": "integer"}}}}
WIDER = {"type": "array", "items": {"type": "object", "properties": {"quantity": {"type": "integer"}}}}
RENAMES = [
    {"rename_field": {"from": "code", "to": "reference"}},
    {"rename_field": {"from": "due", "to": "due_on"}},
    {"rename_field": {"from": "lines.qty", "to": "lines.quantity"}},
]


def begin(field, name):
    field.add(name, "1.0.0", {"schemas/item.json": item({"code": TEXT, "due": DAY, "lines": LINES})})
    after = item({"reference": TEXT, "due_on": DAY, "lines": WIDER}, version=2)
    field.add(name, "2.0.0", {"schemas/item.json": after, "lenses/item.json": lens(f"{name}.item", {"2": RENAMES})})
    field.move("enable", name, "1.0.0")


def read(field, type, id):
    document = field.get(type, id)
    return document, {key: value for key, value in document.fields.items() if key not in ("name", "title")}


def test_roles_follow_and_come_back(field):
    begin(field, "shelf")
    permissions = [
        {"type": "shelf.item", "actions": ["read"], "condition": "code == 'a' and actor.id != 'x'", "mask": ["due"]},
        {"type": "shelf.*", "actions": ["update"], "mask": ["code"]},
        {"type": "kernel.company", "actions": ["read"], "condition": "name == 'code'"},
    ]
    (role,) = field.create("kernel.role", {"name": "reader", "title": "Reader", "permissions": permissions})
    made = field.move("upgrade", "shelf", "2.0.0")
    assert found(made, "rewritten")["subject"] == "kernel.role:reader"
    document, data = read(field, "kernel.role", role)
    exact, pattern, other = data["permissions"]
    assert exact["condition"] == "reference == 'a' and actor.id != 'x'"
    assert exact["mask"] == ["due_on"]
    assert pattern["mask"] == ["code", "reference"]
    assert other == permissions[2]
    assert document.version == 2
    field.move("rollback", "shelf")
    _, data = read(field, "kernel.role", role)
    assert data["permissions"][0] == permissions[0]
    assert set(data["permissions"][1]["mask"]) == {"code", "reference"}


def test_templates_and_rules_follow_and_come_back(field):
    begin(field, "rack")
    template = {
        "name": "all", "document_type": "rack.item", "format": "csv", "lines": "lines", "sort": ["-due", "id"],
        "columns": [{"title": "Code", "path": "code"}, {"title": "Quantity", "path": "lines.qty"}],
        "filter": "code == param.code and sum(line.qty for line in lines) > 1",
    }  # fmt: skip
    rule = {
        "title": "Law", "document_type": "rack.item", "years": 10, "action": "keep", "from_field": "due",
        "condition": "code is not None",
    }  # fmt: skip
    (template_id,) = field.create("kernel.export_template", template)
    (rule_id,) = field.create("kernel.retention_rule", rule)
    made = field.move("upgrade", "rack", "2.0.0")
    assert len(of_rule(made, "rewritten")) == 2
    _, data = read(field, "kernel.export_template", template_id)
    assert data["sort"] == ["-due_on", "id"]
    assert [column["path"] for column in data["columns"]] == ["reference", "lines.quantity"]
    assert data["filter"] == "reference == param.code and sum(line.quantity for line in lines) > 1"
    _, data = read(field, "kernel.retention_rule", rule_id)
    assert (data["from_field"], data["condition"]) == ("due_on", "reference is not None")
    field.move("rollback", "rack")
    _, data = read(field, "kernel.export_template", template_id)
    assert {key: data[key] for key in ("sort", "columns", "filter")} == {
        k: template[k] for k in ("sort", "columns", "filter")
    }
    _, data = read(field, "kernel.retention_rule", rule_id)
    assert (data["from_field"], data["condition"]) == ("due", "code is not None")


def test_it_is_an_ordinary_change_with_its_event(field):
    begin(field, "bench")
    (id,) = field.create("kernel.export_template", {
        "name": "t", "document_type": "bench.item", "format": "csv", "columns": [{"title": "C", "path": "code"}],
    })  # fmt: skip
    field.move("upgrade", "bench", "2.0.0")
    events = field.execute(
        "SELECT type, version FROM {t}.events WHERE aggregate_id = %s ORDER BY position", [id]
    )  # fmt: skip
    assert events == [("kernel.export_template.created", 1), ("kernel.export_template.updated", 2)]
    with field.operate() as ctx, pytest.raises(StaleVersion):
        ctx.documents.update("kernel.export_template", id, {"name": "u"}, version=1)


def test_where_a_loop_has_taken_the_new_name_it_is_told_and_left(field):
    begin(field, "loop")
    (id,) = field.create("kernel.export_template", {
        "name": "t", "document_type": "loop.item", "format": "csv", "columns": [{"title": "I", "path": "id"}],
        "filter": "sum(reference.qty for reference in lines if reference.qty > 1 and code == 'a') > 0",
    })  # fmt: skip
    made = field.move("upgrade", "loop", "2.0.0")
    assert found(made, "not_rewritten")["severity"] == "warns"
    assert field.get("kernel.export_template", id).version == 1


def test_without_a_rename_nothing_is_read(field):
    field.add("plain", "1.0.0", {"schemas/item.json": item({"code": TEXT})})
    field.add("plain", "1.1.0", {"schemas/item.json": item({"code": TEXT, "more": TEXT})})
    field.move("enable", "plain", "1.0.0")
    assert of_rule(field.move("upgrade", "plain", "1.1.0"), "rewritten", "not_rewritten") == []
