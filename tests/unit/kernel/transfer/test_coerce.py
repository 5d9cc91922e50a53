"""Texts as what a document type wants, and exports as imports."""

import pytest

from kernel.transfer.coerce import coerce, unflatten, without_filled
from sdk.schema import DocumentType

TYPE = DocumentType.from_schema(
    "test.thing",
    {
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer"},
            "price": {"type": "string", "format": "decimal"},
            "is_old": {"type": "boolean"},
            "total": {"type": "string", "format": "decimal", "readOnly": True},
            "label": {"type": "string", "x-computed": "concat(name, '!')"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"count": {"type": "integer"}, "net": {"type": "string", "readOnly": True}},
                },
            },
        }
    },
)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"count": "42"}, {"count": 42}),
        ({"count": "-7"}, {"count": -7}),
        ({"count": "4.2"}, {"count": "4.2"}),
        ({"count": "²"}, {"count": "²"}),
        ({"is_old": "No"}, {"is_old": False}),
        ({"is_old": "perhaps"}, {"is_old": "perhaps"}),
        ({"price": "1.50"}, {"price": "1.50"}),
        ({"name": "42"}, {"name": "42"}),
        ({"tags": '["a"]'}, {"tags": ["a"]}),
        ({"tags": "[a"}, {"tags": "[a"}),
        ({"lines": [{"count": "1"}]}, {"lines": [{"count": 1}]}),
        ({"unknown": "1"}, {"unknown": "1"}),
    ],
)
def test_texts_are_read_where_the_schema_has_another_kind(given, read):
    assert coerce(TYPE, given) == read


def test_what_the_system_fills_in_is_left_out():
    exported = {
        "id": "1", "type": "test.thing", "version": 3, "state": "draft", "created_at": "x", "company_id": "c",
        "name": "a", "total": "1", "label": "a!", "lines": [{"count": 1, "net": "2"}],
    }  # fmt: skip
    assert without_filled(TYPE, exported) == {"company_id": "c", "name": "a", "lines": [{"count": 1}]}


def test_a_column_below_another_value_does_not_break_it():
    assert unflatten({"a": "x", "a.b": "y", "c.d.e": "z", "f": None}) == {"a": "x", "c": {"d": {"e": "z"}}, "a.b": "y"}
