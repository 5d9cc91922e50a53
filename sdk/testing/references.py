"""Unique values and links of documents in the fake: taken and refused with the write that brings them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sdk.document import Document
from sdk.document_errors import DocumentLinked, LinkBroken, UniqueKeyTaken
from sdk.errors import Violation
from sdk.schema import DocumentType, collect_links, find_values
from sdk.testing.store import Key, Store


def write_references(store: Store, type: DocumentType, document: Document, stored: Mapping[str, Any]) -> None:
    """Replace the keys and links of a document. A deleted one has none: its values are free, and its targets."""
    release(store, document.id)
    if document.is_deleted:
        return
    for key, pointer in _keys_of(type, document, stored):
        if key in store.tables.keys:
            raise _taken(key, pointer)
        store.tables.keys[key] = document.id
    links = collect_links(type, stored)
    _check_targets(store, type, stored)
    store.tables.links[document.id] = tuple(links)


def release(store: Store, id: str) -> None:
    for key in [key for key, owner in store.tables.keys.items() if owner == id]:
        del store.tables.keys[key]
    store.tables.links.pop(id, None)


def refuse_while_linked(store: Store, document: Document) -> None:
    linking = store.linking_to(document.id)
    if linking:
        links = [{"id": source.id, "type": source.type, "field": link.field} for source, link in linking]
        raise DocumentLinked(type=document.type, id=document.id, links=links)


def _keys_of(type: DocumentType, document: Document, stored: Mapping[str, Any]) -> Iterable[tuple[Key, str]]:
    for field in type.unique:
        company = document.company_id if field.unique == "company" else None
        for pointer, value in find_values(stored, field.path):
            yield (type.name, field.path, company or "", str(value)), pointer


def _taken(key: Key, pointer: str) -> UniqueKeyTaken:
    type, field, _, value = key
    violation = Violation(pointer, "unique", f"another {type} has {value!r}", "a value not used yet")
    return UniqueKeyTaken(type=type, field=field, value=value, violations=[violation])


def _check_targets(store: Store, type: DocumentType, stored: Mapping[str, Any]) -> None:
    broken = [
        Violation(pointer, "link", f"there is no {field.link} {id}", f"the id of a {field.link}")
        for field in type.links
        for pointer, id in find_values(stored, field.path)
        if not _is_there(store, field.link, id)
    ]
    if broken:
        raise LinkBroken(violations=broken)


def _is_there(store: Store, wanted: str | None, id: str) -> bool:
    target = store.tables.documents.get(id)
    return target is not None and not target.is_deleted and wanted in ("*", target.type)
