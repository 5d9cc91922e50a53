"""Keyset pagination: the order of a list, and the rows that come after given values in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, false, or_

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
    def order(self) -> str:
        return f"{self.sql} DESC" if self.descending else self.sql


def after(keys: Sequence[SortKey], values: Sequence[str | None]) -> ColumnElement[bool]:
    """Rows that come after the values in the order of the keys."""
    key, value = keys[0], values[0]
    following = _follows(key, value)
    if len(keys) == 1:
        return following
    same = key.element.is_(None) if value is None else key.element == _bound(key, value)
    return or_(following, and_(same, after(keys[1:], values[1:])))


def _follows(key: SortKey, value: str | None) -> ColumnElement[bool]:
    """PostgreSQL sorts nulls last when ascending and first when descending."""
    if key.descending:
        return key.element.is_not(None) if value is None else key.element < _bound(key, value)
    return false() if value is None else or_(key.element > _bound(key, value), key.element.is_(None))


def _bound(key: SortKey, value: str) -> BindParameter[Any]:
    """A cursor holds text; PostgreSQL reads it as what the key is."""
    return bindparam(None, value, type_=key.element.type, unique=True)
