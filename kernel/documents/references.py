"""What the tables of keys and links hold of documents, and what of it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.write import Key
from sdk.schema import Link

_KEYS = """
SELECT document_id::text, field, company_id::text, value FROM {t}.keys WHERE document_id = ANY(%s::uuid[])
"""
_LINKS = "SELECT from_id::text, field, to_id::text FROM {t}.links WHERE from_id = ANY(%s::uuid[])"


class References(NamedTuple):
    """Of one document. The links' targets may be of any type: the table does not say of which."""

    keys: list[Key]
    links: list[Link]


NO_REFERENCES = References([], [])


def read_references(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, References]:
    """What the tables hold of each of these documents."""
    found = {id: References([], []) for id in ids}
    for id, *key in uow.execute_beside(_KEYS, [list(ids)]):
        found[id].keys.append((key[0], key[1], key[2]))
    for id, field, target in uow.execute_beside(_LINKS, [list(ids)]):
        found[id].links.append(Link(field, "*", target))
    return found


def changed_references(wanted: References, present: References) -> dict[str, list[Any]]:
    """What comes and what goes, as a `Write` has it."""
    linked = {(link.field, link.id) for link in wanted.links}
    was_linked = {(link.field, link.id) for link in present.links}
    return {
        "keys": [key for key in wanted.keys if key not in present.keys],
        "keys_gone": [key for key in present.keys if key not in wanted.keys],
        "links": [link for link in wanted.links if (link.field, link.id) not in was_linked],
        "links_gone": [link for link in present.links if (link.field, link.id) not in linked],
    }
