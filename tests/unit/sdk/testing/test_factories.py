"""Documents made from their types."""

from decimal import Decimal

import pytest

from sdk.schema import DocumentType, validate
from sdk.testing import Factory, FakeKernel, make
from sdk.testing.factories import FactoryStuck
from tests.contract.kernel_world import WORKSHOP


def type_of(required=None, **properties):
    schema = {
        "title": "Thing",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }
    return DocumentType.from_schema("shop.thing", schema)


FIELDS = [
    {"type": "string"},
    {"type": "string", "minLength": 30},
    {"type": "string", "title": "A very long title indeed", "maxLength": 3},
    {"type": "string", "pattern": "^[A-Z]{2}$"},
    {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
    {"type": "string", "pattern": "^[0-9]{4}$"},
    {"type": "string", "pattern": "^x-y-z$", "examples": ["x-y-z"]},
    {"enum": ["low", "high"]},
    {"type": "string", "x-decimal": {"scale": 2}},
    {"type": "string", "x-decimal": {"scale": 3, "min": "2.5", "max": "7"}},
    {"type": "string", "x-decimal": {"scale": 2, "max": "0.25"}},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "currency"},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "x-link": "shop.other"},
    {"type": "integer"},
    {"type": "integer", "minimum": 7},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "exclusiveMinimum": 10, "multipleOf": 5},
    {"type": "boolean"},
    {"type": "array", "minItems": 2, "items": {"type": "string"}},
    {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
    {"type": "string", "default": "x"},
]


@pytest.mark.parametrize("field", FIELDS, ids=str)
@pytest.mark.parametrize("seed", [1, 2, 99])
def test_what_is_made_is_valid(field, seed):
    type = type_of(field=field)
    assert validate(type, make(type, seed=seed), as_input=True) == []


def test_the_same_seed_makes_the_same_and_another_seed_another():
    type = type_of(name={"type": "string"}, other={"type": "string", "x-link": "shop.other"})
    assert make(type, seed=1) == make(type, seed=1)
    assert make(type, seed=1)["name"] != make(type, seed=2)["name"]
    assert make(type, seed=1)["other"] != make(type, seed=2)["other"]


def test_only_what_is_required_is_made_and_overrides_win():
    type = type_of(
        ["name"], name={"type": "string"}, note={"type": "string"}, done={"type": "boolean", "readOnly": True}
    )
    assert make(type, name="Ada") == {"name": "Ada"}
    assert make(type, note="x").keys() == {"name", "note"}
    assert make(type, name=None) == {}


def test_the_first_of_several_alternatives_is_made():
    properties = {"phone": {"type": "string"}, "email": {"type": "string", "format": "email"}}
    schema = {"properties": properties, "anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}
    assert make(DocumentType.from_schema("shop.thing", schema)).keys() == {"phone"}


def test_a_pattern_nobody_could_guess_asks_for_an_example():
    with pytest.raises(FactoryStuck, match="example"):
        make(type_of(code={"type": "string", "pattern": "^[0-9]{3}-[a-f]{7}$"}))


@pytest.fixture
def kernel():
    fake = FakeKernel(WORKSHOP)
    fake.add_company()
    return fake


def test_links_lead_to_documents_made_for_them(kernel):
    factory = Factory(
        kernel, {"workshop.order": lambda f: {"lines": [{"part": f.link("workshop.part"), "quantity": "2"}]}}
    )
    first, second = factory.create("workshop.order"), factory.create("workshop.order", title="Mine")
    assert first["lines"][0]["part"] == second["lines"][0]["part"]
    assert kernel.documents.get("workshop.part", first["lines"][0]["part"]).version == 1
    assert (second["title"], first["lines"][0]["quantity"]) == ("Mine", Decimal(2))


def test_unique_fields_of_several_documents_differ(kernel):
    factory = Factory(kernel)
    codes = {factory.create("workshop.part")["code"] for _ in range(5)}
    assert len(codes) == 5
