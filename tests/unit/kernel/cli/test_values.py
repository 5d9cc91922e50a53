"""--set, --param and --data."""

import io

import pytest

from kernel.cli.errors import InputUnreadable
from kernel.cli.values import read_json_option, read_pairs, set_path


def built(*pairs):
    values = {}
    for path, value in pairs:
        set_path(values, path, value)
    return values


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ([("code", "A")], {"code": "A"}),
        ([("address.city", "Kiel"), ("address.zip", "24103")], {"address": {"city": "Kiel", "zip": "24103"}}),
        (
            [("lines.0.part", "a"), ("lines.0.quantity", "2"), ("lines.1.part", "b")],
            {"lines": [{"part": "a", "quantity": "2"}, {"part": "b"}]},
        ),
        ([("tags.0", "x"), ("tags.1", "y"), ("tags.0", "z")], {"tags": ["z", "y"]}),
        ([("a.0.b.0.c", "deep")], {"a": [{"b": [{"c": "deep"}]}]}),
    ],
)
def test_paths_lead_into_objects_and_lists(pairs, values):
    assert built(*pairs) == values


@pytest.mark.parametrize(
    "pairs",
    [
        [("lines.1.part", "a")],
        [("code", "A"), ("code.x", "B")],
        [("tags.0", "x"), ("tags.y", "z")],
        [("a.0", "x"), ("a.b.c", "y")],
    ],
)
def test_a_path_that_does_not_fit_is_refused(pairs):
    with pytest.raises(InputUnreadable) as refused:
        built(*pairs)
    assert refused.value.code == "input_unreadable"


def test_a_pair_keeps_everything_after_its_first_equals_sign():
    assert read_pairs("--set", ["a=b=c", "d="]) == [("a", "b=c"), ("d", "")]


@pytest.mark.parametrize("pair", ["a", "=b", ""])
def test_what_is_no_pair_is_refused_naming_the_option(pair):
    with pytest.raises(InputUnreadable, match="--param cannot be read"):
        read_pairs("--param", [pair])


def test_json_is_given_or_lies_in_a_file(tmp_path, monkeypatch):
    path = tmp_path / "data.json"
    path.write_text('{"a": 1}')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 2}')))
    assert [read_json_option("--data", text) for text in ('{"a": 0}', f"@{path}", "@-")] == [
        {"a": 0},
        {"a": 1},
        {"a": 2},
    ]


@pytest.mark.parametrize("text", ["{", "[1]", "@/nowhere/at/all.json"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InputUnreadable):
        read_json_option("--data", text)
