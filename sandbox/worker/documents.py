"""Documents in a worker: what the kernel sends, and what a call changed about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import is_
from typing import Any

from sandbox.shipping import unpack_document
from sandbox.values import DOCUMENT, SHIPPED, document_from, trusted_items
from sandbox.values import from_kernel as value_from_kernel
from sdk.document import SYSTEM_FIELDS, Document

_ABSENT = object()
_NO_FIELDS = "the fields of a document are a dict, and their names are text"


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
    if code == SHIPPED:
        items = unpack_document(data)
    elif code == DOCUMENT:
        items = trusted_items(data)
    else:
        return value_from_kernel(code, data)
    # The second says whether the number is still to be taken.
    if not items[1]:
        return document_from(items)
    document = document_from(items, LateNumber)
    del document.__dict__["number"]
    return document


class Snapshot:
    """The fields of a document as they were when it was taken, to be compared with what they are later.

    Of all mappings and lists in them a flat copy is kept, keys and values: then telling that nothing has changed is
    asking in C whether everything in there is the very same, which nobody needs Python's stack for.
    """

    __slots__ = ("_containers", "_fields", "_flat")

    def __init__(self, document: Document) -> None:
        self._fields = document.fields.copy()
        self._containers: list[Any] = []
        for value in self._fields.values():
            if type(value) in _CONTAINERS:
                _gather(value, self._containers)
        self._flat = _flat(self._containers)

    def difference(self, document: Document) -> tuple[dict[str, Any], list[str]]:
        """Fields that were set since, and names of those that are gone. Raises TypeError for what is none any more."""
        now, fields = document.__dict__["fields"], self._fields
        if type(now) is not dict:
            raise TypeError(_NO_FIELDS)
        changed: dict[str, Any] = {}
        for name, value in now.items():
            was = fields.get(name, _ABSENT)
            if was is not value:
                if type(name) is not str:
                    raise TypeError(_NO_FIELDS)
                if not _is_same(was, value):
                    changed[name] = value
        if self._containers and not _is_identical(_flat(self._containers), self._flat):
            changed.update(self._changed_inside(now))
        return changed, [name for name in fields if name not in now]

    def _changed_inside(self, now: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Fields that are the same mapping or list still, with something else in it."""
        containers, was, start = iter(self._containers), self._flat, 0
        ends = [place for place, value in enumerate(was) if value is _ABSENT]
        owners: dict[int, str] = {id(value): name for name, value in self._fields.items()}
        name = ""
        for container, end in zip(containers, ends, strict=True):
            name = owners.get(id(container), name)
            if now.get(name) is self._fields[name] and not _is_identical(_flat([container]), was[start : end + 1]):
                yield name, now[name]
            start = end + 1


def _gather(container: Any, found: list[Any]) -> None:
    """All mappings and lists in it, itself included, each before what is in it."""
    found.append(container)
    for value in container.values() if type(container) is dict else container:
        if type(value) in _CONTAINERS:
            _gather(value, found)


def _flat(containers: list[Any]) -> list[Any]:
    """Items, or keys and values, of all of them; where each of them ends is part of it."""
    flat: list[Any] = []
    for container in containers:
        flat += container
        if type(container) is dict:
            flat += container.values()
        flat.append(_ABSENT)
    return flat


def _is_identical(now: list[Any], was: list[Any]) -> bool:
    return len(now) == len(was) and all(map(is_, now, was))


def _is_same(old: Any, new: Any) -> bool:
    """Of two values, never by an object's own opinion; 1.0 is not 1.00, and True is not 1."""
    if type(old) is not type(new):
        return False
    if type(new) is Decimal:
        return str(old) == str(new)
    return type(new) in _COMPARED and bool(old == new)


_CONTAINERS = frozenset({dict, list})
_COMPARED = frozenset({str, int, float, bytes})
