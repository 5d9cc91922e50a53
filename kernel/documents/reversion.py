"""Back to an earlier revision: its fields come back by a change like any other, as a new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from kernel.documents.history import at_revision
from kernel.documents.rows import FOR_CHANGE
from kernel.documents.service import for_change, update
from sdk.document import Document
from sdk.schema import diff, dump
from sdk.schema.patch import is_same


def restore_revision(
    ctx: KernelContext, type_name: str, id: str, revision: int, *, version: int | None = None
) -> Document:
    """Give a document the fields it had at a revision; its state and number stay.

    An update in every respect: permissions, the state it is in, validation and hooks. What callers may not set is not
    theirs to bring back either: masked and read-only fields stay as they are, and in lines hooks set them anew.
    Where nothing differs nothing is written. Raises DocumentNotFound where there is no such revision.
    """
    type = ctx.runtime.catalogue.type(type_name)
    document = for_change(ctx, type, id, version, FOR_CHANGE).document
    past = at_revision(ctx, type_name, id, revision)
    now = dump(type, document.fields)
    kept = past.hidden | ctx.permissions.mask(type, "update", document, ctx.scope())
    patch = diff(now, bring_back(type.schema, past.row.data, now, kept))
    return update(ctx, type_name, id, patch, version=document.version, revision=revision)


def bring_back(
    schema: Mapping[str, Any], past: Mapping[str, Any], now: Mapping[str, Any], kept: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """JSON of what was, but for what stays as it is now. schema: a document type's. kept: names at the top."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    result: dict[str, Any] = {}
    for name in dict.fromkeys((*now, *past)):
        field = properties.get(name, {})
        if name in kept or field.get("readOnly") or "x-computed" in field:
            source = now.get(name)
        else:
            source = _bring_back_value(field, past.get(name), now.get(name))
        if source is not None:
            result[name] = source
    return result


def _bring_back_value(field: Mapping[str, Any], past: Any, now: Any) -> Any:
    if is_same(past, now):
        return now
    if isinstance(past, Mapping) and "properties" in field:
        return bring_back(field, past, now if isinstance(now, Mapping) else {})
    items = field.get("items", {})
    if isinstance(past, list) and "properties" in items:
        return [bring_back(items, item, {}) if isinstance(item, Mapping) else item for item in past]
    return past
