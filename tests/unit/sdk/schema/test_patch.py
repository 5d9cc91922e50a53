"""Merge patches: RFC 7386 and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.schema.patch import PatchTooDeep, apply, diff, is_same

VALUES = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_standard_hold(target, patch, result):
    before = repr(target)
    assert apply(target, patch) == result
    assert repr(target) == before


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_between_two_states_leads_from_one_to_the_other(old, new):
    result = apply(old, diff(old, new))
    assert is_same(result, new)


@given(DOCUMENTS)
def test_nothing_changed_is_an_empty_patch(document):
    assert diff(document, document) == {}


def test_true_and_one_are_different():
    assert diff({"a": 1, "b": [0]}, {"a": True, "b": [False]}) == {"a": True, "b": [False]}


def test_lists_are_replaced_whole():
    assert diff({"a": [1, 2]}, {"a": [1, 3]}) == {"a": [1, 3]}


def test_hostile_depth_is_refused():
    patch = {}
    for _ in range(900):
        patch = {"a": patch}
    with pytest.raises(PatchTooDeep) as caught:
        apply({}, patch)
    assert caught.value.code == "patch_too_deep"
