"""Documents on their way into a worker, in one pass of C at each end.

An extension for each decimal would take most of the time of a call. Documents hold no bytes, so that in them bytes
stand for what MessagePack has no type for: the text of a decimal, or a letter and the text of a date or an instant.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgpack

from sandbox.values import decimal_text, items_from
from sdk.document import SYSTEM_FIELDS, Document

_BUFFER_BYTES = 4_096
_DATE, _INSTANT = b"D", b"T"
# Of system values, after the fields and whether the number is late.
_INSTANT_PLACES = tuple(2 + place for place, name in enumerate(SYSTEM_FIELDS) if name.endswith("_at"))
# The texts of numbers begin with a sign or a digit, all of which come before any letter.
_LETTERS_FROM = ord("A")
# Somebody has put bytes into a document: they stay, and whoever saves it is told so, in process as here.
_UNFIT = (ArithmeticError, ValueError, IndexError)


def make_packer() -> msgpack.Packer:
    """Of documents; one serves one thread at a time."""
    return msgpack.Packer(default=_to_bytes, strict_types=True, autoreset=True, buf_size=_BUFFER_BYTES)


def pack_document(packer: msgpack.Packer, document: Document) -> bytes:
    """Raises TypeError, ValueError and OverflowError for what does not travel."""
    packed: bytes = packer.pack(items_from(document))
    return packed


def unpack_document(data: bytes) -> list[Any]:
    """Fields, whether the number is still to be taken, system values; `data` is the kernel's."""
    items: list[Any] = msgpack.unpackb(data, strict_map_key=False)
    _restore_dict(items[0])
    for place in _INSTANT_PLACES:
        if items[place] is not None:
            items[place] = _moment(items[place])
    return items


def _to_bytes(value: Any) -> Any:
    if type(value) is Decimal:
        return decimal_text(value).encode()
    convert = _CONVERTED.get(type(value))
    if convert is not None:
        return convert(value)
    if type(value) is int:
        raise ValueError("a whole number of more than 64 bits cannot leave or enter an applet")
    raise TypeError(f"a value of type {type(value).__name__} cannot leave or enter an applet")


def _instant_to_bytes(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return _INSTANT + value.isoformat().encode()


_CONVERTED: dict[type, Callable[[Any], Any]] = {
    date: lambda value: _DATE + value.isoformat().encode(),
    datetime: _instant_to_bytes,
    tuple: list,
    MappingProxyType: dict,
}


def _restore_dict(mapping: dict[Any, Any]) -> None:
    for name, value in mapping.items():
        kind = type(value)
        if kind is str:
            continue
        if kind is bytes:
            try:
                # Only values are replaced, which one may do while one walks.
                mapping[name] = Decimal(value.decode()) if value[0] < _LETTERS_FROM else _moment(value)
            except _UNFIT:
                continue
        elif kind is dict:
            _restore_dict(value)
        elif kind is list:
            _restore_list(value)


def _restore_list(items: list[Any]) -> None:
    for place, value in enumerate(items):
        kind = type(value)
        if kind is dict:
            _restore_dict(value)
        elif kind is bytes:
            try:
                items[place] = Decimal(value.decode()) if value[0] < _LETTERS_FROM else _moment(value)
            except _UNFIT:
                continue
        elif kind is list:
            _restore_list(value)


def _moment(value: bytes) -> date | datetime:
    text = value[1:].decode()
    return date.fromisoformat(text) if value[:1] == _DATE else datetime.fromisoformat(text)
