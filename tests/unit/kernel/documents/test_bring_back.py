"""What comes back with a revision, and what is not the caller's to bring back."""

import pytest

from kernel.documents.reversion import bring_back
from sdk.schema import DocumentType

ORDER = DocumentType.from_schema(
    "shop.order",
    {
        "properties": {
            "name": {"type": "string"},
            "approved": {"type": "boolean", "readOnly": True},
            "total": {"x-decimal": {"scale": 2}, "x-computed": "sum(line.amount for line in lines)"},
            "address": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "checked": {"type": "boolean", "readOnly": True}},
            },
            "tags": {"type": "array", "items": {"type": "string"}},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "amount": {"x-decimal": {"scale": 2}, "readOnly": True}},
                },
            },
        }
    },
).schema


@pytest.mark.parametrize(
    ("past", "now", "expected"),
    [
        ({"name": "a"}, {"name": "b", "tags": ["x"]}, {"name": "a"}),
        ({"name": "a", "approved": True}, {"name": "b"}, {"name": "a"}),
        ({"name": "a"}, {"name": "b", "approved": True}, {"name": "a", "approved": True}),
        ({"total": "1.00"}, {"total": "2.00"}, {"total": "2.00"}),
        ({"tags": ["a", "b"]}, {"tags": ["b"]}, {"tags": ["a", "b"]}),
        ({"custom_x": {"y": 1}}, {}, {"custom_x": {"y": 1}}),
        ({"address": {"city": "Ulm", "checked": True}}, {"address": {"city": "Bonn"}}, {"address": {"city": "Ulm"}}),
        (
            {"address": {"city": "Ulm"}},
            {"address": {"city": "Bonn", "checked": True}},
            {"address": {"city": "Ulm", "checked": True}},
        ),
        ({}, {"address": {"city": "Bonn"}}, {}),
        (
            {"lines": [{"text": "a", "amount": "1.00"}]},
            {"lines": [{"text": "b", "amount": "2.00"}]},
            {"lines": [{"text": "a"}]},
        ),
        (
            {"lines": [{"text": "a", "amount": "1.00"}]},
            {"lines": [{"text": "a", "amount": "1.00"}]},
            {"lines": [{"text": "a", "amount": "1.00"}]},
        ),
    ],
)
def test_fields_come_back_and_what_only_hooks_set_stays(past, now, expected):
    assert bring_back(ORDER, past, now) == expected


def test_what_is_kept_stays_whether_it_was_there_or_not():
    assert bring_back(ORDER, {"name": "a", "tags": ["x"]}, {"name": "b"}, frozenset({"name", "tags"})) == {"name": "b"}
