"""Whether the caller may see a document. Of one they may not, they are told what is told of one that is not there."""

from __future__ import annotations

from kernel.context import KernelContext
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.schema import DocumentType


def check_sight(ctx: KernelContext, type: DocumentType) -> None:
    """Asked before a document is looked for, or the answer would differ by whether there is one.

    Raises PermissionDenied where the caller may see none of the type.
    """
    ctx.permissions.check("read", type)


def check_seen(ctx: KernelContext, type: DocumentType, document: Document) -> None:
    """Raises PermissionDenied where the caller may see none of the type, DocumentNotFound where not this one."""
    if not ctx.permissions.allows("read", type, document, ctx.scope()):
        check_sight(ctx, type)
        raise DocumentNotFound(resource=type.name, id=document.id)
