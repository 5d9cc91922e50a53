"""Keyset pagination: the order of a list, and the rows that come after given values in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, false, or_, tuple_

from kernel.expressions import render


@dataclass(frozen=True)
class SortKey:
    """One thing a list is sorted by. sql: its text, which binds nothing."""

    element: ColumnElement[Any]
    descending: bool
    sql: str

    @classmethod
    def of(cls, element: ColumnElement[Any], descending: bool) -> SortKey:
        return cls(element, descending, render(element)[0])

    @property
    def may_be_null(self) -> bool:
        return bool(getattr(self.element, "nullable", True))

    @property
    def order(self) -> str:
        return f"{self.sql} DESC" if self.descending else self.sql


def after(keys: Sequence[SortKey], values: Sequence[str | None]) -> list[ColumnElement[bool]]:
    """Rows that come after the values in the order of the keys: all that one condition holds for come before those of
    the next. Apart, since an index on the first key leads to where each begins, which it does for no alternative.
    """
    key, value = keys[0], values[0]
    if value is None or key.descending or not key.may_be_null:
        return [_from_there(keys, values)]
    return [_from_there(keys, values), key.element.is_(None)]


def _from_there(keys: Sequence[SortKey], values: Sequence[str | None]) -> ColumnElement[bool]:
    """Those that have a value, after this one; after null, those that follow it without a value."""
    key, value = keys[0], values[0]
    if value is None or len(keys) == 1:
        return _after(keys, values)
    others = keys[1:]
    bounds = [_bound(*each) for each in zip(keys, values, strict=True) if each[1] is not None]
    is_complete = len(bounds) == len(keys)
    if is_complete and all(other.descending == key.descending and not other.may_be_null for other in others):
        # No key but the first can be null, so that comparing rows is the same, and the index begins right there.
        mine, bound = tuple_(*(each.element for each in keys)), tuple_(*bounds)
        return mine < bound if key.descending else mine > bound
    begins = key.element <= bounds[0] if key.descending else key.element >= bounds[0]
    same = key.element == _bound(key, value)
    return and_(begins, or_(_follows(key, value), and_(same, _after(others, values[1:]))))


def _after(keys: Sequence[SortKey], values: Sequence[str | None]) -> ColumnElement[bool]:
    key, value = keys[0], values[0]
    following = _follows(key, value)
    if key.may_be_null and value is not None and not key.descending:
        following = or_(following, key.element.is_(None))
    if len(keys) == 1:
        return following
    same = key.element.is_(None) if value is None else key.element == _bound(key, value)
    return or_(following, and_(same, _after(keys[1:], values[1:])))


def _follows(key: SortKey, value: str | None) -> ColumnElement[bool]:
    """Those with a value. PostgreSQL sorts nulls last when ascending and first when descending."""
    if value is None:
        return key.element.is_not(None) if key.descending else false()
    return key.element < _bound(key, value) if key.descending else key.element > _bound(key, value)


def _bound(key: SortKey, value: str | None) -> BindParameter[Any]:
    """A cursor holds text; PostgreSQL reads it as what the key is."""
    return bindparam(None, value, type_=key.element.type, unique=True)
