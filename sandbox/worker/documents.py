"""Documents in a worker: what the kernel sends, and what a call changed about it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.values import DOCUMENT, document_from, items_of
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
    items = items_of(data)
    # The second says whether the number is still to be taken.
    if not items[1]:
        return document_from(items)
    document = document_from(items, LateNumber)
    del document.__dict__["number"]
    return document


def snapshot(document: Document) -> dict[str, Any]:
    """The fields as they are now, out of reach of later changes."""
    return document.copy().fields


def difference(before: dict[str, Any], document: Document) -> tuple[dict[str, Any], list[str]]:
    """Fields that were set since, and names of those that are gone. Raises TypeError for what is no document now."""
    now = document.__dict__["fields"]
    if type(now) is not dict or any(type(name) is not str for name in now):
        raise TypeError("the fields of a document are a dict, and their names are text")
    changed = {name: value for name, value in now.items() if not _is_same(before.get(name, _ABSENT), value)}
    return changed, [name for name in before if name not in now]


def _is_same(old: Any, new: Any) -> bool:
    """Never by an object's own opinion; 1.0 is not 1.00, and True is not 1."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if type(new) is dict:
        return len(old) == len(new) and all(name in new and _is_same(old[name], new[name]) for name in old)
    if type(new) is list:
        return len(old) == len(new) and all(map(_is_same, old, new))
    if type(new) is Decimal:
        return str(old) == str(new)
    return type(new) in _COMPARED and bool(old == new)


_COMPARED = frozenset({str, int, float, bytes})
