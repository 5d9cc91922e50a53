"""What an argument of a request may be: exact types and bounded sizes.

`type(value) is str`, never isinstance: what comes off the wire has exact types, and whatever has not is none of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.document import Document
from sdk.event import Event

# Of names, ids and cursors: nothing in Bos is called more.
TEXT_CHARACTERS_MAX = 2_000
# Of filter expressions; the kernel's own bounds on their nodes come after.
FILTER_CHARACTERS_MAX = 20_000
TREE_DEPTH_MAX = 32
# Of texts, numbers, lists and members in one argument; a frame holds 1 MiB.
TREE_NODES_MAX = 50_000
ITEMS_MAX = 10_000
_TAKEN = frozenset({"self", "ctx", "type", "question"})
_SCALARS = frozenset({bool, Decimal, date, datetime, type(None)})

Check = Callable[[Any], bool]


class Kind:
    """What one place in the arguments of a verb takes. expected: in words, for whoever gave something else."""

    __slots__ = ("expected", "fits")

    def __init__(self, expected: str, fits: Check) -> None:
        self.expected, self.fits = expected, fits


def is_text(value: Any, maximum: int = TEXT_CHARACTERS_MAX) -> bool:
    # PostgreSQL keeps no NUL: what an author could not have stored must not end as an error of ours.
    return type(value) is str and len(value) <= maximum and "\0" not in value


def is_tree(value: Any) -> bool:
    """Values of documents, and lists and mappings of them."""
    left = TREE_NODES_MAX
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        left -= 1
        if left < 0 or depth > TREE_DEPTH_MAX:
            return False
        kind = type(item)
        if kind is dict:
            if not all(type(name) is str and "\0" not in name for name in item):
                return False
            stack.extend((each, depth + 1) for each in item.values())
        elif kind is list:
            stack.extend((each, depth + 1) for each in item)
        elif not _is_value(item, kind):
            return False
    return True


def _is_value(item: Any, kind: type) -> bool:
    if kind is str:
        return "\0" not in item
    if kind is float:
        # JSON knows neither infinity nor what is no number.
        return math.isfinite(item)
    if kind is Decimal:
        return bool(item.is_finite())
    return kind is int or kind in _SCALARS


def _is_mapping(value: Any) -> bool:
    return type(value) is dict and is_tree(value)


def _is_mapping_of(fits: Check) -> Check:
    def check(value: Any) -> bool:
        return (
            type(value) is dict
            and len(value) <= ITEMS_MAX
            and all(map(is_text, value))
            and all(map(fits, value.values()))
        )

    return check


def _is_list_of(fits: Check) -> Check:
    def check(value: Any) -> bool:
        return type(value) is list and len(value) <= ITEMS_MAX and all(map(fits, value))

    return check


def _is_call_of(fits: Check) -> Check:
    """What becomes keyword arguments must not name those that are given anyway."""
    return lambda value: fits(value) and _TAKEN.isdisjoint(value)


def _or_none(kind: Kind) -> Kind:
    fits = kind.fits
    return Kind(f"{kind.expected} or None", lambda value: value is None or fits(value))


def _is_moment(value: Any) -> bool:
    return type(value) is date or (type(value) is datetime and value.tzinfo is not None)


def _is_whole(value: Any) -> bool:
    # Larger ones fit into no column.
    return type(value) is int and -(2**31) <= value < 2**31


def _is_answerable(value: Any) -> bool:
    """Arguments of a question may be documents and events too."""
    # Some documents have a class of their own; what comes off the wire is made by `sandbox.values` alone.
    return isinstance(value, Document | Event) or is_tree(value)


_texts = _is_list_of(is_text)

TEXT = Kind("a text", is_text)
TEXT_OR_NONE = _or_none(TEXT)
FILTER = Kind("a filter expression", lambda value: is_text(value, FILTER_CHARACTERS_MAX))
LOCK = Kind('True, False or "shared"', lambda value: type(value) is bool or (type(value) is str and value == "shared"))
WHOLE = Kind("a whole number", _is_whole)
WHOLE_OR_NONE = _or_none(WHOLE)
TEXTS = Kind("a list of texts", _texts)
IDS_BY_TYPE = Kind("a mapping of types to ids", _is_mapping_of(_texts))
VALUES = Kind("a mapping of names to values", _is_mapping)
VALUES_OR_NONE = _or_none(VALUES)
FIELDS = Kind("values by field", _is_call_of(_is_mapping))
TEXTS_BY_NAME = Kind("a mapping of names to texts", _is_mapping_of(is_text))
AMOUNTS_BY_NAME = Kind("a mapping of names to amounts", _is_mapping_of(lambda value: type(value) in (Decimal, int)))
WHERE_OR_NONE = Kind(
    "a mapping of dimensions to a text or texts, or None",
    lambda value: value is None or _is_mapping_of(lambda each: is_text(each) or _texts(each))(value),
)
MOMENT = Kind("a date or an aware datetime", _is_moment)
MOMENT_OR_NONE = _or_none(MOMENT)
DOCUMENT = Kind("a document of this call", lambda value: type(value) is list and len(value) == 2 and _texts(value))
QUESTION_ARGUMENTS = Kind("values by argument", _is_call_of(_is_mapping_of(_is_answerable)))


def name_of(value: Any) -> str:
    """What a value is called in a message; never its content, which may be large or secret."""
    return f"a {type(value).__name__}" if value is not None else "None"


def plain(value: Any) -> Any:
    """A copy of dicts and lists alone, as it goes onto the wire; documents stay what they are."""
    if isinstance(value, Document | Event):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
