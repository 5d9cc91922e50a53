"""What stands in a document where a personal value was: nothing, or where the type wants something, a marker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kernel.documents.validator import violations_of
from kernel.secrets.reveal import ERASED
from sdk.schema import DocumentType
from sdk.schema.fields import Field

_NIL = "00000000-0000-0000-0000-000000000000"
_FORMATS = {"date": "1900-01-01", "date-time": "1900-01-01T00:00:00Z", "uuid": _NIL, "currency": "X"}
# A domain in which nobody has an address (RFC 2606).
_EMAIL = "erased-{id}@erased.invalid"


def erase_fields(
    type: DocumentType, data: Mapping[str, Any], fields: Sequence[Field], document_id: str
) -> dict[str, Any]:
    """A document's JSON without the values of these fields."""
    erased: Any = data
    for field in fields:
        erased = erase_at(erased, field.path.split("."), _marker(field, document_id) if field.required else None)
    # Where no marker fits, say a pattern, the value goes all the same: the law stands above the schema.
    for violation in violations_of(type, erased):
        path = [part for part in violation.pointer.split("/")[1:] if not part.isdigit()]
        if any(field.path.split(".") == path for field in fields):
            erased = erase_at(erased, path, None)
    return dict(erased)


def erase_at(tree: Any, path: Sequence[str], marker: Any) -> Any:
    """The tree with the values at a path replaced by the marker, or without them; the one given stays as it is."""
    if isinstance(tree, list):
        return [erase_at(item, path, marker) for item in tree]
    if not isinstance(tree, Mapping) or tree.get(path[0]) is None:
        return tree
    if len(path) > 1:
        return {**tree, path[0]: erase_at(tree[path[0]], path[1:], marker)}
    rest = {name: value for name, value in tree.items() if name != path[0]}
    return rest if marker is None else {**tree, path[0]: marker}


def _marker(field: Field, document_id: str) -> Any:
    schema = field.schema
    if schema.get("enum"):
        return schema["enum"][0]
    if field.kind in _KINDS:
        return _KINDS[field.kind](field)
    if schema.get("format") == "email":
        return _EMAIL.format(id=document_id)
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    text = f"{ERASED} {document_id}" if field.unique else ERASED
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), "-")


_KINDS: Mapping[str, Callable[[Field], Any]] = {
    "array": lambda field: [],
    "boolean": lambda field: False,
    "integer": lambda field: field.schema.get("minimum", 0),
    "decimal": lambda field: str(field.minimum or 0),
}
