"""Personal values in events: taken out of the payload and sealed together, under a key of the event's own.

`payload["sealed"]` is `<id of the event, which is that of its key>:<base64 of a JSON list>`; where the values were
stands a placeholder. The ciphertext is bound to the event, its document and the paths, so no value moves to another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson

from kernel.secrets.cipher import DoesNotOpen, bind, decrypt, encrypt
from kernel.secrets.tokens import KEY_ID, from_text, replace_each, to_text

SEALED = "sealed"
# Short, for it is written millions of times. A text that happens to be the same is sealed as well.
PLACEHOLDER = "~"
# The part of a payload that holds what was given to an action.
ARGUMENTS = "arguments"
# The part that holds what other versions of the document's type have left beside it.
KEPT = "kept"
# The parts of a payload that hold values of fields, and how their paths begin.
PARTS = (("diff", ""), (ARGUMENTS, ARGUMENTS), (KEPT, KEPT))
_TEXT = re.compile(rf"({KEY_ID}):([A-Za-z0-9+/=]+)")


def take_out(payload: Mapping[str, Any], personal: Collection[str]) -> tuple[dict[str, Any], list[str], list[Any]]:
    """The payload with placeholders, and paths and values of what was taken out; nothing where there is nothing."""
    paths: list[str] = []
    values: list[Any] = []

    def take(path: str, value: Any) -> Any:
        if value is None or (path not in personal and value != PLACEHOLDER):
            return value
        paths.append(path)
        values.append(value)
        return PLACEHOLDER

    taken = _in_parts(payload, take)
    return (taken, paths, values) if any(path in personal for path in paths) else (dict(payload), [], [])


def seal_values(key: bytes, type: str, document_id: str, event_id: str, paths: list[str], values: list[Any]) -> str:
    sealed = encrypt(key, orjson.dumps(values), _bound(type, document_id, event_id, paths))
    return f"{event_id}:{to_text(sealed)}"


def key_id_of(payload: Mapping[str, Any]) -> str | None:
    """The id of the key of a payload's personal values; None where none are sealed."""
    found = _TEXT.fullmatch(payload[SEALED]) if isinstance(payload.get(SEALED), str) else None
    return found[1] if found else None


def put_back(payload: Mapping[str, Any], key: bytes | None, type: str, id: str, erased: str | None) -> dict[str, Any]:
    """The payload as it was. key: None where it was destroyed; then `erased` stands for each. Raises DoesNotOpen."""
    told = {name: value for name, value in payload.items() if name != SEALED}
    if key is None:
        return _in_parts(told, lambda _, value: erased if value == PLACEHOLDER else value)
    paths: list[str] = []
    _in_parts(told, lambda path, value: paths.append(path) if value == PLACEHOLDER else None)
    event_id, _, text = str(payload[SEALED]).partition(":")
    try:
        values = orjson.loads(decrypt(key, from_text(text) or b"", _bound(type, id, event_id, paths)))
    except orjson.JSONDecodeError:
        raise DoesNotOpen from None
    rest = iter(values)
    return _in_parts(told, lambda _, value: next(rest) if value == PLACEHOLDER else value)


def paths_in(tree: Any, at: str) -> set[str]:
    """The paths of all values of a part of a payload."""
    paths: list[str] = []

    def note(path: str, value: Any) -> Any:
        paths.append(path)
        return value

    replace_each(tree, note, at)
    return set(paths)


def _in_parts(payload: Mapping[str, Any], change: Callable[[str, Any], Any]) -> dict[str, Any]:
    changed = {name: replace_each(payload[name], change, at) for name, at in PARTS if name in payload}
    return {**payload, **changed}


def _bound(type: str, document_id: str, event_id: str, paths: list[str]) -> bytes:
    return bind("event", type, document_id, event_id, *paths)
