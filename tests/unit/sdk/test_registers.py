"""Registers: definitions, and the rules movements keep to."""

import copy
from datetime import date
from decimal import Decimal

import pytest

from sdk.document_errors import DimensionNotText, DimensionTooLong
from sdk.registers import (
    DIMENSION_BYTES_MAX,
    ForeignMovement,
    InvalidRegister,
    Movement,
    Register,
    RegisterUnbalanced,
    UnknownDimension,
    UnknownResource,
    check_movements,
    reverse,
)

POSTINGS = {
    "name": "ledger.postings",
    "title": "Postings",
    "dimensions": [{"name": "account", "link": "ledger.account"}, {"name": "currency", "title": "In"}],
    "resources": [{"name": "base_amount", "scale": 2}, {"name": "amount"}],
    "balanced": "base_amount",
    "non_negative": None,
}
REGISTER = Register.from_data(POSTINGS)


def movement(amount, company="a", register="ledger.postings", **more):
    resources = {"base_amount": Decimal(amount), **more.pop("resources", {})}
    return Movement(register, date(2026, 1, 31), {"account": "x", **more}, resources, company)


def test_a_register_knows_its_slots():
    assert [REGISTER.slot_of_dimension(name) for name in ("account", "currency")] == ["d1", "d2"]
    assert [REGISTER.slot_of_resource(name) for name in ("base_amount", "amount")] == ["r1", "r2"]
    assert REGISTER.dimension("account").link == "ledger.account"
    assert (REGISTER.dimension("currency").title, REGISTER.dimension("account").title) == ("In", "Account")
    assert (REGISTER.resource("base_amount").scale, REGISTER.resource("amount").scale) == (2, None)
    assert (REGISTER.applet, REGISTER.balanced, REGISTER.non_negative) == ("ledger", "base_amount", None)


def test_unknown_names_are_refused_naming_the_nearest():
    with pytest.raises(UnknownDimension) as dimension:
        REGISTER.slot_of_dimension("acount")
    assert dimension.value.details["expected"] == "account"
    with pytest.raises(UnknownResource) as resource:
        REGISTER.slot_of_resource("amont")
    assert resource.value.message == "The register ledger.postings has no resource amont; expected amount."


@pytest.mark.parametrize(
    ("movements", "error"),
    [
        ([], None),
        ([movement("10"), movement("-10")], None),
        ([movement("0.1"), movement("0.2"), movement("-0.3")], None),
        ([movement("10"), movement("-9.99")], RegisterUnbalanced),
        ([movement("10"), movement("-10", company="b")], RegisterUnbalanced),
        ([movement("0", project="x")], UnknownDimension),
        ([movement("0", resources={"quantity": Decimal(1)})], UnknownResource),
        ([movement("0", register="ledger.other")], ForeignMovement),
    ],
)
def test_movements_keep_the_rules_of_their_register(movements, error):
    if error is None:
        check_movements(REGISTER, movements)
        return
    with pytest.raises(error):
        check_movements(REGISTER, movements)


def test_what_is_left_is_told():
    with pytest.raises(RegisterUnbalanced) as caught:
        check_movements(REGISTER, [movement("10"), movement("-9.5")])
    assert caught.value.code == "register_unbalanced"
    assert caught.value.details["difference"] == "0.5"


def test_a_register_that_is_not_balanced_takes_any_sum():
    check_movements(Register.from_data({**POSTINGS, "balanced": None}), [movement("10")])


def test_reversing_turns_every_resource_and_may_move_in_time():
    there = movement("10", resources={"amount": Decimal("-3")})
    (back,) = reverse([there])
    assert back.resources == {"base_amount": Decimal(-10), "amount": Decimal(3)}
    assert (back.occurred_at, back.dimensions, back.company_id) == (there.occurred_at, there.dimensions, "a")
    assert reverse([there], date(2026, 2, 1))[0].occurred_at == date(2026, 2, 1)
    assert reverse([back]) == [there]


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"name": "postings"}, "/name", "name"),
        ({"titel": "x"}, "/titel", "unknown_key"),
        ({"dimensions": []}, "/dimensions", "count"),
        ({"dimensions": [{"name": f"d{n}"} for n in range(9)]}, "/dimensions", "count"),
        ({"resources": [{"name": f"r{n}"} for n in range(5)]}, "/resources", "count"),
        ({"dimensions": [{"name": "a"}, {"name": "a"}]}, "", "duplicate_name"),
        ({"dimensions": [{"name": "amount"}]}, "", "duplicate_name"),
        ({"dimensions": [{"name": "document"}]}, "/dimensions/0/name", "reserved_name"),
        ({"dimensions": [{"name": "a", "link": "b"}]}, "/dimensions/0/link", "link"),
        ({"dimensions": [{"title": "a"}]}, "/dimensions/0/name", "required"),
        ({"dimensions": ["a"]}, "/dimensions/0", "type"),
        ({"dimensions": "a"}, "/dimensions", "type"),
        ({"resources": [{"name": "base_amount", "scale": 99}]}, "/resources/0/scale", "range"),
        ({"resources": [{"name": "base_amount", "scale": 2.0}]}, "/resources/0/scale", "type"),
        ({"balanced": "amount"}, "/balanced", "first_resource"),
        ({"non_negative": "amount"}, "/non_negative", "first_resource"),
        ({"balanced": True}, "/balanced", "type"),
    ],
)
def test_a_broken_definition_is_refused(change, pointer, rule):
    with pytest.raises(InvalidRegister) as caught:
        Register.from_data({**copy.deepcopy(POSTINGS), **change})
    assert (pointer, rule) in {(violation.pointer, violation.rule) for violation in caught.value.violations}


@pytest.mark.parametrize("data", [None, [], 5, {}])
def test_what_is_no_register_is_refused(data):
    with pytest.raises(InvalidRegister):
        Register.from_data(data)


def test_a_dimension_is_a_text_that_fits_into_a_key():
    REGISTER.check_dimension("account", "ä" * (DIMENSION_BYTES_MAX // 2))
    with pytest.raises(DimensionTooLong):
        REGISTER.check_dimension("account", "ä" * (DIMENSION_BYTES_MAX // 2 + 1))
    with pytest.raises(DimensionNotText):
        REGISTER.check_dimension("account", 7)
    with pytest.raises(UnknownDimension):
        REGISTER.check_dimension("acount", "a")
