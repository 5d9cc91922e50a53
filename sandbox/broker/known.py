"""The documents of a call: its arguments and what it has read. What a worker says of one is at most its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sdk.document import Document
from sdk.document_errors import DocumentNotFound


class Known:
    """By id. An argument goes before what was read: it is the one in the middle of being saved."""

    __slots__ = ("_arguments", "_read")

    def __init__(self, arguments: Iterable[Any]) -> None:
        # The first of the same id is `document`; `previous` comes after it.
        self._arguments: list[Document] = [each for each in arguments if isinstance(each, Document)]
        self._read: dict[str, Document] = {}

    def get(self, named: list[str]) -> Document:
        """named: type and id. Raises DocumentNotFound for one the call has nothing to do with."""
        type, id = named
        for document in self._arguments:
            if document.id == id and document.type == type:
                return document
        found = self._read.get(id)
        if found is None or found.type != type:
            raise DocumentNotFound(resource=type, id=id)
        return found

    def as_seen(self, seen: Document) -> Document:
        """A copy of the real document with the fields the worker has: an answer about one that is still being changed
        must be about what it has become."""
        made = self.get([seen.type, seen.id]).copy()
        made.fields = dict(seen.fields)
        return made

    def note(self, answer: Any) -> None:
        """Remember documents among what is answered."""
        if isinstance(answer, Document):
            self._read[answer.id] = answer
        elif isinstance(answer, Mapping):
            for each in answer.values():
                self.note(each)
        elif isinstance(answer, list):
            for each in answer:
                if isinstance(each, Document | list):
                    self.note(each)
