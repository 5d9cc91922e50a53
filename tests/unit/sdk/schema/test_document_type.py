"""Document types: what a schema may say, and what becomes of it."""

from decimal import Decimal

import pytest

from sdk.schema import DocumentType, InvalidDocumentType

FIELD = {"type": "string"}


def type_of(properties, **more):
    return DocumentType.from_schema("shop.order", {"properties": properties, **more})


def faults_of(properties, **more):
    with pytest.raises(InvalidDocumentType) as caught:
        type_of(properties, **more)
    return {(violation.pointer, violation.rule): violation for violation in caught.value.violations}


def test_a_type_has_defaults_made_from_its_name():
    order = DocumentType.from_schema("shop.sales_order", {"properties": {}})
    assert (order.applet, order.noun, order.collection, order.title) == (
        "shop", "sales_order", "sales_orders", "Sales order",
    )  # fmt: skip
    assert (order.company, order.title_field, order.number) == ("none", None, None)


def test_a_type_takes_what_its_schema_says():
    order = type_of(
        {"name": FIELD, "dated_on": {"format": "date"}},
        **{
            "title": "Order", "x-collection": "orders-in", "x-title": "name", "x-company": "required",
            "x-number": {"series": "SO-{year}-{month}-{number:04}", "on": "post", "gapless": True, "date": "dated_on"},
        },
    )  # fmt: skip
    assert (order.title, order.collection, order.title_field, order.company) == (
        "Order", "orders-in", "name", "required",
    )  # fmt: skip
    assert order.number is not None
    assert (order.number.on, order.number.gapless, order.number.date) == ("post", True, "dated_on")


@pytest.mark.parametrize(
    ("schema", "kind", "json"),
    [
        ({"x-link": "shop.party"}, "uuid", {"type": "string", "format": "uuid"}),
        ({"x-decimal": {"scale": 2}}, "decimal", {"type": "string", "format": "decimal"}),
        ({"format": "decimal"}, "decimal", {"type": "string", "format": "decimal"}),
        ({"format": "date"}, "date", {"type": "string", "format": "date"}),
        ({"type": "string", "format": "date-time"}, "instant", {"type": "string", "format": "date-time"}),
        ({"format": "currency"}, "text", {"type": "string", "format": "currency"}),
        ({"format": "email"}, "text", {"type": "string", "format": "email"}),
        ({"enum": ["a", "b"]}, "text", {"type": "string"}),
        ({"type": "integer"}, "integer", {"type": "integer"}),
        ({"type": "boolean"}, "boolean", {"type": "boolean"}),
        ({"type": "object"}, "object", {"type": "object"}),
        ({"properties": {"a": FIELD}}, "object", {"type": "object", "additionalProperties": False}),
        ({"items": FIELD}, "array", {"type": "array"}),
    ],
)
def test_a_field_says_what_it_holds_by_any_of_its_keywords(schema, kind, json):
    field = type_of({"f": schema}).fields["f"]
    assert field.kind == kind
    assert json.items() <= field.schema.items()


def test_fields_are_found_at_any_depth():
    order = type_of(
        {
            "lines": {
                "items": {"properties": {"account": {"x-link": "shop.account"}, "to": {"properties": {"x": FIELD}}}}
            },
            "tags": {"items": {"x-link": "*"}},
            "code": {"type": "string", "x-unique": True, "x-index": True, "x-search": True},
        },
        required=["code"],
    )
    assert set(order.fields) == {"lines", "lines.account", "lines.to", "lines.to.x", "tags", "code"}
    assert [(field.path, field.link) for field in order.links] == [("lines.account", "shop.account"), ("tags", "*")]
    assert order.fields["lines.to.x"].in_array
    assert not order.fields["code"].in_array
    assert [fields[0].path for fields in (order.unique, order.indexed, order.searchable)] == ["code"] * 3
    assert order.fields["code"].required
    assert order.fields["code"].unique == "tenant"


def test_decimal_limits_are_read_exactly():
    field = type_of({"f": {"x-decimal": {"scale": 3, "min": "0.005", "max": 100}}}).fields["f"]
    assert (field.scale, field.minimum, field.maximum) == (3, Decimal("0.005"), Decimal(100))


def test_documents_are_closed_but_for_fields_of_the_tenant():
    schema = type_of({"f": FIELD}).schema
    assert schema["additionalProperties"] is False
    assert list(schema["patternProperties"]) == ["^custom_[a-z0-9_]{1,56}$"]


def test_the_digest_depends_on_the_schema_alone():
    one, same = type_of({"a": FIELD, "b": FIELD}), type_of({"b": {"type": "string"}, "a": FIELD})
    assert one.digest == same.digest
    assert one.digest != type_of({"a": FIELD}).digest
    assert one != same


def test_input_need_not_have_what_is_filled_in_later():
    order = type_of(
        {"a": {**FIELD, "readOnly": True}, "b": FIELD, "c": {"type": "string", "x-computed": "b"}},
        required=["a", "b", "c"],
    )
    assert order.input_schema["required"] == ["b"]
    assert order.schema["required"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("field", "pointer", "rule", "expected"),
    [
        ({"type": "string", "x-inde": True}, "/x-inde", "unknown_key", "x-index"),
        ({"type": "string", "minLenght": 1}, "/minLenght", "unknown_key", "minLength"),
        ({"$ref": "#/x"}, "/$ref", "unknown_key", None),
        ({"type": "string", "x-number": {}}, "/x-number", "misplaced_key", None),
        ({"type": "string", "format": "dat"}, "/format", "enum", "date"),
        ({"type": "string", "pattern": "("}, "/pattern", "pattern", None),
        ({"x-link": "party"}, "/x-link", "link", None),
        ({"x-link": 7}, "/x-link", "link", None),
        ({"type": "string", "x-index": "yes"}, "/x-index", "type", None),
        ({"type": "string", "x-unique": "tenant"}, "/x-unique", "enum", None),
        ({"type": "string", "x-unique": "company"}, "/x-unique", "company", None),
        ({"type": "integer", "x-search": True}, "/x-search", "misplaced_key", None),
        ({"x-decimal": 2}, "/x-decimal", "type", None),
        ({"x-decimal": {"scal": 2}}, "/x-decimal/scal", "unknown_key", "scale"),
        ({"x-decimal": {"scale": -1}}, "/x-decimal/scale", "range", None),
        ({"x-decimal": {"scale": True}}, "/x-decimal/scale", "range", None),
        ({"x-decimal": {"min": 0.5}}, "/x-decimal/min", "decimal_text", None),
        ({"x-decimal": {"max": "NaN"}}, "/x-decimal/max", "decimal_text", None),
        ({"type": "number"}, "/type", "no_floats", None),
        ({"type": ["string", "null"]}, "/type", "kind", None),
        ({}, "/type", "kind", None),
        (True, "", "type", None),
        ({"x-link": "a.b", "x-decimal": {}}, "", "two_meanings", None),
        ({"x-decimal": {}, "format": "date"}, "", "two_meanings", None),
        ({"x-link": "a.b", "type": "integer"}, "/type", "two_meanings", "string"),
        ({"format": "date", "type": "integer"}, "/type", "two_meanings", "string"),
        ({"type": "string", "x-computed": "state", "default": "x"}, "/default", "two_meanings", None),
        ({"type": "string", "x-computed": "1 +"}, "/x-computed", "expression", None),
        ({"type": "string", "x-computed": "stat"}, "/x-computed", "unknown_field", "state"),
        ({"type": "string", "x-computed": 5}, "/x-computed", "type", None),
        ({"type": "object", "x-index": True}, "", "misplaced_key", None),
        ({"type": "array"}, "/items", "type", None),
        ({"items": {"items": FIELD}}, "/items", "nested_array", None),
        ({"items": {**FIELD, "readOnly": True}}, "/items/readOnly", "misplaced_key", None),
        (
            {"items": {"properties": {"a": {**FIELD, "x-unique": True}}}},
            "/items/properties/a/x-unique",
            "misplaced_key",
            None,
        ),
        ({"properties": {"a": {**FIELD, "x-unique": True}}}, "/properties/a/x-unique", "misplaced_key", None),
        ({"items": {"properties": {"document": FIELD}}}, "/items/properties/document", "reserved_name", None),
        ({"type": "string", "anyOf": [{"x-link": "a.b"}]}, "/anyOf/0/x-link", "misplaced_key", None),
        ({"properties": {"a": FIELD}, "required": ["b"]}, "/required", "unknown_field", None),
        ({"type": "string", "minLength": "long"}, "/minLength", "json_schema", None),
    ],
)
def test_a_field_that_breaks_the_vocabulary_is_refused(field, pointer, rule, expected):
    faults = faults_of({"f": field})
    violation = faults[f"/properties/f{pointer}", rule]
    assert expected is None or violation.expected == expected


@pytest.mark.parametrize(
    "name", ["id", "state", "company_id", "number", "deleted_at", "param", "actor", "today", "custom_size"]
)
def test_reserved_names_are_refused(name):
    assert faults_of({name: FIELD})[f"/properties/{name}", "reserved_name"].expected == "another name"


def test_system_names_are_free_below_the_top():
    assert "to.state" in type_of({"to": {"properties": {"state": FIELD}}}).fields


@pytest.mark.parametrize("name", ["Name", "a-b", "", "a" * 64, "é", "a/b"])
def test_names_that_are_no_field_names_are_refused(name):
    assert {rule for _, rule in faults_of({name: FIELD})} == {"name"}


@pytest.mark.parametrize(
    ("key", "value", "pointer", "rule"),
    [
        ("x-collection", "Orders!", "/x-collection", "name"),
        ("x-title", "nam", "/x-title", "unknown_field"),
        ("x-title", ["name"], "/x-title", "unknown_field"),
        ("x-company", True, "/x-company", "enum"),
        ("x-link", "a.b", "/x-link", "misplaced_key"),
        ("x-colection", "a", "/x-colection", "unknown_key"),
        ("type", "array", "/type", "type"),
        ("additionalProperties", True, "/additionalProperties", "closed"),
        ("properties", [], "/properties", "type"),
        ("x-number", "INV", "/x-number", "type"),
        ("x-number", {}, "/x-number/series", "required"),
        ("x-number", {"series": "INV"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{number}{number}"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{number:5}"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{number.__class__}"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{number}{"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{month}-{number}"}, "/x-number/series", "placeholder"),
        ("x-number", {"series": "{number}", "date": "name"}, "/x-number/date", "unknown_field"),
        ("x-number", {"series": "{number}", "gaples": True}, "/x-number/gaples", "unknown_key"),
    ],
)
def test_a_type_that_breaks_the_vocabulary_is_refused(key, value, pointer, rule):
    with pytest.raises(InvalidDocumentType) as caught:
        DocumentType.from_schema("shop.order", {"properties": {"name": FIELD}, key: value})
    assert (pointer, rule) in {(violation.pointer, violation.rule) for violation in caught.value.violations}


def test_all_faults_come_at_once():
    faults = faults_of({"a": {"typ": "string"}, "id": FIELD, "b": {"type": "number"}}, **{"x-titel": "a"})
    assert {pointer for pointer, _ in faults} == {
        "/x-titel", "/properties/a/typ", "/properties/a/type", "/properties/id", "/properties/b/type",
    }  # fmt: skip


@pytest.mark.parametrize("schema", [None, [], 7, "x", True])
def test_what_is_no_object_is_no_schema(schema):
    with pytest.raises(InvalidDocumentType) as caught:
        DocumentType.from_schema("shop.order", schema)
    assert caught.value.code == "invalid_document_type"


@pytest.mark.parametrize("name", ["order", "shop.", "Shop.order", "a.b.c"])
def test_a_type_needs_a_qualified_name(name):
    with pytest.raises(InvalidDocumentType):
        DocumentType.from_schema(name, {"properties": {}})


def test_hostile_nesting_is_refused_without_recursion():
    field = FIELD
    for _ in range(5_000):
        field = {"properties": {"a": field}}
    assert ("", "depth") in faults_of({"a": field})
    shallow = FIELD
    for _ in range(9):
        shallow = {"properties": {"a": shallow}}
    assert {rule for _, rule in faults_of({"a": shallow})} == {"depth"}


def test_circles_of_computed_fields_are_refused():
    number = {"x-decimal": {"scale": 2}}
    faults = faults_of({"a": {**number, "x-computed": "b"}, "b": {**number, "x-computed": "a + 1"}})
    ((pointer, rule),) = faults
    assert rule == "computed_circle"
    assert "→" in faults[pointer, rule].message


@pytest.mark.parametrize("required", [[[]], [{}], [1], ["name", None]])
def test_required_fields_are_named_by_texts(required):
    with pytest.raises(InvalidDocumentType):
        DocumentType.from_schema("shop.order", {"required": required, "properties": {"name": {"type": "string"}}})
