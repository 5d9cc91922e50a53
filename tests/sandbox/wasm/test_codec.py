"""The component's MessagePack says what the library says, both ways."""

import random

import msgpack
import pytest

from sandbox.wasm import codec

VALUES = [
    None, True, False, 0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -1, -32, -33,
    -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**63), 0.0, -1.5, 1e300, "", "a" * 31, "a" * 32,
    "ä€😀", "x" * 255, "x" * 256, "x" * 65_535, "x" * 65_536, b"", b"\x00" * 255, b"\xff" * 256, b"b" * 65_536, [],
    [1] * 15, [1] * 16, [None] * 65_536, {}, {n: n for n in range(15)}, {str(n): [n] for n in range(16)},
    dict.fromkeys(range(65536)), {"a": {"b": [{"c": [b"d", 1.5, None]}]}},
]  # fmt: skip
NOT_WHOLE = "not MessagePack|not one whole value|can't decode"
EXTENSIONS = [
    (code, b"e" * size) for code in (0, 1, 7, 127) for size in (0, 1, 2, 3, 4, 5, 8, 16, 17, 255, 256, 65_536)
]


def other(value):
    """As `to_ext` of the sandbox: a tuple becomes a list."""
    if type(value) is tuple:
        return list(value)
    raise TypeError(f"no {type(value).__name__}")


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_values_are_read_as_the_library_wrote_them_and_the_other_way(value):
    theirs, ours = msgpack.packb(value, strict_types=True), codec.packb(value)
    assert codec.unpackb(theirs) == value
    back = msgpack.unpackb(ours, strict_map_key=False)
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize(("code", "data"), EXTENSIONS, ids=lambda part: repr(part)[:20])
def test_extensions_travel_both_ways(code, data):
    theirs = msgpack.packb([msgpack.ExtType(code, data)])
    assert codec.packb([codec.ExtType(code, data)]) == theirs
    assert codec.unpackb(theirs, ext_hook=lambda *found: list(found)) == [[code, data]]


def test_texts_lists_and_mappings_are_the_same_bytes():
    value = {"document": {"lines": [{"n": n, "text": "x" * n} for n in range(40)], "ok": True, "none": None}}
    assert codec.packb(value) == msgpack.packb(value)


def test_what_has_no_type_of_its_own_is_asked_for():
    assert codec.packb((1, (2,)), default=other, strict_types=True) == msgpack.packb([1, [2]])
    assert codec.packb((1, (2,))) == msgpack.packb((1, (2,)))
    with pytest.raises(TypeError):
        codec.packb((1, 2), strict_types=True)
    with pytest.raises(TypeError, match="no object"):
        codec.packb([object()], default=other)
    with pytest.raises(TypeError):
        codec.packb({1, 2})


def test_a_number_of_more_than_64_bits_is_asked_for_as_well():
    asked = []
    codec.packb([2**64, -(2**63) - 1], default=asked.append)
    assert asked == [2**64, -(2**63) - 1]


def test_subclasses_are_not_their_bases():
    class Text(str):
        __slots__ = ()

    with pytest.raises(TypeError, match="no Text"):
        codec.packb(Text("a"), default=other)


def test_what_nests_without_an_end_is_refused():
    value = []
    value.append(value)
    with pytest.raises(ValueError, match="recursion limit exceeded"):
        codec.packb(value)
    with pytest.raises(ValueError, match="recursion limit exceeded"):
        codec.packb(object(), default=lambda value: value)


def test_half_of_a_surrogate_pair_is_no_text():
    with pytest.raises(UnicodeEncodeError):
        codec.packb("\ud800")


def test_what_is_cut_short_or_goes_on_is_refused():
    whole = codec.packb({"a": [1, 2.5, "text", b"bytes", None], "b": codec.ExtType(1, b"data")})
    for size in range(len(whole)):
        with pytest.raises(ValueError, match=NOT_WHOLE):
            codec.unpackb(whole[:size])
    with pytest.raises(ValueError, match=NOT_WHOLE):
        codec.unpackb(whole + b"\xc0")
    with pytest.raises(ValueError, match=NOT_WHOLE):
        codec.unpackb(b"\xc1")


def test_generated_values_are_read_alike():
    chance = random.Random(5)

    def make(depth):
        kind = chance.randrange(8 if depth else 6)
        if kind < 6:
            numbers = [chance.randrange(-(2**63), 2**64), chance.randrange(300), chance.random(), chance.random() < 0.5]
            return [*numbers, "ä" * chance.randrange(40), bytes(chance.randrange(40))][kind]
        if kind == 6:
            return [make(depth - 1) for _ in range(chance.randrange(20))]
        return {str(make(0)): make(depth - 1) for _ in range(chance.randrange(20))}

    for _ in range(300):
        value = make(4)
        assert codec.unpackb(msgpack.packb(value)) == value
        assert msgpack.unpackb(codec.packb(value), strict_map_key=False) == value
