"""MessagePack in Python alone, put into the component in the place of `msgpack`: the parts of it that workers use.

That library's own fallback takes three times as long, and a hook spends most of its time in here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

_DEPTH_MAX = 511
_FIX, _BYTE, _SHORT, _LONG = 32, 1 << 8, 1 << 16, 1 << 32
_U8, _U16, _U32 = struct.Struct(">BB"), struct.Struct(">BH"), struct.Struct(">BI")
_U64, _I64, _F64 = struct.Struct(">BQ"), struct.Struct(">Bq"), struct.Struct(">Bd")
_EXT8, _EXT16, _EXT32 = struct.Struct(">BBb"), struct.Struct(">BHb"), struct.Struct(">BIb")
_FIXED_EXT = {1: b"\xd4", 2: b"\xd5", 4: b"\xd6", 8: b"\xd7", 16: b"\xd8"}
_NUMBERS = {
    0xCA: struct.Struct(">f"), 0xCB: struct.Struct(">d"), 0xCC: struct.Struct(">B"), 0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"), 0xCF: struct.Struct(">Q"), 0xD0: struct.Struct(">b"), 0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"), 0xD3: struct.Struct(">q"),
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
# Of what has its length before it: what it is, and in how many bytes that stands.
_BYTES, _EXT, _TEXT, _LIST, _MAP = range(5)
_LENGTHS = {
    0xC4: (_BYTES, 1), 0xC5: (_BYTES, 2), 0xC6: (_BYTES, 4), 0xC7: (_EXT, 1), 0xC8: (_EXT, 2), 0xC9: (_EXT, 4),
    0xD9: (_TEXT, 1), 0xDA: (_TEXT, 2), 0xDB: (_TEXT, 4), 0xDC: (_LIST, 2), 0xDD: (_LIST, 4), 0xDE: (_MAP, 2),
    0xDF: (_MAP, 4),
}  # fmt: skip
_FIXED_LENGTHS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}


class ExtType(NamedTuple):
    code: int
    data: bytes


Default = Callable[[Any], Any]
ExtHook = Callable[[int, bytes], Any]


class Packer:
    """default: makes something else of a value that has no exact type of MessagePack's, also of too large a number.
    strict_types: a tuple is such a value, too."""

    def __init__(self, *, default: Default | None = None, strict_types: bool = False, **_: Any) -> None:
        self._default, self._is_strict = default or _refuse, strict_types

    def pack(self, value: Any) -> bytes:
        """Raises ValueError, OverflowError, and what default raises."""
        parts: list[bytes] = []
        self._put(value, parts.append, _DEPTH_MAX)
        return b"".join(parts)

    def _put(self, value: Any, put: Callable[[bytes], None], depth: int) -> None:
        kind = type(value)
        if kind is str:
            data = value.encode()
            put(_text_head(len(data)))
            put(data)
        elif kind is dict:
            self._put_map(value, put, depth)
        elif kind is list or (kind is tuple and not self._is_strict):
            _check_depth(depth)
            put(_head(len(value), 0x90, 0xDC))
            for item in value:
                self._put(item, put, depth - 1)
        elif value is None or kind is bool:
            put(b"\xc0" if value is None else b"\xc3" if value else b"\xc2")
        elif kind is int and value * 2 >= -_LONG * _LONG and value < _LONG * _LONG:
            put(_whole(value))
        elif kind is ExtType:
            put(_ext_head(*value))
            put(value[1])
        elif kind is float:
            put(_F64.pack(0xCB, value))
        elif kind is bytes:
            put(_bytes_head(len(value)))
            put(value)
        else:
            _check_depth(depth)
            self._put(self._default(value), put, depth - 1)

    def _put_map(self, value: dict[Any, Any], put: Callable[[bytes], None], depth: int) -> None:
        _check_depth(depth)
        put(_head(len(value), 0x80, 0xDE))
        for key, item in value.items():
            self._put(key, put, depth - 1)
            self._put(item, put, depth - 1)


def packb(value: Any, *, default: Default | None = None, strict_types: bool = False, **_: Any) -> bytes:
    """As `Packer.pack`."""
    return Packer(default=default, strict_types=strict_types).pack(value)


def _refuse(value: Any) -> Any:
    raise TypeError(f"can not serialize a {type(value).__name__}")


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise ValueError("recursion limit exceeded")


def _head(length: int, fixed: int, larger: int) -> bytes:
    if length < 16:
        return _SMALL[fixed + length]
    return _U16.pack(larger, length) if length < _SHORT else _U32.pack(larger + 1, length)


def _text_head(length: int) -> bytes:
    if length < _FIX:
        return _SMALL[0xA0 + length]
    if length < _BYTE:
        return _U8.pack(0xD9, length)
    return _U16.pack(0xDA, length) if length < _SHORT else _U32.pack(0xDB, length)


def _bytes_head(length: int) -> bytes:
    if length < _BYTE:
        return _U8.pack(0xC4, length)
    return _U16.pack(0xC5, length) if length < _SHORT else _U32.pack(0xC6, length)


def _ext_head(code: int, data: bytes) -> bytes:
    length = len(data)
    if length in _FIXED_EXT:
        return _FIXED_EXT[length] + _SMALL[code]
    if length < _BYTE:
        return _EXT8.pack(0xC7, length, code)
    return _EXT16.pack(0xC8, length, code) if length < _SHORT else _EXT32.pack(0xC9, length, code)


def _whole(value: int) -> bytes:
    if -_FIX <= value < 128:
        return _SMALL[value & 0xFF]
    if value < 0:
        return _I64.pack(0xD3, value)
    if value < _BYTE:
        return _U8.pack(0xCC, value)
    if value < _SHORT:
        return _U16.pack(0xCD, value)
    return _U32.pack(0xCE, value) if value < _LONG else _U64.pack(0xCF, value)


def unpackb(data: bytes | memoryview, *, ext_hook: ExtHook = ExtType, strict_map_key: bool = False) -> Any:
    """Raises ValueError for what is not one whole value, and what ext_hook raises."""
    whole = bytes(data)
    try:
        value, end = _take(whole, 0, ext_hook)
    except (IndexError, KeyError, struct.error):
        raise ValueError("not MessagePack") from None
    # What was cut short ends beyond the end.
    if end != len(whole):
        raise ValueError("not one whole value")
    return value


def _take(data: bytes, at: int, hook: ExtHook) -> tuple[Any, int]:
    first = data[at]
    at += 1
    if 0xA0 <= first < 0xC0:
        end = at + first - 0xA0
        return data[at:end].decode(), end
    if first < 0x80:
        return first, at
    if first < 0x90:
        return _take_map(data, at, first - 0x80, hook)
    if first < 0xA0:
        return _take_list(data, at, first - 0x90, hook)
    return _take_rarer(data, at, first, hook)


def _take_rarer(data: bytes, at: int, first: int, hook: ExtHook) -> tuple[Any, int]:
    if first >= 0xE0:
        return first - 256, at
    if first in _FIXED_LENGTHS:
        return _take_sized(data, at, _EXT, _FIXED_LENGTHS[first], hook)
    if first in _NUMBERS:
        number = _NUMBERS[first]
        return number.unpack_from(data, at)[0], at + number.size
    if first in _CONSTANTS:
        return _CONSTANTS[first], at
    kind, size = _LENGTHS[first]
    length = int.from_bytes(data[at : at + size])
    return _take_sized(data, at + size, kind, length, hook)


def _take_sized(data: bytes, at: int, kind: int, length: int, hook: ExtHook) -> tuple[Any, int]:
    if kind == _MAP:
        return _take_map(data, at, length, hook)
    if kind == _LIST:
        return _take_list(data, at, length, hook)
    end = at + length
    if kind == _TEXT:
        return data[at:end].decode(), end
    if kind == _BYTES:
        return data[at:end], end
    return hook(_code(data[at]), data[at + 1 : end + 1]), end + 1


def _take_list(data: bytes, at: int, length: int, hook: ExtHook) -> tuple[list[Any], int]:
    items = []
    for _ in range(length):
        item, at = _take(data, at, hook)
        items.append(item)
    return items, at


def _take_map(data: bytes, at: int, length: int, hook: ExtHook) -> tuple[dict[Any, Any], int]:
    items = {}
    for _ in range(length):
        key, at = _take(data, at, hook)
        items[key], at = _take(data, at, hook)
    return items, at


def _code(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


_SMALL = [bytes([number]) for number in range(256)]
