"""One step on one document, and the notes that make it reversible.

A step's two directions alone need not be each other's opposite: two old values may have become one new. So each cast
looks whether the way back would give what was there, and if not writes a note into the keep-box: `of` this, it `was`
that. The way back follows the note as long as what it is `of` has not been changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from sdk.lenses.places import ABSENT, copy_names, is_same_json, read_at, set_at, take_at
from sdk.lenses.steps import Step

DIGEST_CHARACTERS = 8

# {"of": …, "was": …} of one object; {"items": {"<index>": …}, "like": [digest, …]} of an array's.
Note = Mapping[str, Any]


def turn(step: Step, data: dict[str, Any], note: Any, *, upward: bool) -> Note | None:
    """Take the step on the data in place, following the note; the note for the way back, None where none is needed."""
    return _descend(step, data, step.prefix, note if isinstance(note, Mapping) else None, upward)


def _descend(step: Step, value: Any, prefix: tuple[str, ...], note: Note | None, upward: bool) -> Note | None:
    if isinstance(value, list):
        return _turn_items(step, value, prefix, note, upward)
    if not isinstance(value, dict):
        return None
    if prefix:
        return _descend(step, value.get(prefix[0]), prefix[1:], note, upward)
    return _turn_object(step, value, note, upward)


def _turn_items(step: Step, items: list[Any], prefix: tuple[str, ...], note: Note | None, upward: bool) -> Note | None:
    found = _match(items, note) if note else {}
    made = {}
    for index, item in enumerate(items):
        below = _descend(step, item, prefix, found.get(index), upward)
        if below is not None:
            made[str(index)] = below
    return {"items": made, "like": [_digest(item) for item in items]} if made else None


def _match(items: list[Any], note: Note) -> dict[int, Note]:
    """The notes of items by the index each has now: items may have been added, removed or changed meanwhile."""
    notes, like = note.get("items"), note.get("like")
    if not isinstance(notes, Mapping) or not isinstance(like, list):
        return {}
    pairs = _pairs(like, [_digest(item) for item in items])
    return {index: notes[str(old)] for old, index in pairs if str(old) in notes}


def _pairs(like: list[str], now: list[str]) -> Iterator[tuple[int, int]]:
    """Which item was which. Most are where they were, and looking for others takes the square of their number."""
    first = _same_at_start(like, now)
    last = _same_at_start(like[first:][::-1], now[first:][::-1])
    ends = len(like) - last, len(now) - last
    yield from zip((*range(first), *range(ends[0], len(like))), (*range(first), *range(ends[1], len(now))), strict=True)
    between = SequenceMatcher(None, like[first : ends[0]], now[first : ends[1]], autojunk=False)
    for kind, start, end, at, until in between.get_opcodes():
        # No fewer than there were, between neighbours that are the same: each was changed, others came behind them.
        if kind == "equal" or (kind == "replace" and end - start <= until - at):
            yield from zip(range(first + start, first + end), range(first + at, first + until), strict=False)


def _same_at_start(one: list[str], other: list[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (was, now) in pairs if was != now), min(len(one), len(other)))


def _digest(item: Any) -> str:
    text = json.dumps(item, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]


def _turn_object(step: Step, scope: dict[str, Any], note: Note | None, upward: bool) -> Note | None:
    before = copy_names(scope, step.names)
    _take(step, scope, upward)
    if note is not None and _holds(step, note, before):
        _follow(step, note, scope)
    back = copy_names(scope, step.names)
    _take(step, back, not upward)
    return None if is_same_json(back, before) else _write(step, before, copy_names(scope, step.names), back)


def _take(step: Step, scope: dict[str, Any], upward: bool) -> None:
    if upward:
        step.up(scope)
    else:
        step.down(scope)


def _write(step: Step, before: dict[str, Any], after: dict[str, Any], back: dict[str, Any]) -> Note:
    note = {"of": _leaves(step.leaves, after), "was": _leaves(step.leaves, before)}
    _follow(step, note, back)
    if is_same_json(back, before):
        return note
    # Something about the objects around the values: one empty that would not be, or no object at all.
    return {"of": after, "was": before, "whole": True}


def _leaves(paths: Iterable[str], scope: Mapping[str, Any]) -> dict[str, Any]:
    found = {path: read_at(scope, path) for path in paths}
    return {path: value for path, value in found.items() if value is not ABSENT}


def _paths(step: Step, note: Note) -> Iterable[str]:
    return step.names if note.get("whole") else step.leaves


def _holds(step: Step, note: Note, before: Mapping[str, Any]) -> bool:
    return is_same_json(note.get("of"), _leaves(_paths(step, note), before))


def _follow(step: Step, note: Note, scope: dict[str, Any]) -> None:
    was = copy_names(note.get("was", {}), note.get("was", {}))
    for path in _paths(step, note):
        if path in was:
            set_at(scope, path, was[path])
        else:
            take_at(scope, path)
