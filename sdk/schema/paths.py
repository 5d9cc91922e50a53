"""Reading values of documents by field path: links, and fields callers may not set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sdk.errors import Violation
from sdk.schema.document_type import DocumentType
from sdk.schema.patch import is_same

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Link(NamedTuple):
    """One link of a document. field: path, `lines.account`. target: document type, or `*`."""

    field: str
    target: str
    id: str


def find_values(values: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value at a field path with its JSON pointer; elements of arrays each."""
    name, _, rest = path.partition(".")
    value = values.get(name) if isinstance(values, Mapping) else None
    if value is None:
        return
    for pointer, item in _elements(f"/{name}", value):
        if not rest:
            yield pointer, item
        else:
            for below, found in find_values(item, rest):
                yield f"{pointer}{below}", found


def _elements(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"{pointer}/{index}", item) for index, item in enumerate(value))
    else:
        yield pointer, value


def collect_links(type: DocumentType, values: Mapping[str, Any]) -> list[Link]:
    """The links of a document, each once, in the order of its fields."""
    found = (
        Link(field.path, field.link or "*", value)
        for field in type.links
        for _, value in find_values(values, field.path)
        # What a field held before it was declared a link may be any text, which leads nowhere.
        if isinstance(value, str) and _UUID.fullmatch(value)
    )
    return list(dict.fromkeys(found))


def check_writable(
    type: DocumentType, values: Mapping[str, Any], previous: Mapping[str, Any] | None = None
) -> list[Violation]:
    """Refuse what a caller may not set: read-only and computed fields, unless they stand as they stood.

    values: what the document would be, as `load` gives it. previous: what it is, None when it is new.
    """
    violations = []
    for field in type.fields.values():
        if not field.read_only:
            continue
        before = dict(find_values(previous or {}, field.path))
        for pointer, value in find_values(values, field.path):
            if pointer not in before or not is_same(before[pointer], value):
                message = f"{field.name} is set by the system"
                violations.append(Violation(pointer, "read_only", message, "leave it out"))
    return violations
