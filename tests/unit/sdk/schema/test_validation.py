"""What is wrong with a document, in plain words, all at once."""

from decimal import Decimal

import pytest

from sdk.errors import Violation
from sdk.schema import (
    DocumentType,
    check_writable,
    collect_links,
    compute,
    dump,
    fill_defaults,
    load,
    read_input,
    validate,
)
from sdk.schema.plain_words import explain, merge_violations

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
MONEY = {"x-decimal": {"scale": 2}}
INVOICE = DocumentType.from_schema(
    "shop.invoice",
    {
        "required": ["customer", "lines", "total"],
        "properties": {
            "customer": {"x-link": "shop.party"},
            "currency": {"format": "currency", "default": "EUR"},
            "mail": {"format": "email"},
            "status": {"enum": ["new", "old"]},
            "text": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^a"},
            "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 2},
            "tags": {"items": {"x-link": "*"}, "uniqueItems": True, "maxItems": 2},
            "approved_by": {"type": "string", "readOnly": True},
            "total": {**MONEY, "x-computed": "sum(line.amount for line in lines)"},
            "to": {"properties": {"city": {"type": "string"}}, "required": ["city"]},
            "discount": {"x-decimal": {"scale": 1, "max": 100}},
            "lines": {
                "minItems": 1,
                "items": {
                    "required": ["price"],
                    "properties": {
                        "price": MONEY,
                        "quantity": {"x-decimal": {"scale": 3}, "default": "1"},
                        "account": {"x-link": "shop.account"},
                        "amount": {
                            **MONEY,
                            "x-computed": "price * quantity * (1 - coalesce(document.discount, 0) / 100)",
                        },
                        "share": {**MONEY, "x-computed": "amount / document.total * 100"},
                    },
                },
            },
        },
    },
)
GOOD = {"customer": UUID, "lines": [{"price": "1.00", "quantity": "1.000"}], "total": "1.00"}


def test_a_right_document_has_no_violations():
    assert validate(INVOICE, {**GOOD, "custom_size": 5}) == []


@pytest.mark.parametrize(
    ("change", "pointer", "rule", "expected"),
    [
        ({"customr": 1}, "/customr", "unknown_field", "customer"),
        ({"customer": "x"}, "/customer", "uuid", "an id such as 01890a5d-ac96-774b-bcce-b302099a8057"),
        ({"customer": UUID.upper()}, "/customer", "uuid", None),
        ({"currency": "eur"}, "/currency", "currency", "a currency or unit code in capitals, such as EUR"),
        ({"mail": "a@b"}, "/mail", "email", "an address such as ada@example.com"),
        ({"status": "nwe"}, "/status", "enum", "new, old"),
        ({"text": "a"}, "/text", "minLength", "at least 2 character(s)"),
        ({"text": "abcde"}, "/text", "maxLength", "at most 4 character(s)"),
        ({"text": "bb"}, "/text", "pattern", "^a"),
        ({"count": 0}, "/count", "minimum", "at least 1"),
        ({"count": 10}, "/count", "exclusiveMaximum", "less than 10"),
        ({"count": 3}, "/count", "multipleOf", "a multiple of 2"),
        ({"count": "3"}, "/count", "type", "a whole number"),
        ({"tags": [UUID, UUID]}, "/tags", "uniqueItems", "different items"),
        ({"to": {}}, "/to/city", "required", "a value"),
        ({"to": {"city": "a", "cty": "b"}}, "/to/cty", "unknown_field", "city"),
        ({"lines": []}, "/lines", "minItems", "at least 1 item(s)"),
        ({"lines": [{"price": "1.00"}, {"pric": "1"}]}, "/lines/1/pric", "unknown_field", "price"),
        ({"lines": [{"price": "1.00", "quantity": 1.5}]}, "/lines/0/quantity", "type", "a text"),
        ({"total": "1,00"}, "/total", "decimal", 'a decimal number as text, such as "1250.00"'),
    ],
)
def test_a_broken_rule_is_told_with_what_would_be_right(change, pointer, rule, expected):
    found = {(violation.pointer, violation.rule): violation for violation in validate(INVOICE, {**GOOD, **change})}
    assert (pointer, rule) in found
    assert expected is None or found[pointer, rule].expected == expected


def test_all_missing_fields_are_named_each_once():
    assert [violation.pointer for violation in validate(INVOICE, {})] == ["/customer", "/lines", "/total"]
    assert [violation.pointer for violation in validate(INVOICE, {}, as_input=True)] == ["/customer", "/lines"]


def test_input_is_cast_and_validated_at_once():
    values, violations = read_input(INVOICE, {"lines": [{"price": 1.5}], "discount": "5.55", "oops": 1})
    assert [(violation.pointer, violation.rule) for violation in violations] == [
        ("/customer", "required"), ("/discount", "decimal_scale"), ("/lines/0/price", "decimal_text"),
        ("/oops", "unknown_field"),
    ]  # fmt: skip
    values, violations = read_input(INVOICE, {key: GOOD[key] for key in ("customer", "lines")})
    assert violations == []
    assert values["lines"][0]["price"] == Decimal("1.00")


def test_an_unknown_keyword_is_still_told():
    assert explain(INVOICE, "newKeyword", "/a", 1, 2)[0].rule == "newKeyword"
    assert explain(INVOICE, "type", "/a", ["string", "null"], 2)[0].expected == "a text or nothing"
    assert [v.pointer for v in explain(INVOICE, "dependentRequired", "", {"a": ["b"]}, {"a": 1})] == ["/b"]


def test_long_values_are_not_repeated_in_full():
    assert len(explain(INVOICE, "enum", "/a", ["a"], "x" * 10_000)[0].message) < 150


def test_what_was_refused_once_is_not_refused_again():
    first = [Violation("/a", "decimal_text", "one")]
    second = [Violation("/a", "type", "two"), Violation("/b", "type", "three")]
    assert [v.message for v in merge_violations(first, second)] == ["one", "three"]


def test_computed_fields_follow_in_order_of_need():
    values, _ = load(INVOICE, {**GOOD, "discount": "10", "lines": [
        {"price": "10.00", "quantity": "3"}, {"price": "0.35", "quantity": "0.5"}, {"price": "4"},
    ]})  # fmt: skip
    compute(INVOICE, values)
    assert [line.get("amount") for line in values["lines"]] == [Decimal("27.00"), Decimal("0.16"), None]
    assert values["total"] == Decimal("27.16")
    assert [line.get("share") for line in values["lines"]] == [Decimal("99.41"), Decimal("0.59"), None]
    assert dump(INVOICE, values)["total"] == "27.16"


def test_computed_fields_without_an_answer_are_absent():
    values = {"customer": UUID, "lines": [{"amount": Decimal(5)}]}
    compute(INVOICE, values)
    assert values["lines"] == [{}]


def test_defaults_fill_what_is_left_out():
    filled = fill_defaults(INVOICE, {"currency": None, "lines": [{"price": "1"}, {"quantity": "2"}, 5]})
    assert filled == {"currency": "EUR", "lines": [{"price": "1", "quantity": "1"}, {"quantity": "2"}, 5]}


def test_links_are_collected_once_each_with_their_paths():
    other = UUID.replace("0", "1")
    values = {"customer": UUID, "tags": [UUID, other], "lines": [{"account": UUID}, {"account": UUID}, {}, "x"]}
    assert [tuple(link) for link in collect_links(INVOICE, values)] == [
        ("customer", "shop.party", UUID), ("tags", "*", UUID), ("tags", "*", other),
        ("lines.account", "shop.account", UUID),
    ]  # fmt: skip


def test_read_only_fields_may_be_repeated_but_not_changed():
    previous = {"approved_by": "ada", "lines": [{"amount": Decimal(1)}]}
    assert check_writable(INVOICE, previous, previous) == []
    changed = {"approved_by": "bob", "lines": [{"amount": Decimal(2)}, {"amount": Decimal(1)}]}
    assert [v.pointer for v in check_writable(INVOICE, changed, previous)] == [
        "/approved_by", "/lines/0/amount", "/lines/1/amount",
    ]  # fmt: skip
    assert [v.rule for v in check_writable(INVOICE, {"approved_by": "bob"})] == ["read_only"]
