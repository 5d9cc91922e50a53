"""Words of a command line as somebody careless types them."""

import pytest

from kernel.cli.errors import InputUnreadable
from kernel.cli.terminal import problem_of, text_of
from kernel.cli.values import read_json_option, read_pairs, set_path
from sdk.errors import Invalid, Violation


@pytest.mark.parametrize("path", ["lines.²", "lines.-1", "lines.1", "lines.0x0", "lines.", "lines.٠"])
def test_a_place_in_a_list_that_is_none_is_refused(path):
    values = {"lines": []}
    with pytest.raises(InputUnreadable) as refused:
        set_path(values, path, "x")
    assert refused.value.code == "input_unreadable"
    assert values == {"lines": []}


def test_a_digit_that_is_no_number_is_a_name_of_an_object():
    values = {}
    set_path(values, "lines.².a", "x")
    assert values == {"lines": {"²": {"a": "x"}}}


@pytest.mark.parametrize(
    "text", ["{", "[]", "1", "NaN", '"x"', "null", "[" * 5_000, "@/", "@/none/such.json", "@", '{"a": "\udcff"}']
)
def test_data_that_is_no_json_object_is_refused_naming_the_option(text):
    with pytest.raises(InputUnreadable, match="--data cannot be read"):
        read_json_option("--data", text)


@pytest.mark.parametrize("pair", ["", "=", "=x", "name"])
def test_a_pair_without_a_name_or_a_sign_is_refused(pair):
    with pytest.raises(InputUnreadable, match="is not name=value"):
        read_pairs("--param", ["a=1", pair])


def test_values_keep_every_character_after_the_sign():
    assert read_pairs("--set", ["a==", "b=", "c= x ", "d='; DROP"]) == [
        ("a", "="), ("b", ""), ("c", " x "), ("d", "'; DROP"),
    ]  # fmt: skip


def test_a_problem_has_its_violations_only_where_there_are_some():
    assert problem_of(Invalid("It is wrong.")) == {"code": "invalid", "detail": "It is wrong."}
    told = problem_of(Invalid("It is wrong.", violations=[Violation("/a", "type", "no", "a text")]))
    assert told["violations"] == [{"pointer": "/a", "rule": "type", "message": "no", "expected": "a text"}]


def test_a_big_number_within_a_list_is_shown_with_all_its_digits():
    assert text_of([12345678901234567]) == "[12345678901234567]"
