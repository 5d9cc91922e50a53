"""JSON in and out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import pytest
from pydantic import BaseModel

from kernel.http.bodies import JSON_DEPTH_MAX, JSON_VALUES_MAX, parse_json, render_json
from kernel.http.errors import JsonTooDeep, JsonTooLarge, MalformedJson, UnsupportedMediaType


def test_a_body_is_parsed():
    assert parse_json(b'{"a": [1, "x", null]}', "application/json; charset=utf-8") == {"a": [1, "x", None]}


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "Application/JSON", None, ""])
def test_json_by_any_of_its_names_is_taken(content_type):
    assert parse_json(b"1", content_type) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_refused(content_type):
    with pytest.raises(UnsupportedMediaType) as caught:
        parse_json(b"{}", content_type)
    assert (caught.value.code, caught.value.status) == ("unsupported_media_type", 415)
    assert content_type in caught.value.message


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [(b"", 1, 1), (b'{"a": 1,\n "b": }', 2, 7), (b"{'a': 1}", 1, 2), (b'{"a": NaN}', 1, 7), (b"\xff", 1, 1)],
)
def test_a_broken_body_is_refused_with_its_position(body, line, column):
    with pytest.raises(MalformedJson) as caught:
        parse_json(body, "application/json")
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)
    assert caught.value.status == 400


def test_of_a_key_given_twice_the_last_value_counts():
    assert parse_json(b'{"a": 1, "a": 2}', None) == {"a": 2}


def test_nesting_is_bounded():
    deepest = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX
    assert parse_json(deepest, None)
    with pytest.raises(JsonTooDeep):
        parse_json(b"[" + deepest + b"]", None)
    with pytest.raises(JsonTooDeep):
        parse_json(b'{"a":' * 65 + b"1" + b"}" * 65, None)


def test_nesting_beyond_the_parsers_own_bound_is_refused_too():
    with pytest.raises(MalformedJson):
        parse_json(b"[" * 100_000 + b"]" * 100_000, None)


def test_many_brackets_side_by_side_are_not_deep():
    assert len(parse_json(b"[" + b"[]," * 1000 + b"[]]", None)) == 1001


def test_numbers_with_a_point_stay_floats_so_that_decimal_fields_can_refuse_them():
    assert isinstance(parse_json(b"1.10", None), float)
    assert isinstance(parse_json(b"12345678901234567890123", None), float)


@dataclass
class Row:
    amount: Decimal
    on: date


class Model(BaseModel):
    name: str


def test_values_are_rendered_as_the_wire_wants_them():
    value = {
        "row": Row(Decimal("1250.00"), date(2026, 1, 31)),
        "at": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "model": Model(name="x"),
        "mapping": MappingProxyType({"a": 1}),
        "names": frozenset({"b", "a"}),
        "id": UUID(int=1),
    }
    assert render_json(value) == (
        b'{"row":{"amount":"1250","on":"2026-01-31"},"at":"2026-01-31T12:00:00Z","model":{"name":"x"},'
        b'"mapping":{"a":1},"names":["a","b"],"id":"00000000-0000-0000-0000-000000000001"}'
    )


def test_what_has_no_json_is_a_bug():
    with pytest.raises(TypeError):
        render_json({"x": object()})


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * JSON_VALUES_MAX + b"1]", b'{"lines":[' + b"{}," * JSON_VALUES_MAX + b"{}]}"],
)
def test_a_body_of_more_values_than_anybody_sends_is_refused(body):
    with pytest.raises(JsonTooLarge) as refused:
        parse_json(body, "application/json")
    assert refused.value.details["maximum"] == JSON_VALUES_MAX


def test_long_texts_count_once_whatever_is_in_them():
    assert parse_json(b'["' + b"," * 2 * JSON_VALUES_MAX + b'"]', None) == ["," * 2 * JSON_VALUES_MAX]
