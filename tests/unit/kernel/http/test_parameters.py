"""Query parameters: no misspelt one passes in silence."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest
from fastapi import Request

from kernel.http.errors import InvalidRequest
from kernel.http.parameters import read_count, read_flag, read_names, read_parameters, read_value

KNOWN = {"filter": str, "limit": read_count, "sort": read_names, "deleted": read_flag}


def request(*query: tuple[str, str]) -> Request:
    return Request({"type": "http", "query_string": urlencode(query).encode(), "headers": []})


def refused(*query: tuple[str, str]) -> list[tuple[str, str, str | None]]:
    with pytest.raises(InvalidRequest) as caught:
        read_parameters(request(*query), KNOWN)
    return [(violation.pointer, violation.rule, violation.expected) for violation in caught.value.violations]


def test_known_parameters_are_read():
    given = request(("filter", "a > 1"), ("limit", "20"), ("sort", "-date, number,"), ("deleted", "true"))
    assert read_parameters(given, KNOWN) == {
        "filter": "a > 1", "limit": 20, "sort": ("-date", "number"), "deleted": True,
    }  # fmt: skip


def test_parameters_of_the_filter_come_under_their_prefix():
    given = request(("param.since", "2026-01-01"), ("limit", "1"))
    assert read_parameters(given, KNOWN, prefix="param.") == {"param.": {"since": "2026-01-01"}, "limit": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", Decimal(12)), ("-0.10", Decimal("-0.10")), ("true", True), ("false", False), ('"12"', "12"),
        ('"a\\u00e4"', "a\u00e4"), ("007", "007"), ("1e5", "1e5"), ("2026-01-01", "2026-01-01"), ("", ""),
        ("null", "null"),
    ],
)  # fmt: skip
def test_a_value_of_a_filter_is_a_number_a_flag_or_text(text, value):
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


@pytest.mark.parametrize("text", ['"unfinished', '"a" x', "9" * 50])
def test_a_value_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidRequest) as caught:
        read_parameters(request(("param.x", text)), KNOWN, prefix="param.")
    assert caught.value.violations[0].pointer == "/x"


def test_a_misspelt_parameter_is_refused_with_the_nearest_known_one():
    assert refused(("fliter", "x")) == [("/fliter", "unknown_parameter", "filter")]


def test_a_parameter_given_twice_is_refused():
    assert refused(("filter", "a"), ("filter", "b")) == [("/filter", "repeated", "once")]


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "9999999999", "１"])
def test_a_count_is_a_whole_number_from_1(text):
    assert refused(("limit", text)) == [("/limit", "value", "a whole number from 1")]


def test_a_flag_is_true_or_false():
    assert refused(("deleted", "1")) == [("/deleted", "value", "true or false")]


def test_all_faults_are_told_at_once():
    assert len(refused(("limit", "0"), ("deleted", "x"), ("nope", "1"))) == 3
