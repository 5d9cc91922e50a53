"""Archive: documents that are done with are out of sight. They are read and linked to as before, but not changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kernel.context import KernelContext
from kernel.documents.rows import FOR_CHANGE
from kernel.documents.save import Change, save
from kernel.documents.service import for_change
from kernel.runtime import CACHED_TYPES
from sdk.document import Document
from sdk.document_errors import DocumentNotArchivable
from sdk.schema import dump

# Whoever may archive may take it back out.
PERMISSION = "archive"


def archive(ctx: KernelContext, type_name: str, id: str, *, version: int | None = None) -> Document:
    """Put a document away, whatever its state. One that is archived stays as it is. `validate_action` may veto.

    Raises DocumentNotArchivable for what decides what happens in the tenant: roles, grants, settings.
    """
    if type_name in CACHED_TYPES:
        raise DocumentNotArchivable(type=type_name)
    return _set(ctx, type_name, id, version, "archive", "archived", lambda document: document.archived_at or ctx.now)


def unarchive(ctx: KernelContext, type_name: str, id: str, *, version: int | None = None) -> Document:
    """Take a document back out; one that is not archived stays as it is. `validate_action` may veto."""
    return _set(ctx, type_name, id, version, "unarchive", "unarchived", lambda document: None)


def _set(
    ctx: KernelContext,
    type_name: str,
    id: str,
    version: int | None,
    action: str,
    verb: str,
    moment: Callable[[Document], datetime | None],
) -> Document:
    type = ctx.runtime.catalogue.type(type_name)
    previous, was, recast = for_change(ctx, type, id, version, FOR_CHANGE)
    ctx.permissions.check(PERMISSION, type, previous, ctx.scope())
    document = previous.copy()
    document.archived_at = moment(previous)
    if document.archived_at == previous.archived_at:
        return previous
    call = {"ctx": ctx, "document": document, "action": action, "arguments": {}}
    hooks, subject = ctx.runtime.catalogue.hooks, f"{type.name}.{action}"
    hooks.call("validate_action", subject, **call)
    stored = dump(type, previous.fields)
    with ctx.writing(document):
        document.version += 1
        save(ctx, Change(type, document, stored, stored, verb, previous, was=was, recast=recast))
        hooks.call("after_action", subject, **call)
    return document
