"""Each change of a schema has its class, its rule and its place."""

import pytest

from sdk.comparison import Impact, SchemaChange, compare_settings, compare_types
from sdk.lenses import LensChain, read_lenses
from sdk.lenses.functions import Pair
from sdk.schema import DocumentType

TEXT = {"type": "string"}
MONEY = {"x-decimal": {"scale": 2}}
TEXTS = {"type": "array", "items": TEXT}


def order(version=1, required=(), keys=None, **fields) -> DocumentType:
    schema = {"title": "Order", "properties": fields, **(keys or {})}
    if required:
        schema["required"] = list(required)
    if version > 1:
        schema["x-version"] = version
    return DocumentType.from_schema("shop.order", schema)


def chain(*steps, functions=None) -> LensChain:
    faults = []
    read = read_lenses({"type": "shop.order", "versions": {"2": list(steps)}}, faults)
    assert faults == []
    if functions is None:
        return read
    pair = Pair(2, lambda document: None, lambda document: None)
    touches = {2: frozenset(functions)} if functions else {}
    return LensChain(read.type, 2, read.steps, {2: pair}, touches)


def found(changes: list[SchemaChange]) -> list[tuple[str, str, str]]:
    return [(change.impact.value, change.rule, change.path) for change in changes]


def lines(**fields):
    return {"type": "array", "items": {"type": "object", "properties": fields}}


def test_nothing_changed_between_a_type_and_itself():
    assert compare_types(order(a=TEXT, lines=lines(b=MONEY)), order(a=TEXT, lines=lines(b=MONEY))) == []


FIELDS = [
    ({}, TEXT, "compatible", "field_added"),
    (TEXT, None, "breaking", "field_removed"),
    (TEXT, MONEY, "breaking", "kind_changed"),
    ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 6}, "compatible", "limit_widened"),
    ({**TEXT, "maxLength": 5}, TEXT, "compatible", "limit_widened"),
    ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 4}, "breaking", "limit_narrowed"),
    (TEXT, {**TEXT, "maxLength": 4}, "breaking", "limit_narrowed"),
    ({**TEXT, "minLength": 2}, {**TEXT, "minLength": 3}, "breaking", "limit_narrowed"),
    ({**TEXT, "minLength": 2}, {**TEXT, "minLength": 1}, "compatible", "limit_widened"),
    (TEXT, {**TEXT, "pattern": "a"}, "breaking", "limit_changed"),
    ({**TEXT, "pattern": "a"}, {**TEXT, "pattern": "b"}, "breaking", "limit_changed"),
    ({**TEXT, "pattern": "a"}, TEXT, "compatible", "limit_removed"),
    ({**TEXT, "format": "email"}, TEXT, "compatible", "limit_removed"),
    (TEXT, {**TEXT, "format": "email"}, "breaking", "limit_changed"),
    ({"x-decimal": {"min": "0"}}, {"x-decimal": {"min": "0.0"}}, None, None),
    ({"x-decimal": {"min": 0}}, {"x-decimal": {"min": "-1"}}, "compatible", "limit_widened"),
    ({"x-decimal": {"max": "10"}}, {"x-decimal": {"max": "9"}}, "breaking", "limit_narrowed"),
    (MONEY, {"x-decimal": {"scale": 4}}, "compatible", "scale_raised"),
    (MONEY, {"x-decimal": {}}, "compatible", "scale_raised"),
    (MONEY, {"x-decimal": {"scale": 0}}, "breaking", "scale_lowered"),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "compatible", "enum_value_added"),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "breaking", "enum_value_removed"),
    ({"type": "string", "enum": ["a"]}, TEXT, "compatible", "enum_removed"),
    (TEXT, {"type": "string", "enum": ["a"]}, "breaking", "enum_added"),
    ({**TEXT, "title": "A"}, {**TEXT, "title": "B"}, "compatible", "title_changed"),
    ({**TEXT, "default": "a"}, {**TEXT, "default": "b"}, "compatible", "default_changed"),
    (TEXT, {**TEXT, "x-unique": True}, "breaking", "unique_added"),
    ({**TEXT, "x-unique": True}, TEXT, "compatible", "unique_removed"),
    (TEXT, {**TEXT, "x-index": True}, "compatible", "index_changed"),
    (TEXT, {**TEXT, "x-search": True}, "compatible", "search_changed"),
    (TEXT, {**TEXT, "x-personal": "contact"}, "compatible", "personal_changed"),
    (TEXT, {**TEXT, "x-encrypted": True}, "breaking", "encryption_changed"),
    (TEXT, {**TEXT, "readOnly": True}, "breaking", "read_only_added"),
    ({**TEXT, "readOnly": True}, TEXT, "compatible", "read_only_removed"),
    ({"x-link": "shop.a"}, {"x-link": "shop.b"}, "breaking", "link_changed"),
    ({"x-link": "shop.a"}, {"x-link": "*"}, "compatible", "link_widened"),
    ({**MONEY, "x-computed": "1 + 1"}, {**MONEY, "x-computed": "2"}, "compatible", "computed_changed"),
    (TEXTS, {"type": "array", "items": {"type": "integer"}}, "breaking", "kind_changed"),
    (TEXTS, {"type": "array", "items": {**TEXT, "maxLength": 3}}, "breaking", "limit_narrowed"),
    ({"type": "object"}, {"type": "object", "properties": {}}, "breaking", "object_closed"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "impact", "rule"), FIELDS)
def test_a_change_of_a_field_is_classed(before, after, impact, rule):
    old = order(**({"a": before} if before else {}))
    new = order(**({"a": after} if after else {}))
    assert found(compare_types(old, new)) == ([(impact, rule, "a")] if rule else [])


@pytest.mark.parametrize(("before", "after", "impact", "rule"), [case for case in FIELDS if case[0] and case[1]])
def test_a_change_within_lines_is_classed_as_any(before, after, impact, rule):
    if any(key in {**before, **after} for key in ("x-unique", "x-index", "x-search", "x-encrypted", "items")):
        return
    old, new = order(lines=lines(a=before)), order(lines=lines(a=after))
    assert found(compare_types(old, new)) == ([(impact, rule, "lines.a")] if rule else [])


@pytest.mark.parametrize(
    ("before", "after", "impact", "rule"),
    [
        ({}, {"x-collection": "purchases"}, "breaking", "collection_changed"),
        ({}, {"x-company": "required"}, "breaking", "company_changed"),
        ({}, {"x-title": "a"}, "compatible", "title_field_changed"),
        ({}, {"x-cached": True}, "compatible", "cached_changed"),
        ({}, {"title": "Another"}, "compatible", "title_changed"),
        ({"x-number": {"series": "{number}"}}, {"x-number": {"series": "A{number}"}}, "compatible", "number_changed"),
        ({}, {"anyOf": [{"required": ["a"]}]}, "breaking", "limit_changed"),
        ({"anyOf": [{"required": ["a"]}]}, {}, "compatible", "limit_removed"),
    ],
)
def test_a_change_of_the_type_is_classed(before, after, impact, rule):
    assert found(compare_types(order(keys=before, a=TEXT), order(keys=after, a=TEXT))) == [(impact, rule, "")]


def test_what_is_required_of_stored_documents_needs_a_step_or_fills_itself():
    bare, old = order(), order(a=TEXT)
    assert found(compare_types(old, order(required=["a"], a=TEXT))) == [("breaking", "field_required", "a")]
    assert found(compare_types(order(required=["a"], a=TEXT), old)) == [("compatible", "field_optional", "a")]
    for schema in (TEXT, {**TEXT, "default": "x"}):
        changes = compare_types(bare, order(required=["a"], a=schema))
        assert found(changes) == [("breaking", "required_field_added", "a")]
        assert "set_default" in changes[0].fix
    computed = order(required=["a"], a={**MONEY, "x-computed": "1"})
    assert found(compare_types(bare, computed)) == [("compatible", "field_added", "a")]
    assert found(compare_settings(bare, order(required=["a"], a={**TEXT, "default": "x"}))) == [
        ("compatible", "field_added", "a")
    ]


def test_steps_turn_what_breaks_into_what_is_cast():
    old = order(
        a=TEXT, b={"enum": ["x", "y"]}, gone=TEXT, name=TEXT, address={"type": "object", "properties": {"c": TEXT}}
    )
    new = order(
        2, ["new", "late"], amount=TEXT, b={"enum": ["z", "y"]}, new=TEXT, late=TEXT, first=TEXT, last=TEXT, c=TEXT,
        address={"type": "object", "properties": {"d": TEXT}},
    )  # fmt: skip
    lens = chain(
        {"rename_field": {"from": "a", "to": "amount"}},
        {"map_value": {"field": "b", "values": {"x": "z"}}},
        {"drop_field": {"field": "gone"}},
        {"split": {"from": "name", "into": ["first", "last"]}},
        {"set_default": {"field": "new", "value": "n"}},
        {"set_default": {"field": "late", "value": "n"}},
        {"move_field": {"from": "address.c", "to": "c"}},
    )
    assert sorted(found(compare_types(old, new, lens))) == sorted(
        [
            ("cast_needed", "field_renamed", "a"),
            ("cast_needed", "enum_value_removed", "b"),
            ("compatible", "enum_value_added", "b"),
            ("cast_needed", "field_removed", "gone"),
            ("cast_needed", "field_removed", "name"),
            ("cast_needed", "required_field_added", "new"),
            ("cast_needed", "required_field_added", "late"),
            ("cast_needed", "field_moved", "address.c"),
            ("compatible", "field_added", "first"),
            ("compatible", "field_added", "last"),
            ("compatible", "field_added", "address.d"),
        ]
    )
    assert {change.impact for change in compare_types(order(a=TEXT), order(2, amount=TEXT), chain())} == {
        Impact.BREAKING, Impact.COMPATIBLE,
    }  # fmt: skip


def test_steps_reach_into_lines():
    old = order(lines=lines(qty=MONEY, kind={"enum": ["x"]}))
    items = {**lines(quantity=MONEY, kind={"enum": ["y"]}, unit=TEXT)["items"], "required": ["unit"]}
    new = order(2, lines={"type": "array", "items": items})
    lens = chain(
        {"rename_field": {"from": "lines.qty", "to": "lines.quantity"}},
        {"map_value": {"field": "lines.kind", "values": {"x": "y"}}},
        {"set_default": {"field": "lines.unit", "value": "pc"}},
    )
    assert sorted(found(compare_types(old, new, lens))) == [
        ("cast_needed", "enum_value_removed", "lines.kind"),
        ("cast_needed", "field_renamed", "lines.qty"),
        ("cast_needed", "required_field_added", "lines.unit"),
        ("compatible", "enum_value_added", "lines.kind"),
    ]


def test_a_required_field_of_an_object_that_need_not_be_there_is_filled_where_it_is():
    address = {"type": "object", "properties": {"city": TEXT}}
    wider = {"type": "object", "required": ["country"], "properties": {"city": TEXT, "country": TEXT}}
    lens = chain({"set_default": {"field": "address.country", "value": "DE"}})
    changes = compare_types(order(address=address), order(2, address=wider), lens)
    assert found(changes) == [("cast_needed", "required_field_added", "address.country")]


def test_a_required_part_of_a_required_text_is_there_where_it_is_the_first():
    lens = chain({"split": {"from": "name", "into": ["first", "last"]}})
    new = order(2, ["first", "last"], first=TEXT, last=TEXT)
    assert found(compare_types(order(required=["name"], name=TEXT), new, lens)) == [
        ("cast_needed", "field_removed", "name"),
        ("cast_needed", "required_field_added", "first"),
        ("breaking", "required_field_added", "last"),
    ]
    [_, first, _] = compare_types(order(name=TEXT), new, lens)
    assert first.is_breaking


def test_an_object_that_goes_is_told_once():
    address = {"type": "object", "properties": {"city": TEXT}}
    assert found(compare_types(order(address=address), order())) == [("breaking", "field_removed", "address")]
    assert found(compare_types(order(), order(address=address))) == [("compatible", "field_added", "address")]


def test_a_function_is_trusted_with_what_it_touches_and_nothing_else():
    old, new = order(a=TEXT, b=TEXT), order(2, a=MONEY, b=MONEY)
    assert found(compare_types(old, new, chain(functions=["a"]))) == [
        ("cast_needed", "kind_changed", "a"),
        ("breaking", "kind_changed", "b"),
    ]
    assert {change.impact for change in compare_types(old, new, chain(functions=[]))} == {Impact.CAST_NEEDED}


def test_the_way_back_is_compared_by_the_same_chain():
    old, new = order(a=TEXT, gone=TEXT), order(2, b=TEXT, new=TEXT)
    lens = chain({"rename_field": {"from": "a", "to": "b"}}, {"drop_field": {"field": "gone"}})
    assert found(compare_types(new, old, lens)) == [
        ("cast_needed", "field_renamed", "b"),
        ("cast_needed", "field_put_aside", "new"),
        ("compatible", "field_added", "gone"),
    ]


def test_on_the_way_back_a_required_field_that_was_dropped_is_missed_in_newer_documents():
    lens = chain({"drop_field": {"field": "a"}})
    [change] = compare_types(order(2), order(required=["a"], a=TEXT), lens)
    assert (change.rule, change.is_breaking) == ("required_field_added", True)
    assert "written since" in change.message


def test_a_step_that_calls_a_known_field_new_is_found_out():
    old, new = order(a=TEXT), order(2, ["a"], a=TEXT)
    wrong, right = ({"set_default": {"field": "a", "value": "x", "is_new": is_new}} for is_new in (True, False))
    assert found(compare_types(old, new, chain(wrong))) == [("breaking", "known_field_called_new", "a")]
    assert found(compare_types(old, new, chain(right))) == [("cast_needed", "field_required", "a")]
    again = chain({"drop_field": {"field": "a"}}, wrong)
    assert {change.rule for change in compare_types(old, new, again)} == {"field_removed", "required_field_added"}


def test_a_chain_that_does_not_know_both_versions_says_nothing():
    lens = chain({"drop_field": {"field": "a"}})
    assert found(compare_types(order(a=TEXT), order(3), lens)) == [("breaking", "field_removed", "a")]


def test_a_field_added_without_a_new_version_is_told_to_be_in_the_way_of_a_rollback():
    assert "older release" in compare_types(order(), order(a=TEXT))[0].message
    assert "older release" not in compare_types(order(), order(2, a=TEXT), chain())[0].message


def test_settings_come_and_go():
    assert compare_settings(None, None) == []
    assert found(compare_settings(order(a=TEXT), None)) == [("breaking", "settings_removed", "")]
    assert found(compare_settings(None, order(a=TEXT))) == [("compatible", "field_added", "a")]
    assert found(compare_settings(order(a=TEXT), order())) == [("breaking", "field_removed", "a")]
    assert compare_settings(order(a=TEXT), order())[0].about == "settings"
