"""Functions of the standard library that applets get in another form: bounded, or without what reaches inside."""

from __future__ import annotations

import functools
import math
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from types import FunctionType, NoneType
from typing import Any
from uuid import UUID

from sandbox.runtime.classes import AppletMeta, is_applet_class
from sandbox.runtime.named_tuples import NamedTupleMeta
from sdk.document import Document

# They are computed in C, where no deadline stops them but the one that kills.
FACTORIAL_MAX = 5_000
COMBINATIONS_MAX = 10_000
NAME_CHARACTERS_MAX = 100


def factorial(n: int, /) -> int:
    """`math.factorial`, up to 5,000."""
    return math.factorial(_bounded(n, FACTORIAL_MAX))


def comb(n: int, k: int, /) -> int:
    """`math.comb`, up to 10,000."""
    return math.comb(_bounded(n, COMBINATIONS_MAX), k)


def perm(n: int, k: int | None = None, /) -> int:
    """`math.perm`, up to 5,000."""
    return math.perm(_bounded(n, FACTORIAL_MAX), k)


def _bounded(n: int, maximum: int) -> int:
    if type(n) is int and n > maximum:
        raise ValueError(f"{n} is above the limit of {maximum}")
    return n


def wraps(wrapped: Any) -> Any:
    """`functools.wraps`: takes over the name. What it wraps is not to be had from the wrapper."""

    def decorate(function: Any) -> Any:
        if type(function) is FunctionType and isinstance(wrapped, FunctionType) and is_applet_function(function):
            function.__name__ = wrapped.__name__[:NAME_CHARACTERS_MAX]
        return function

    return decorate


def is_applet_function(function: Any) -> bool:
    """Whether it was defined in a module of an applet."""
    return type(function) is FunctionType and "__run__" in function.__globals__


def total_ordering(cls: Any) -> Any:
    """`functools.total_ordering`, for classes of the applet: it writes to them."""
    if type(cls) is not AppletMeta:
        raise TypeError("total_ordering is for classes of the applet")
    return functools.total_ordering(cls)


class CachedProperty:
    """`functools.cached_property`: computed once for each instance."""

    __slots__ = ("_function", "_name")

    def __init__(self, function: Any) -> None:
        self._function, self._name = function, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        kept = instance.__dict__
        if self._name not in kept:
            kept[self._name] = self._function(instance)
        return kept[self._name]


_PLAIN = frozenset({
    bool, bytes, complex, date, datetime, Decimal, dict, float, Fraction, frozenset, int, list, NoneType, range, set,
    str, time, timedelta, tuple, UUID, Counter, OrderedDict, defaultdict, deque, Document,
})  # fmt: skip


def type_of(value: Any, /) -> type:
    """`type` with one argument: classes of data, of errors and of the applet; never the class of a class."""
    kind = type(value)
    is_own = is_applet_class(kind) or type(kind) is NamedTupleMeta or issubclass(kind, Exception)
    if is_own or kind in _PLAIN:
        return kind
    if issubclass(kind, Document):
        return Document
    raise TypeError(f"the type of a {kind.__name__} is not available")
