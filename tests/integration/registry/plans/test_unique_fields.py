"""A field that becomes unique: duplicates are found before, keys are made when it does."""

import pytest

from registry.errors import KeysTaken
from sdk.document_errors import UniqueKeyTaken
from tests.integration.registry.plans.versions import found, item, lens, of_rule

CODE = {"type": "string", "maxLength": 3_000}


def parts(code=CODE, **more):
    return {"schemas/item.json": item({"code": code}, **more)}


def unique(**more):
    return parts(code=CODE | {"x-unique": True}, **more)


def begin(field, name, *documents):
    field.add(name, "1.0.0", parts())
    field.move("enable", name)
    return field.create(f"{name}.item", *documents)


def test_values_that_several_documents_hold_block(field):
    ids = begin(field, "twins", {"code": "a"}, {"code": "a"}, {"code": "b"}, {})
    field.add("twins", "1.1.0", unique())
    taken = found(field.plan("upgrade", "twins", "1.1.0"), "unique_taken")
    assert taken["severity"] == "blocks"
    assert taken["details"] == {"count": 1, "first": [{"value": "a", "count": 2, "documents": ids[:2]}]}


def test_keys_are_made_of_the_values_there_are(field):
    long = "é" * 600
    begin(field, "keyed", {"code": "a"}, {"code": long}, {})
    field.add("keyed", "1.1.0", unique())
    made = field.move("upgrade", "keyed", "1.1.0")
    assert found(made, "keys_made")["subject"] == "keyed.item.code"
    assert found(made, "unique_unversioned")["severity"] == "warns"
    for code in ("a", long):
        with pytest.raises(UniqueKeyTaken):
            field.create("keyed.item", {"code": code})
    field.create("keyed.item", {"code": "b"})


def test_a_deleted_document_holds_no_key(field):
    first, _ = begin(field, "freed", {"code": "a"}, {"code": "a"})
    with field.operate() as ctx:
        ctx.documents.delete("freed.item", first)
    field.add("freed", "1.1.0", unique())
    assert field.move("upgrade", "freed", "1.1.0")["applicable"]


def test_the_value_is_that_of_the_new_version(field):
    begin(field, "cut", {"code": "a one"}, {"code": "a two"})
    steps = [{"split": {"from": "code", "into": ["head", "rest"]}}]
    text = {"type": "string"}
    schema = item({"head": {**text, "x-unique": True}, "rest": text}, version=2)
    field.add("cut", "2.0.0", {"schemas/item.json": schema, "lenses/item.json": lens("cut.item", {"2": steps})})
    assert found(field.plan("upgrade", "cut", "2.0.0"), "unique_taken")["details"]["first"][0]["value"] == "a"


def test_a_value_that_only_code_knows_cannot_become_unique_at_once(field):
    begin(field, "coded", {"code": "a"})
    code = "def up_item_1_to_2(document):\n    pass\n\n\ndef down_item_2_to_1(document):\n    pass\n"
    field.add("coded", "2.0.0", unique(version=2), lenses_code=code)
    assert found(field.plan("upgrade", "coded", "2.0.0"), "unique_unknown")["severity"] == "blocks"


def test_keys_left_by_a_version_that_was_gone_back_from_do_not_stand_in_the_way(field):
    (id,) = begin(field, "wayback", {"code": "a"})
    field.add("wayback", "1.1.0", unique())
    field.move("upgrade", "wayback", "1.1.0")
    field.move("rollback", "wayback")
    with field.operate() as ctx:
        ctx.documents.update("wayback.item", id, {"code": "b"})
    field.create("wayback.item", {"code": "a"})
    field.move("upgrade", "wayback", "1.1.0")
    assert field.execute("SELECT value FROM {t}.keys WHERE type = 'wayback.item' ORDER BY value") == [("a",), ("b",)]


def test_a_duplicate_that_comes_at_the_last_moment_leaves_all_as_it_was(field):
    begin(field, "racing", {"code": "a"})
    field.add("racing", "1.1.0", unique())
    made = field.plan("upgrade", "racing", "1.1.0")

    def step(name):
        if name == "begin":
            field.create("racing.item", {"code": "a"})

    with pytest.raises(KeysTaken):
        field.apply(made, on_step=step)
    assert field.execute("SELECT version FROM {t}.applets WHERE name = 'racing'") == [("1.0.0",)]


def test_going_back_to_where_it_was_unique_is_not_held_up(field):
    field.add("loosened", "1.0.0", unique())
    steps = {"2": []}
    field.add("loosened", "2.0.0", parts(version=2) | {"lenses/item.json": lens("loosened.item", steps)})
    field.move("enable", "loosened", "1.0.0")
    field.move("upgrade", "loosened", "2.0.0")
    first, _ = field.create("loosened.item", {"code": "a"}, {"code": "a"})
    made = field.move("rollback", "loosened")
    assert found(made, "unique_taken")["severity"] == "warns"
    assert of_rule(made, "unique_unversioned") == []
    held = field.execute("SELECT value, document_id::text FROM {t}.keys WHERE type = 'loosened.item'")
    assert held == [("a", first)]


def test_a_field_that_only_code_knows_may_be_unique_while_there_are_no_documents(field):
    begin(field, "empty")
    code = "def up_item_1_to_2(document):\n    pass\n\n\ndef down_item_2_to_1(document):\n    pass\n"
    field.add("empty", "2.0.0", unique(version=2), lenses_code=code)
    field.move("upgrade", "empty", "2.0.0")
    field.create("empty.item", {"code": "a"})
    with pytest.raises(UniqueKeyTaken):
        field.create("empty.item", {"code": "a"})
