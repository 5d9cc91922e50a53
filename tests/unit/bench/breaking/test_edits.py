"""Edits change what they name, and say so when there is nothing to change."""

import json

import pytest

from bench.breaking.edits import (
    NothingToEdit,
    edit_json,
    remove_word,
    rename_identifier,
    rename_in_function,
    rename_word,
    walk,
)

HOOKS = """
def total(document):
    amount = 0
    amount += document["net"]
    amount += document["network"]
    return amount
"""
SCHEMA = {
    "x-computed": "concat(net, ' x')",
    "title": "The net and more",
    "properties": {"net": {"type": "string"}, "label": {"type": "string", "x-computed": "concat(net, name)"}},
    "required": ["net", "name"],
    "sort": ["-net", "name"],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hooks.py").write_text(HOOKS, encoding="utf-8")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    return tmp_path


def hooks(folder):
    return (folder / "hooks.py").read_text(encoding="utf-8")


def schema(folder):
    return json.loads((folder / "schema.json").read_text(encoding="utf-8"))


def test_a_word_is_renamed_in_code_and_data_and_no_other_word(folder):
    rename_word(folder, "net", "sum")
    assert 'document["sum"]' in hooks(folder)
    assert 'document["network"]' in hooks(folder)
    assert schema(folder)["required"] == ["sum", "name"]
    assert schema(folder)["properties"]["label"]["x-computed"] == "concat(sum, name)"


def test_a_word_is_removed_with_the_statements_and_expressions_that_name_it(folder):
    remove_word(folder, "net")
    assert 'document["net"]' not in hooks(folder)
    assert 'document["network"]' in hooks(folder)
    assert schema(folder) == {
        "title": "The net and more", "properties": {}, "required": ["name"], "sort": ["name"],
    }  # fmt: skip


def test_an_identifier_is_renamed_where_it_is_no_text(folder):
    (folder / "hooks.py").write_text('limit = 1\nf(limit=limit, other="limit")\n', encoding="utf-8")
    rename_identifier(folder, "limit", "size")
    assert hooks(folder) == 'size = 1\nf(size=size, other="limit")\n'


def test_an_argument_is_renamed_in_the_functions_of_that_name_only(folder):
    text = "class A:\n    def get(self, lock):\n        return lock\n\n    def put(self, lock):\n        return lock\n"
    (folder / "hooks.py").write_text(text, encoding="utf-8")
    rename_in_function(folder / "hooks.py", "get", "lock", "hold")
    assert hooks(folder) == text.replace(
        "get(self, lock):\n        return lock", "get(self, hold):\n        return hold"
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda folder: rename_word(folder, "absent", "x"),
        lambda folder: rename_identifier(folder, "absent", "x"),
        lambda folder: rename_in_function(folder / "hooks.py", "absent", "amount", "x"),
        lambda folder: edit_json(folder / "schema.json", lambda data: None),
    ],
)
def test_an_edit_of_nothing_is_told(folder, edit):
    with pytest.raises(NothingToEdit):
        edit(folder)


def test_all_fields_of_a_type_are_walked():
    lines = {"type": "array", "items": {"type": "object", "properties": {"units": {"type": "integer"}}}}
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    found = [".".join(path) for path, _ in walk({"properties": {"lines": lines, "place": place}})]
    assert found == [
        "properties.lines", "properties.lines.items.properties.units",
        "properties.place", "properties.place.properties.city",
    ]  # fmt: skip
