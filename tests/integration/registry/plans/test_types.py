"""Changes of schemas, machines, registers and lenses, and what of it matters to what is there."""

import pytest

from tests.integration.registry.plans.versions import found, item, lens, of_rule, told

TEXT = {"type": "string"}
MACHINE = {
    "initial": "open",
    "states": {"open": {"editable": True}, "held": {"editable": True}, "shut": {"final": True}},
    "actions": {
        "hold": {"from": ["open"], "to": "held", "event": "held"},
        "close": {"from": ["open", "held"], "to": "shut", "event": "closed"},
    },
}
FEWER = {
    "initial": "open",
    "states": {"open": {"editable": True}, "shut": {"final": True}},
    "actions": {"close": {"from": ["open"], "to": "shut", "event": "closed"}},
}
REGISTER = {
    "title": "Lots",
    "dimensions": [{"name": "place", "title": "Place"}, {"name": "lot", "title": "Lot"}],
    "resources": [{"name": "amount", "title": "Amount"}],
}


def upgrade(field, name, one, two, *documents, to="2.0.0", **more):
    """The plan of an upgrade from one to the other with documents there."""
    field.add(name, "1.0.0", one, **more)
    field.add(name, to, two, **more)
    field.move("enable", name, "1.0.0")
    ids = field.create(f"{name}.item", *documents) if documents else []
    return field.plan("upgrade", name, to), ids


def test_changes_are_told_by_whom_they_concern(field):
    one = {"schemas/item.json": item({"a": TEXT, "b": {**TEXT, "maxLength": 9}, "c": TEXT})}
    after = item({"d": TEXT, "b": {**TEXT, "maxLength": 5}, "new": TEXT, "c": {**TEXT, "readOnly": True}}, version=2)
    rename = [{"rename_field": {"from": "a", "to": "d"}}]
    two = {"schemas/item.json": after, "lenses/item.json": lens("classed.item", {"2": rename})}
    made, _ = upgrade(field, "classed", one, two, {"a": "x", "b": "short"})
    assert made["applicable"]
    assert found(made, "schema_compatible")["details"]["count"] == 1
    assert found(made, "schema_cast")["details"]["changes"] == ["a: a is called d"]
    assert found(made, "schema_narrowed")["subject"] == "classed.item.b"
    assert found(made, "callers_affected")["subject"] == "classed.item.c"


@pytest.mark.parametrize("documents", [[], [{"secret": "s"}]])
def test_what_stored_documents_cannot_follow_blocks_where_there_are_any(field, documents):
    name = "unseen" if documents else "unborn"
    one = {"schemas/item.json": item({"secret": TEXT})}
    two = {"schemas/item.json": item({"secret": {**TEXT, "x-encrypted": True}})}
    made, _ = upgrade(field, name, one, two, *documents, to="1.1.0")
    assert found(made, "schema_breaking")["severity"] == ("blocks" if documents else "warns")
    assert found(made, "schema_breaking")["details"]["count"] == len(documents)


def test_a_type_that_goes_with_documents_in_it_blocks(field):
    one = {"schemas/item.json": item({"a": TEXT}), "schemas/other.json": item({"a": TEXT})}
    two = {"schemas/other.json": item({"a": TEXT})}
    made, _ = upgrade(field, "leaving", one, two, {"a": "x"}, to="1.1.0")
    assert ("blocks", "type_gone", "leaving.item") in told(made)


def machine(name, states, **more):
    return {"schemas/item.json": item({"a": TEXT}, **more), "workflows/item.json": {"type": f"{name}.item", **states}}


def test_documents_in_a_state_that_goes_are_counted_and_block(field):
    made, ids = upgrade(field, "states", machine("states", MACHINE), machine("states", FEWER), to="1.1.0")
    assert of_rule(made, "states_lost") == []
    assert "states.item.states.held" in {finding["subject"] for finding in of_rule(made, "callers_affected")}
    ids = field.create("states.item", {"a": "1"}, {"a": "2"}, {"a": "3"})
    with field.operate() as ctx:
        for id in ids[:2]:
            ctx.documents.perform("states.item", id, "hold")
    lost = found(field.plan("upgrade", "states", "1.1.0"), "states_lost")
    assert lost["severity"] == "blocks"
    assert lost["details"] == {"count": 2, "states": {"held": 2}}


def test_a_state_that_the_lens_maps_is_no_loss(field):
    two = machine("mapped", FEWER, version=2) | {
        "lenses/item.json": lens("mapped.item", {"2": [{"map_state": {"held": "open"}}]})
    }
    made, ids = upgrade(field, "mapped", machine("mapped", MACHINE), two, {"a": "1"})
    with field.operate() as ctx:
        ctx.documents.perform("mapped.item", ids[0], "hold")
    made = field.move("upgrade", "mapped", "2.0.0")
    assert of_rule(made, "states_lost") == []
    assert field.get("mapped.item", ids[0]).state == "open"


def lots(name, **changes):
    register = {"name": f"{name}.lots", **REGISTER, **changes}
    return {"schemas/item.json": item({"a": TEXT}, **{"x-company": "required"}), "registers/lots.json": register}


MOVED = [{"name": "lot", "title": "Lot"}, {"name": "place", "title": "Place"}]
CUT = [{"name": "place", "title": "Place"}]
GROWN = [*REGISTER["dimensions"], {"name": "owner", "title": "Owner"}]


@pytest.mark.parametrize(
    ("case", "dimensions", "is_held"), [("moved", MOVED, True), ("cut", CUT, True), ("grown", GROWN, False)]
)
def test_a_register_that_has_movements_keeps_its_columns(field, case, dimensions, is_held):
    name = f"lots{case}"
    made, _ = upgrade(field, name, lots(name), lots(name, dimensions=dimensions), to="1.1.0")
    assert {finding["severity"] for finding in of_rule(made, "register_changed")} == ({"warns"} if is_held else set())
    (company,) = field.create("kernel.company", {"name": "C", "currency": "EUR"})
    field.execute_and_keep(
        "INSERT INTO {t}.movements (register, company_id, document_id, occurred_at, d1, r1, balanced)"
        " VALUES (%s, %s, gen_random_uuid(), now(), 'a', 1, false)", [f"{name}.lots", company],
    )  # fmt: skip
    made = field.plan("upgrade", name, "1.1.0")
    assert {finding["severity"] for finding in of_rule(made, "register_changed")} == ({"blocks"} if is_held else set())
    assert made["applicable"] is not is_held


def test_a_register_that_goes_with_its_movements_blocks(field):
    made, _ = upgrade(
        field, "lotsgone", lots("lotsgone"), {"schemas/item.json": lots("x")["schemas/item.json"]}, to="1.1.0"
    )
    assert found(made, "register_gone")["severity"] == "warns"


def test_a_lens_that_was_used_must_stay_as_it_was(field):
    one = {"schemas/item.json": item({"a": TEXT})}

    def two(steps):
        return {
            "schemas/item.json": item({"b": TEXT}, version=2),
            "lenses/item.json": lens("faithful.item", {"2": steps}),
        }

    rename, other = [{"rename_field": {"from": "a", "to": "b"}}], [
        {"drop_field": {"field": "a"}}, {"add_field": {"field": "b"}},
    ]  # fmt: skip
    field.add("faithful", "1.0.0", one)
    field.add("faithful", "2.0.0", two(rename))
    field.add("faithful", "2.0.1", two(other))
    field.move("enable", "faithful", "1.0.0")
    field.create("faithful.item", {"a": "x"})
    field.move("upgrade", "faithful", "2.0.0")
    assert of_rule(field.plan("upgrade", "faithful", "2.0.1"), "lens_changed") == []
    field.create("faithful.item", {"b": "y"})
    changed = found(field.plan("upgrade", "faithful", "2.0.1"), "lens_changed")
    assert changed["severity"] == "blocks"
    assert "from 1 to 2" in changed["message"]
