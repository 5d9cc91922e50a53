"""A document as applets see it: a mapping of its fields with its system values as attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

SYSTEM_FIELDS = (
    "id", "type", "company_id", "version", "schema_version", "state", "number",
    "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "archived_at",
)  # fmt: skip
_UNCHANGING = frozenset({str, int, bool, Decimal, date, datetime, type(None)})


@dataclass(eq=False)
class Document(MutableMapping[str, Any]):
    """One document. `document["total"]` reads and sets a field; a field set to None is absent.

    Decimals are `Decimal`, dates `date`, instants aware `datetime`, as the document type says. `version` counts
    revisions from 1 (0 while it is being created); `state` is None where the type has no state machine.
    """

    id: str
    type: str
    fields: dict[str, Any]
    company_id: str | None = None
    version: int = 0
    schema_version: int = 1
    state: str | None = None
    number: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    deleted_at: datetime | None = None
    archived_at: datetime | None = None

    def __getitem__(self, field: str) -> Any:
        return self.fields[field]

    def __setitem__(self, field: str, value: Any) -> None:
        if value is None:
            self.fields.pop(field, None)
        else:
            self.fields[field] = value

    def __delitem__(self, field: str) -> None:
        del self.fields[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __bool__(self) -> bool:
        """A document is there even when it has no field: `if document` asks for None, as with any object."""
        return True

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    def copy(self) -> Document:
        """A snapshot that later changes of this document do not reach."""
        made = Document.__new__(Document)
        # Many are copied for each write, and a call with fourteen names costs more than the rest of it.
        made.__dict__.update(self.__dict__, fields=_copied(self.fields))
        return made

    def scope(self) -> Mapping[str, Any]:
        """What an expression about this document may name: its fields and its system values."""
        return {**self.fields, **{name: getattr(self, name) for name in SYSTEM_FIELDS}}


def _copied(value: Any) -> Any:
    """Values of documents are texts, numbers and dates, which never change, in dicts and lists, which do."""
    if isinstance(value, dict):
        return {name: item if type(item) in _UNCHANGING else _copied(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _UNCHANGING else _copied(item) for item in value]
    return value
