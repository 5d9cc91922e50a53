"""Documents of older versions of their type, in the fake: stored by a release before this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk.document import Document
from sdk.identifiers import new_id
from sdk.lenses import LensChain, Stored
from sdk.schema import dump, load
from sdk.testing.references import write_references
from sdk.testing.transaction import Transaction


def store_older(
    ctx: Transaction, type_name: str, data: Mapping[str, Any], version: int, state: str | None, company_id: str | None
) -> Document:
    """Store a document as a release with that version of the type had written it; no hook and no schema is asked.

    It is cast at once: whether that happens when it is read or before, nobody can tell. Raises CastFailed.
    """
    type = ctx.catalogue.type(type_name)
    cast = type.cast(Stored(data, state, {}, version))
    values, _ = load(type, cast.data)
    document = Document(
        id=new_id(),
        type=type.name,
        fields=values,
        company_id=company_id,
        version=1,
        schema_version=cast.version,
        state=cast.state,
        created_at=ctx.now,
        created_by=ctx.actor.id,
        updated_at=ctx.now,
        updated_by=ctx.actor.id,
    )
    write_references(ctx.store, type, document, cast.data)
    ctx.store.tables.documents[document.id] = document
    ctx.store.tables.kept[document.id] = cast.kept
    return document.copy()


def read_older(ctx: Transaction, type_name: str, id: str, version: int) -> Stored:
    """A document as a release with that version of its type would have it after a rollback. Raises CastFailed."""
    type = ctx.catalogue.type(type_name)
    document = ctx.store.tables.documents[id]
    stored = Stored(dump(type, document.fields), document.state, ctx.store.tables.kept.get(id, {}), type.version)
    return (type.lenses or LensChain(type.name)).cast(stored, version)
