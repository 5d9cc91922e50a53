"""Reading values of documents by field path: links, and fields callers may not set."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def find_values(values: Any, path: str) -> list[tuple[str, Any]]:
    """Every value at a field path with its JSON pointer; elements of arrays each."""
    name, _, rest = path.partition(".")
    value = _member(values, name)
    if value is None:
        return []
    if not isinstance(value, list):
        found = [(f"/{name}", value)]
    else:
        found = [(f"/{name}/{index}", item) for index, item in enumerate(value)]
    if not rest:
        return found
    return [(f"{pointer}{below}", item) for pointer, one in found for below, item in find_values(one, rest)]


def _values_at(values: Any, path: str) -> list[Any]:
    """The same without pointers, which cost more than the values."""
    name, _, rest = path.partition(".")
    value = _member(values, name)
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    return [item for one in found for item in _values_at(one, rest)] if rest else found


def _member(values: Any, name: str) -> Any:
    # Asking a dict whether it is a mapping takes as long as reading a field.
    return values.get(name) if type(values) is dict or isinstance(values, Mapping) else None


def collect_links(type: DocumentType, values: Mapping[str, Any]) -> list[Link]:
    """The links of a document, each once, in the order of its fields."""
    found = (
        Link(field.path, field.link or "*", value)
        for field in type.links
        for value in _values_at(values, field.path)
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
        found = find_values(values, field.path)
        before = dict(find_values(previous, field.path)) if found and previous else {}
        for pointer, value in found:
            if pointer not in before or not is_same(before[pointer], value):
                message = f"{field.name} is set by the system"
                violations.append(Violation(pointer, "read_only", message, "leave it out"))
    return violations
