"""Documents in a worker: what the kernel sends, and what a call changed about it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import is_
from typing import Any

from sandbox.values import DOCUMENT, document_from, trusted_items
from sandbox.values import from_kernel as value_from_kernel
from sdk.document import SYSTEM_FIELDS, Document

_ABSENT = object()


class LateNumber(Document):
    """A document that gets its number when somebody reads it, at the latest with its write."""

    # Asks the kernel; put in once, when a worker begins to serve.
    take: Callable[[str, str], str | None]

    @property
    def number(self) -> str | None:
        if "number" not in self.__dict__:
            self.__dict__["number"] = type(self).take(self.type, self.id)
        taken: str | None = self.__dict__["number"]
        return taken

    @number.setter
    def number(self, value: str | None) -> None:
        self.__dict__["number"] = value

    def copy(self) -> Document:
        """A snapshot, without a number that was not taken yet."""
        return Document(**{"number": None, **self.__dict__}).copy()

    def scope(self) -> dict[str, Any]:
        return {**self.fields, **{name: self.__dict__.get(name) for name in SYSTEM_FIELDS}}


def from_kernel(code: int, data: bytes) -> Any:
    """Extension values as a worker holds them."""
    if code != DOCUMENT:
        return value_from_kernel(code, data)
    items = trusted_items(data)
    # The second says whether the number is still to be taken.
    if not items[1]:
        return document_from(items)
    document = document_from(items, LateNumber)
    del document.__dict__["number"]
    return document


class Snapshot:
    """The fields of a document as they were when it was taken, to be compared with what they are later.

    Of a mapping or list in them a shallow copy is kept beside it, and of what is in it another: then telling that
    nothing has changed is asking whether everything in there is the very same, which nobody needs Python's stack for.
    """

    __slots__ = ("_copies", "_fields")

    def __init__(self, document: Document) -> None:
        self._fields = dict(document.fields)
        self._copies: dict[str, list[tuple[Any, Any]]] = {}
        for name, value in self._fields.items():
            if type(value) in _CONTAINERS:
                copies: list[tuple[Any, Any]] = []
                _copy(value, copies)
                self._copies[name] = copies

    def difference(self, document: Document) -> tuple[dict[str, Any], list[str]]:
        """Fields that were set since, and names of those that are gone. Raises TypeError for what is none any more."""
        now, fields = document.__dict__["fields"], self._fields
        if type(now) is not dict or any(type(name) is not str for name in now):
            raise TypeError("the fields of a document are a dict, and their names are text")
        changed = {name: value for name, value in now.items() if self._is_changed(name, value)}
        return changed, [name for name in fields if name not in now]

    def _is_changed(self, name: str, value: Any) -> bool:
        was = self._fields.get(name, _ABSENT)
        if was is not value:
            return not _is_same(was, value)
        copies = self._copies.get(name)
        return copies is not None and not all(_is_unchanged(container, copy) for container, copy in copies)


def _copy(container: Any, copies: list[tuple[Any, Any]]) -> None:
    copies.append((container, container.copy()))
    for value in container.values() if type(container) is dict else container:
        if type(value) in _CONTAINERS:
            _copy(value, copies)


def _is_unchanged(container: Any, copy: Any) -> bool:
    if len(container) != len(copy):
        return False
    if type(container) is list:
        return all(map(is_, container, copy))
    for name, value in copy.items():  # noqa: SIM110 - most documents have many small mappings
        if container.get(name, _ABSENT) is not value:
            return False
    return True


def _is_same(old: Any, new: Any) -> bool:
    """Of two values, never by an object's own opinion; 1.0 is not 1.00, and True is not 1."""
    if type(old) is not type(new):
        return False
    if type(new) is Decimal:
        return str(old) == str(new)
    return type(new) in _COMPARED and bool(old == new)


_CONTAINERS = frozenset({dict, list})
_COMPARED = frozenset({str, int, float, bytes})
