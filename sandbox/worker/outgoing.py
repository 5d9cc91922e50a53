"""What may leave an applet: values the kernel knows, not nested deeper than it walks, mapped by keys it can look up.

Checked here so that a slip of an applet is an error of its own, and only an attack looks like one to the kernel.
"""

from __future__ import annotations

from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sandbox.limits import VALUE_DEPTH_MAX
from sdk.context import Actor, Page, Tenant
from sdk.document import Document
from sdk.event import Event
from sdk.registers import Balance, Movement, Question

# Makes data of a value of an applet's own class, or raises TypeError.
Plain = Callable[[Any], Any]
_LEAVES = frozenset({type(None), bool, int, float, str, bytes, Decimal, date, datetime})
_KEYS = frozenset({str, int, bool, float, type(None)})
_DICTS = frozenset({dict, MappingProxyType, OrderedDict, defaultdict, Counter, ChainMap})
_LISTS = frozenset({list, tuple, deque, range, set, frozenset})
_RECORDS = frozenset({Actor, Balance, Event, Movement, Page, Question, Tenant})


def check(value: Any, depth: int = 0) -> None:
    """Raises TypeError or ValueError for what the kernel would take for an attack."""
    kind = type(value)
    if kind in _LEAVES:
        return
    if depth > VALUE_DEPTH_MAX:
        raise ValueError(f"a value nests deeper than {VALUE_DEPTH_MAX} levels")
    if kind is list or kind is tuple:
        for item in value:
            check(item, depth + 1)
    elif kind is dict or kind is MappingProxyType:
        for key, item in value.items():
            if type(key) not in _KEYS:
                raise TypeError(f"a mapping that leaves an applet has no keys of type {type(key).__name__}")
            check(item, depth + 1)
    elif issubclass(kind, Document):
        _check_document(value, depth)
    else:
        raise TypeError(f"a value of type {kind.__name__} cannot leave an applet")


def _check_document(document: Document, depth: int) -> None:
    fields = document.__dict__.get("fields")
    if type(fields) is not dict or any(type(name) is not str for name in fields):
        raise TypeError("the fields of a document are a dict, and their names are text")
    if any(issubclass(type(value), Document) for value in fields.values()):
        raise TypeError("a document has no documents in it")
    check(fields, depth + 1)


def as_data(value: Any, plain: Plain, depth: int = 0) -> Any:
    """The value with everything in it made plain: sets as lists, records as dicts, fractions as text."""
    kind = type(value)
    if kind in _LEAVES or issubclass(kind, Document):
        return value
    if depth > VALUE_DEPTH_MAX:
        raise ValueError(f"a value nests deeper than {VALUE_DEPTH_MAX} levels")
    if kind in _DICTS:
        return {_as_key(key, plain): as_data(item, plain, depth + 1) for key, item in value.items()}
    if kind in _LISTS:
        return [as_data(item, plain, depth + 1) for item in value]
    if kind in _RECORDS and is_dataclass(value):
        return {each.name: as_data(getattr(value, each.name), plain, depth + 1) for each in fields(value)}
    if kind is Fraction:
        return str(value)
    return as_data(plain(value), plain, depth + 1)


def _as_key(key: Any, plain: Plain) -> Any:
    return key if type(key) in _KEYS else plain(key)
