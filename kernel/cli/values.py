"""From `--set name=value` and files of JSON to the data of a document; names of linked documents to their ids."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from kernel.cli.errors import InputUnreadable, ReferenceUnknown
from kernel.context import KernelContext
from kernel.transfer.coerce import coerce
from kernel.transfer.lookups import find_ids
from sdk.errors import Invalid
from sdk.schema import DocumentType


def read_data(ctx: KernelContext, type: DocumentType, data: str | None, settings: Sequence[str]) -> dict[str, Any]:
    """A document's data from --data (JSON, @file or @- for standard input) with --set over it."""
    values = read_json_option("--data", data) if data else {}
    for name, text in read_pairs("--set", settings):
        set_path(values, name, text)
    return resolve_links(ctx, type, coerce(type, values))


def read_json_option(option: str, text: str) -> dict[str, Any]:
    """A JSON object, given or in a file."""
    try:
        source = _read_file(text[1:]) if text.startswith("@") else text.encode()
        value = orjson.loads(source)
    except (OSError, ValueError) as error:
        raise InputUnreadable(option=option, reason=str(error)) from error
    if not isinstance(value, dict):
        raise InputUnreadable(option=option, reason="it is no JSON object")
    return value


def read_pairs(option: str, pairs: Sequence[str]) -> list[tuple[str, str]]:
    """`name=value` each."""
    for pair in pairs:
        if "=" not in pair or pair.startswith("="):
            raise InputUnreadable(option=option, reason=f"{pair!r} is not name=value")
    return [(name, value) for name, _, value in (pair.partition("=") for pair in pairs)]


def set_path(values: dict[str, Any], path: str, value: Any) -> None:
    """Set `customer`, `address.city`, `lines.0.quantity`: digits count items of a list, which grows by one at most."""
    places = path.split(".")
    target: Any = values
    for place, following in pairwise(places):
        target = _descend(target, place, [] if _is_index(following) else {}, path)
    _place(target, places[-1], value, path)


def resolve_links(ctx: KernelContext, type: DocumentType, data: dict[str, Any]) -> dict[str, Any]:
    """The data with ids where a linked document was named by its number or by a unique field, such as a code."""
    resolved: dict[str, Any] = _resolve(ctx, data, type.schema)
    return resolved


def find_document_id(ctx: KernelContext, type_name: str, reference: str) -> str:
    """The id of a document named by its id, its number, or a unique field. Raises ReferenceUnknown."""
    if _is_id(reference):
        return reference
    type = ctx.runtime.catalogue.type(type_name)
    for field in ["number", *(each.path for each in type.unique if not each.in_array)]:
        found = find_ids(ctx, type_name, field, [reference], ctx.company_id).get(reference)
        if found:
            return found
    raise ReferenceUnknown(resource=type_name, id=reference)


def _resolve(ctx: KernelContext, value: Any, schema: Mapping[str, Any], link: str | None = None) -> Any:
    link = schema.get("x-link") or link
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        return {name: _resolve(ctx, item, properties.get(name, {})) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolve(ctx, item, schema.get("items", {}), link) for item in value]
    if isinstance(value, str) and link and link != "*" and not _is_id(value):
        return find_document_id(ctx, link, value)
    return value


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _descend(target: Any, place: str, empty: Any, path: str) -> Any:
    if isinstance(target, list):
        if _index(target, place, path) == len(target):
            target.append(empty)
        return target[int(place)]
    if not isinstance(target, dict):
        raise _unfit(path)
    return target.setdefault(place, empty)


def _place(target: Any, place: str, value: Any, path: str) -> None:
    if isinstance(target, list):
        index = _index(target, place, path)
        target[index : index + 1] = [value]
    elif isinstance(target, dict):
        target[place] = value
    else:
        raise _unfit(path)


def _index(target: list[Any], place: str, path: str) -> int:
    if not _is_index(place) or int(place) > len(target):
        raise _unfit(path)
    return int(place)


def _is_index(place: str) -> bool:
    # isdigit alone holds for ², which is no number.
    return place.isascii() and place.isdigit()


def _unfit(path: str) -> Invalid:
    return InputUnreadable(option="--set", reason=f"{path} does not fit what was set before it")


def _read_file(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
