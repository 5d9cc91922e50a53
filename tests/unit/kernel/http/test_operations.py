"""What routes say of themselves for the description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from kernel.http.operations import describe
from kernel.http.parameters import one_of, read_count, read_names
from kernel.http.shapes import fields_of, members


@dataclass
class Part:
    name: str


@dataclass
class Thing:
    id: str
    count: int
    is_good: bool
    made_at: datetime | None
    kind: Literal["a", "b"]
    parts: Sequence[Part]
    names: Mapping[str, str]


class Piece(BaseModel):
    text: str


class Sent(BaseModel):
    pieces: list[Piece] = Field(max_length=3)


def test_a_dataclass_is_described_field_by_field():
    text = {"type": "string"}
    assert fields_of(Thing) == {
        "type": "object",
        "required": ["id", "count", "is_good", "made_at", "kind", "parts", "names"],
        "properties": {
            "id": text,
            "count": {"type": "integer"},
            "is_good": {"type": "boolean"},
            "made_at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "parts": {
                "type": "array",
                "items": {"type": "object", "required": ["name"], "properties": {"name": text}},
            },
            "names": {"type": "object", "additionalProperties": text},
        },
    }


def test_what_has_no_schema_is_refused():
    @dataclass
    class Odd:
        value: complex

    with pytest.raises(TypeError, match="complex"):
        fields_of(Odd)


def test_parameters_are_described_by_their_readers():
    query = {"limit": read_count, "state": one_of(("on", "off")), "fields": read_names, "as": {"type": "boolean"}}
    said = describe(query=query, required=("state",))["parameters"]
    assert [(p["name"], p["in"], p["required"], p["schema"]) for p in said] == [
        ("limit", "query", False, {"type": "integer", "minimum": 1, "maximum": 999_999_999}),
        ("state", "query", True, {"type": "string", "enum": ["on", "off"]}),
        ("fields", "query", False, {"type": "string"}),
        ("as", "query", False, {"type": "boolean"}),
    ]


def test_a_body_stands_alone_without_references():
    schema = describe(body=Sent)["requestBody"]["content"]["application/json"]["schema"]
    assert "$defs" not in schema
    assert schema["properties"]["pieces"]["items"]["properties"] == {"text": {"title": "Text", "type": "string"}}


def test_an_answer_says_status_content_and_refusals():
    said = describe(members(ok={"type": "boolean"}), status=201, media_types=("text/csv",), refusals=(409,))
    assert said["responses"]["201"]["content"].keys() == {"application/json", "text/csv"}
    assert said["responses"]["409"] == {"$ref": "#/components/responses/Problem409"}
    assert "security" not in said


def test_an_open_route_says_so_and_one_without_content_has_none():
    said = describe(status=204, is_open=True)
    assert said["security"] == []
    assert said["responses"] == {"204": {"description": "Done."}}
