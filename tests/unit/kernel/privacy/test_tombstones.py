"""What stands where a personal value was."""

import pytest

from kernel.documents.validator import violations_of
from kernel.privacy.tombstones import erase_at, erase_fields
from sdk.schema import DocumentType

ID = "0199a1b2-0000-7000-8000-000000000001"


def erased(field, value, required=True):
    schema = {"properties": {"code": {"type": "string"}, "secret": {**field, "x-personal": True}}}
    if required:
        schema["required"] = ["secret"]
    type = DocumentType.from_schema("shop.person", schema)
    stored = erase_fields(type, {"code": "A", "secret": value}, type.personal, ID)
    return stored.get("secret"), violations_of(type, stored)


@pytest.mark.parametrize(
    ("field", "value", "marker"),
    [
        ({"type": "string"}, "Jane", "[erased]"),
        ({"type": "string", "maxLength": 4}, "Jane", "[era"),
        ({"type": "string", "minLength": 10}, "Jane Secret", "[erased]--"),
        ({"type": "string", "x-unique": True}, "Jane", f"[erased] {ID}"),
        ({"enum": ["m", "f"]}, "f", "m"),
        ({"format": "email"}, "j@x.example", f"erased-{ID}@erased.invalid"),
        ({"format": "date"}, "1980-02-29", "1900-01-01"),
        ({"format": "date-time"}, "1980-02-29T01:02:03Z", "1900-01-01T00:00:00Z"),
        ({"format": "uuid"}, ID, "00000000-0000-0000-0000-000000000000"),
        ({"type": "integer", "minimum": 18}, 44, 18),
        ({"x-decimal": {"scale": 2, "min": "1.50"}}, "7.00", "1.50"),
        ({"type": "boolean"}, True, False),
        ({"type": "array", "items": {"type": "string", "x-personal": True}}, ["a"], []),
    ],
)
def test_a_required_value_becomes_a_marker_its_type_allows(field, value, marker):
    field = {**field, "items": field["items"]} if "items" in field else field
    if field.get("type") == "array":
        schema = {"required": ["secret"], "properties": {"secret": field}}
        type = DocumentType.from_schema("shop.person", schema)
        assert erase_fields(type, {"secret": value}, type.personal, ID) == {"secret": marker}
        return
    assert erased(field, value) == (marker, [])


def test_a_value_nothing_asks_for_goes_without_a_trace():
    assert erased({"type": "string"}, "Jane", required=False) == (None, [])


def test_where_no_marker_fits_the_value_goes_all_the_same():
    value, violations = erased({"type": "string", "pattern": "^[0-9]{9}$"}, "123456789")
    assert value is None
    assert [violation.rule for violation in violations] == ["required"]


def test_values_below_objects_and_lists_go_and_the_rest_stays():
    tree = {"home": {"street": "S", "zip": "1"}, "kin": [{"name": "A", "rank": 1}, {"rank": 2}]}
    assert erase_at(tree, ["home", "street"], None) == {"home": {"zip": "1"}, "kin": tree["kin"]}
    assert erase_at(tree, ["kin", "name"], None)["kin"] == [{"rank": 1}, {"rank": 2}]
    assert tree["home"]["street"] == "S"
