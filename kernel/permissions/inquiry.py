"""Answers why somebody may or may not do something to a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel.context import KernelContext, describe_actor
from kernel.documents.casting import show_rows
from kernel.documents.rows import read_row, to_document
from kernel.permissions.errors import ExplanationIncomplete
from kernel.permissions.explain import Explanation, explain
from kernel.permissions.service import compile_for
from sdk.context import Actor
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.errors import Violation
from sdk.schema import DocumentType

GRANT = "kernel.grant"


@dataclass(frozen=True, slots=True)
class ExplanationRequest:
    """actor: whose permissions, the caller's own if None. id: of the document, if one is meant."""

    action: str
    type: str
    id: str | None = None
    actor: Actor | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any], actor: Actor | None = None) -> ExplanationRequest:
        """Raises ExplanationIncomplete."""
        missing = [name for name in ("action", "type") if not given.get(name)]
        if missing:
            raise ExplanationIncomplete(violations=[Violation(f"/{n}", "required", f"{n} is missing") for n in missing])
        return cls(given["action"], given["type"], given.get("id"), actor)


def explain_for(ctx: KernelContext, wanted: ExplanationRequest) -> Explanation:
    """Explain the caller's own permissions, or another actor's to who may read grants.

    A document the caller may not read is explained only to who may read grants: else asking would tell it exists.
    """
    type = ctx.runtime.catalogue.type(wanted.type)
    document = _find(ctx, type, wanted.id) if wanted.id else None
    permissions, scope = ctx.permissions, ctx.scope()
    if wanted.actor is not None:
        _check_may_read_grants(ctx)
        permissions, actor = compile_for(ctx.uow, ctx.runtime, wanted.actor)
        scope = {**scope, "actor": describe_actor(actor, permissions)}
    return explain(permissions, wanted.action, type, document, scope)


def _find(ctx: KernelContext, type: DocumentType, id: str) -> Document:
    row = read_row(ctx.uow, type.name, id) if _is_uuid(id) else None
    document = to_document(type, *show_rows(ctx, type, [row])) if row else None
    if document is None or not _may_see(ctx, type, document):
        raise DocumentNotFound(resource=type.name, id=id)
    return document


def _may_see(ctx: KernelContext, type: DocumentType, document: Document) -> bool:
    return ctx.permissions.allows("read", type, document, ctx.scope()) or ctx.permissions.reaches_all(GRANT, "read")


def _check_may_read_grants(ctx: KernelContext) -> None:
    ctx.permissions.check_resource("read", GRANT)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
