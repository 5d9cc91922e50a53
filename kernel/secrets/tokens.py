"""Ciphertext among the values of documents and events.

An encrypted field holds `enc:v1:<id of the data key>:<mark of the blind index, in documents>:<base64>`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from kernel.secrets.cipher import DoesNotOpen, bind, decrypt, encrypt

_START = "enc:v1:"
KEY_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN = re.compile(rf"enc:v1:({KEY_ID}):[0-9a-f]*:([A-Za-z0-9+/=]+)")


class Token(NamedTuple):
    """A field's ciphertext. text: as it stands there."""

    text: str
    key_id: str
    sealed: bytes

    def open(self, key: bytes, place: bytes) -> Any:
        """The JSON value. Raises DoesNotOpen."""
        try:
            return orjson.loads(decrypt(key, self.sealed, place))
        except orjson.JSONDecodeError:
            raise DoesNotOpen from None


def place_of(type: str, path: str, document_id: str) -> bytes:
    """What a field's ciphertext is bound to: it opens in no other field, document or type."""
    return bind("field", type, path, document_id)


def encrypted_text(key_id: str, key: bytes, mark: str, value: Any, place: bytes) -> str:
    return f"{_START}{key_id}:{mark}:{to_text(encrypt(key, orjson.dumps(value), place))}"


def read_token(value: Any) -> Token | None:
    """None for any other value: a field that was declared encrypted later holds plain ones until it is rewritten."""
    if not isinstance(value, str) or not value.startswith(_START):
        return None
    found = _TOKEN.fullmatch(value)
    sealed = from_text(found[2]) if found else None
    return Token(value, found[1], sealed) if found and sealed else None


def to_text(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


def from_text(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def find_tokens(tree: Any) -> Iterator[Token]:
    """Every token in a JSON tree."""
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from find_tokens(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from find_tokens(item)
    elif (token := read_token(tree)) is not None:
        yield token


def replace_at(tree: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """The tree with the values at a path changed, elements of arrays each; the one given stays as it is."""
    if isinstance(tree, list):
        return [replace_at(item, path, change) for item in tree]
    if not path:
        return tree if tree is None else change(tree)
    if not isinstance(tree, Mapping) or tree.get(path[0]) is None:
        return tree
    return {**tree, path[0]: replace_at(tree[path[0]], path[1:], change)}


def replace_each(tree: Any, change: Callable[[str, Any], Any], path: str = "") -> Any:
    """The tree with every value as `change(field path, value)` has it, in an order that only depends on the tree:
    PostgreSQL gives the members of an object back in another one. In arrays what becomes None is left out.
    """
    # Nearly all are texts, and asking whether they are mappings is what would take longest.
    if isinstance(tree, str):
        return change(path, tree)
    if isinstance(tree, Mapping):
        return {name: replace_each(tree[name], change, f"{path}.{name}" if path else name) for name in sorted(tree)}
    if isinstance(tree, list):
        items = [_without_none(replace_each(item, change, path)) for item in tree]
        return [item for item in items if item is not None]
    return change(path, tree)


def _without_none(item: Any) -> Any:
    if not isinstance(item, dict) or None not in item.values():
        return item
    return {name: value for name, value in item.items() if value is not None}
