"""What a version has no field for: put aside into the keep-box, and taken back before the next cast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk.lenses.chain import LensChain, Stored
from sdk.lenses.errors import CastFailed
from sdk.lenses.notes import turn
from sdk.lenses.places import OWN, copy_json
from sdk.lenses.steps import Drop

# Before the path, in the keep-box: `aside.lines.note`.
ASIDE = "aside."


def cast_to_schema(
    type: str,
    chain: LensChain | None,
    stored: Stored,
    to: int,
    schema: Mapping[str, Any],
) -> Stored:
    """The document as version `to`, whose JSON Schema is given, has it: by the lenses, then without unknown fields.

    An older version need not be told by a step that there is a new field; it could not be written with it. schema:
    normalized. Raises CastFailed.
    """
    if stored.version == to:
        return stored
    if chain is None:
        raise CastFailed(type=type, to=to, step="the chain", reason="it has no lenses", pointer="")
    cast = chain.cast(_take_back(stored), to)
    if to >= chain.latest:
        # The newest version knows all fields: what it does not declare is a mistake, to be seen.
        return cast
    unknown = [path for path in _unknown_paths(schema, cast.data) if "." in path or not path.startswith(OWN)]
    return _put_aside(cast, sorted(unknown)) if unknown else cast


def _take_back(stored: Stored) -> Stored:
    keys = sorted((key for key in stored.kept if key.startswith(ASIDE)), reverse=True)
    if not keys:
        return stored
    data, kept = copy_json(stored.data), dict(stored.kept)
    for key in keys:
        turn(Drop((key.removeprefix(ASIDE),)), data, kept.pop(key), upward=False)
    return Stored(data, stored.state, kept, stored.version)


def _put_aside(stored: Stored, paths: list[str]) -> Stored:
    data, kept = copy_json(stored.data), dict(stored.kept)
    for path in paths:
        note = turn(Drop((path,)), data, None, upward=True)
        if note is not None:
            kept[f"{ASIDE}{path}"] = note
    return Stored(data, stored.state, kept, stored.version)


def _unknown_paths(schema: Mapping[str, Any], value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, list):
        items = schema.get("items", {})
        return {path for item in value for path in _unknown_paths(items, item, prefix)}
    properties = schema.get("properties")
    if not isinstance(value, dict) or properties is None:
        return set()
    found = set()
    for name, below in value.items():
        if name in properties:
            found |= _unknown_paths(properties[name], below, f"{prefix}{name}.")
        elif schema.get("additionalProperties") is False:
            found.add(f"{prefix}{name}")
    return found
