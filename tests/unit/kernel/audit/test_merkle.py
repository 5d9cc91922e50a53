"""Merkle trees of RFC 6962, and the bytes that are hashed."""

import json
from decimal import Decimal
from hashlib import sha256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.audit.canonical import Number, canonical_bytes, event_bytes, parse_exactly
from kernel.audit.merkle import EMPTY_ROOT, hash_leaf, hash_node, proof_of, root_from_proof, root_of

# The test vectors of RFC 6962's reference implementation.
LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_rfc(size):
    assert root_of([hash_leaf(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


def test_a_tree_of_nothing_is_the_hash_of_nothing():
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


def reference_root(leaves):
    """The recursive definition of RFC 6962, 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hash_node(reference_root(leaves[:split]), reference_root(leaves[split:]))


@given(st.integers(1, 200))
def test_roots_are_those_of_the_recursive_definition(size):
    leaves = [hash_leaf(bytes([number % 256, number // 256])) for number in range(size)]
    assert root_of(leaves) == reference_root(leaves)


@given(st.integers(1, 130), st.data())
def test_a_proof_leads_to_the_root_from_its_leaf_only(size, data):
    leaves = [hash_leaf(bytes([number])) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = proof_of(leaves, index)
    assert root_from_proof(leaves[index], index, size, path) == root_of(leaves)
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert root_from_proof(leaves[other], index, size, path) != root_of(leaves)
        assert root_from_proof(leaves[index], other, size, path) != root_of(leaves)


@pytest.mark.parametrize(("index", "size", "length"), [(0, 0, 0), (3, 3, 0), (0, 1, 1), (0, 4, 1), (0, 4, 3)])
def test_a_path_that_cannot_be_one_leads_nowhere(index, size, length):
    assert root_from_proof(hash_leaf(b""), index, size, [hash_leaf(b"x")] * length) is None


def test_a_node_is_no_leaf():
    left, right = hash_leaf(b"l"), hash_leaf(b"r")
    assert hash_leaf(left + right) != hash_node(left, right)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_text_is_json_and_has_one_form(value):
    try:
        text = canonical_bytes(value)
        expected = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (UnicodeEncodeError, orjson.JSONEncodeError):
        return
    assert text == expected
    assert json.loads(text) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_numbers_stand_as_they_are_written(number):
    text = format(number, "f")
    assert canonical_bytes(parse_exactly(f"[{text}]")) == f"[{text}]".encode()


COLUMNS = {"position": 1, "type": "a.b.c", "actor": "ü"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"n": 1.10}', '{"n": 1.1}'),
        ('{"n": 12345678901234567890}', '{"n": 12345678901234567891}'),
        ('{"n": 0.1234567890123456789}', '{"n": 0.1234567890123456788}'),
        ('{"n": 1}', '{"n": "1"}'),
        ('{"n": null}', "{}"),
        ('{"n": 1e400}', '{"n": 2e400}'),
    ],
)
def test_no_change_of_a_payload_goes_unseen(one, other):
    assert len({event_bytes(COLUMNS, {"payload": text, "request": None}) for text in (one, other)}) == 2


def test_an_event_is_one_object_with_its_members_sorted():
    data = event_bytes(COLUMNS, {"payload": '{"b": "1.50", "a": [1, 2]}', "request": None})
    assert data == '{"actor":"ü","payload":{"a":[1,2],"b":"1.50"},"position":1,"request":null,"type":"a.b.c"}'.encode()


@given(st.dictionaries(st.text("ab :[,1.-", max_size=5), st.text("ab :[,1.-e", max_size=8), max_size=3))
def test_the_quick_and_the_exact_way_give_the_same_bytes(payload):
    text = json.dumps(payload, ensure_ascii=False)
    exact = canonical_bytes({**COLUMNS, "payload": parse_exactly(text), "request": None})
    assert event_bytes(COLUMNS, {"payload": text, "request": None}) == exact


def test_a_number_is_text_that_is_not_quoted():
    assert canonical_bytes({"a": Number("1.0"), "b": "1.0"}) == b'{"a":1.0,"b":"1.0"}'
    assert Decimal(parse_exactly("1.0")) == 1
