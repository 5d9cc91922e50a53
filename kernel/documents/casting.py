"""Documents of other versions of their type, made what the present version says whenever they are read.

A row of the version that runs is passed on as it is. Any other goes through the lenses of its type, and what this
version has no place for is kept beside it, so that nothing is lost in either direction. It is stored so when it is
next written, or when the sweep comes to it (sweep.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kernel.context import KernelContext
from kernel.db.errors import Overtaken
from kernel.documents.rows import Row
from kernel.secrets.reveal import reveal_each
from sdk.document_errors import DocumentUncastable
from sdk.lenses import CastFailed, Stored
from sdk.schema import DocumentType

TYPES_REMEMBERED_MAX = 2048


@dataclass(frozen=True)
class Recast:
    """row: how the database holds it until now, in the clear. kept: what is kept beside the document from now on."""

    row: Row
    kept: Mapping[str, Any] | None


def cast_row(type: DocumentType, row: Row) -> Row:
    """The row as the present version of its type has it; the very same one where it is of that version.

    Before its encrypted fields are revealed: lenses see nothing of them. Raises DocumentUncastable, and
    Overtaken where a release this transaction does not know yet has written it.
    """
    return row if row.schema_version == type.version else _cast(type, row)


def cast_stored(type: DocumentType, stored: Stored, id: str) -> Stored:
    """The same for what is no whole row. Raises DocumentUncastable, Overtaken."""
    if type.lenses is None or not 1 <= stored.version <= type.lenses.latest:
        raise Overtaken("another release of the applet has written this document meanwhile")
    try:
        return type.cast(stored)
    except CastFailed as error:
        step, pointer = error.details["step"], error.details["pointer"] or "/"
        raise DocumentUncastable(
            type=type.name, id=id, step=step, pointer=pointer, from_version=stored.version, to_version=type.version
        ) from error


def show_rows(ctx: KernelContext, type: DocumentType, rows: Sequence[Row]) -> list[Row]:
    """Rows of one type as its present version has them, with their encrypted fields in the clear."""
    return reveal_each(ctx, type, [cast_row(type, row) for row in rows])


def recast_of(ctx: KernelContext, type: DocumentType, row: Row, shown: Row) -> Recast | None:
    """What a write has to know of a row that was cast to be read; None where it was of the present version."""
    if row.schema_version == type.version:
        return None
    return Recast(reveal_each(ctx, type, [row])[0], shown.kept)


def _cast(type: DocumentType, row: Row) -> Row:
    cast = cast_stored(type, Stored(row.data, row.state, row.kept or {}, row.schema_version), row.id)
    return row._replace(
        schema_version=cast.version, state=cast.state, data=dict(cast.data), kept=dict(cast.kept) or None
    )


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def stored_names(type: DocumentType) -> Mapping[str, str]:
    """What the tables of keys and links call each field: its first name, so that a rename touches no row of theirs."""
    if type.lenses is None:
        return {}
    names = {path: type.lenses.origin(path, type.version) for path in type.fields}
    return {path: name for path, name in names.items() if path != name}


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def shown_names(type: DocumentType) -> Mapping[str, str]:
    """The way back: the present name of a field by its first one."""
    return {name: path for path, name in stored_names(type).items()}


def stored_name(type: DocumentType, path: str) -> str:
    """What the tables of keys and links call a field."""
    return path if type.lenses is None else stored_names(type).get(path, path)


def shown_name(type: DocumentType | None, name: str) -> str:
    """What a field is called now that these tables call so."""
    return name if type is None or type.lenses is None else shown_names(type).get(name, name)
