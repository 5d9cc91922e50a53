"""From definitions to document types: schemas by kind, sharing, and what is asked of callers alone."""

import pytest

from kernel.documents.custom_types import TEXT_LENGTH_MAX, extend, extend_catalogue, field_schema, read_default
from kernel.documents.validator import violations_of
from sdk.catalogue import Catalogue
from sdk.hookset import HookSet
from sdk.schema import DocumentType, validate

ORDER = DocumentType.from_schema("shop.order", {"required": ["name"], "properties": {"name": {"type": "string"}}})
NOTE = DocumentType.from_schema("shop.note", {})
CATALOGUE = Catalogue((), HookSet(()), {ORDER.name: ORDER, NOTE.name: NOTE})


def definition(kind="text", **given):
    return {"document_type": "shop.order", "name": "custom_x", "title": "X", "kind": kind, **given}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "text"}, {"type": "string", "maxLength": TEXT_LENGTH_MAX}),
        ({"kind": "text", "max_length": 3, "search": True}, {"type": "string", "maxLength": 3, "x-search": True}),
        ({"kind": "integer", "index": True, "unique": False}, {"type": "integer", "x-index": True}),
        ({"kind": "decimal", "scale": 2, "default": "1.5"}, {"x-decimal": {"scale": 2}, "default": "1.5"}),
        ({"kind": "decimal"}, {"x-decimal": {}}),
        ({"kind": "boolean", "default": "true"}, {"type": "boolean", "default": True}),
        ({"kind": "date-time", "description": "d"}, {"format": "date-time", "description": "d"}),
        ({"kind": "link", "target": "shop.note"}, {"x-link": "shop.note"}),
        ({"kind": "choice", "options": ["a"], "unique": True}, {"enum": ["a"], "x-unique": True}),
    ],
)
def test_a_definition_is_a_schema_in_the_common_vocabulary(given, expected):
    schema = field_schema(definition(**given))
    assert schema == {"title": "X", **expected}
    # The very words an applet would use for a field of its own.
    assert DocumentType.from_schema("shop.check", {"properties": {"x": schema}}).fields["x"].schema["title"] == "X"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "7", 7),
        ("integer", "x", "x"),
        ("boolean", "true", True),
        ("boolean", "no", "no"),
        ("text", "7", "7"),
    ],
)
def test_a_default_is_read_from_text(kind, text, value):
    assert read_default(kind, text) == value


def test_a_tenant_without_definitions_shares_the_catalogue():
    assert extend_catalogue(CATALOGUE, []) is CATALOGUE
    assert extend_catalogue(CATALOGUE, [{**definition(), "document_type": "gone.type"}]) is CATALOGUE


def test_tenants_with_the_same_definitions_share_the_type():
    one, other = (extend_catalogue(CATALOGUE, [definition(keep_values=keep)]) for keep in (True, False))
    assert one.types["shop.order"] is other.types["shop.order"] is not ORDER
    assert one.types["shop.note"] is NOTE
    assert one.collections[("shop", "orders")] is one.types["shop.order"]
    assert one.types["shop.order"].digest != ORDER.digest


def test_a_required_field_is_asked_of_callers_and_not_of_documents():
    type = extend(ORDER, [definition(required=True)])
    for check in (validate, violations_of):
        assert [(v.pointer, v.rule) for v in check(type, {"name": "a"}, as_input=True)] == [("/custom_x", "required")]
        assert check(type, {"name": "a"}) == []
        assert [(v.pointer, v.rule) for v in check(type, {"custom_x": "b"})] == [("/name", "required")]


def test_other_custom_values_stay_open():
    type = extend(ORDER, [definition("integer")])
    assert violations_of(type, {"name": "a", "custom_other": {"any": ["thing"]}}) == []
    assert violations_of(type, {"name": "a", "custom_x": "text"}) != []
