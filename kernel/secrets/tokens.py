"""Ciphertext as text among the values of documents and events, and where in a JSON tree it stands.

`enc:v1:<id of the data key>:<mark of the blind index, in documents>:<base64>` is an encrypted field;
`psn:v1:<id of the event, which is that of the key>:<base64>` a personal value in an event.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from kernel.secrets.cipher import DoesNotOpen, bind, decrypt, encrypt

ENCRYPTED, PERSONAL = "enc", "psn"
# The part of a payload that holds what was given to an action.
ARGUMENTS = "arguments"
# Of an encrypted field's text, split at colons, counted from one.
MARK_PART = 4
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN = re.compile(rf"(?:(enc):v1:({_ID}):[0-9a-f]*|(psn):v1:({_ID})):([A-Za-z0-9+/=]+)")
_STARTS = ("enc:v1:", "psn:v1:")


class Token(NamedTuple):
    """kind: `enc` or `psn`. text: as it stands in the tree."""

    text: str
    kind: str
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
    return f"enc:v1:{key_id}:{mark}:{_sealed(key, value, place)}"


def personal_text(event_id: str, key: bytes, value: Any, place: bytes) -> str:
    return f"psn:v1:{event_id}:{_sealed(key, value, place)}"


def _sealed(key: bytes, value: Any, place: bytes) -> str:
    return base64.b64encode(encrypt(key, orjson.dumps(value), place)).decode()


def read_token(value: Any) -> Token | None:
    """None for any other value: a field that was declared encrypted later holds plain ones until it is rewritten."""
    if not isinstance(value, str) or not value.startswith(_STARTS):
        return None
    found = _TOKEN.fullmatch(value)
    if found is None:
        return None
    try:
        sealed = base64.b64decode(found[5], validate=True)
    except binascii.Error:
        return None
    return Token(value, found[1] or found[3], found[2] or found[4], sealed)


def find_tokens(tree: Any, path: str = "") -> Iterator[tuple[str, Token]]:
    """Every token in a JSON tree with its field path; elements of arrays have that of the array."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from find_tokens(value, f"{path}.{name}" if path else name)
    elif isinstance(tree, list):
        for item in tree:
            yield from find_tokens(item, path)
    elif (token := read_token(tree)) is not None:
        yield path, token


def replace_at(tree: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """The tree with the values at a path changed, elements of arrays each; the one given stays as it is."""
    if isinstance(tree, list):
        return [replace_at(item, path, change) for item in tree]
    if not path:
        return tree if tree is None else change(tree)
    if not isinstance(tree, Mapping) or tree.get(path[0]) is None:
        return tree
    return {**tree, path[0]: replace_at(tree[path[0]], path[1:], change)}


def replace_tokens(tree: Any, change: Callable[[str, Token], Any], path: str = "") -> Any:
    """The tree with each token replaced. Members of objects in arrays that become None are left out."""
    if isinstance(tree, Mapping):
        return {name: replace_tokens(value, change, f"{path}.{name}" if path else name) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_without_none(replace_tokens(item, change, path)) for item in tree]
    token = read_token(tree)
    return tree if token is None else change(path, token)


def _without_none(item: Any) -> Any:
    return {name: value for name, value in item.items() if value is not None} if isinstance(item, dict) else item
