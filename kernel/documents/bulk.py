"""Many documents of one type in one transaction: all of them or, when asked, those that are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.context import KernelContext
from kernel.documents.errors import BulkTooLarge
from kernel.documents.service import create
from sdk.document import Document
from sdk.document_errors import DocumentInvalid
from sdk.errors import BosError, Violation

BULK_DOCUMENTS_MAX = 1_000


@dataclass
class BulkReport:
    """created: in the order sent. rejected: (index, error) of those that were not."""

    created: list[tuple[int, Document]] = field(default_factory=list)
    rejected: list[tuple[int, BosError]] = field(default_factory=list)

    def violations(self) -> list[Violation]:
        """Faults of all rejected documents, their pointers into the list that was sent."""
        found = []
        for index, error in self.rejected:
            inner = error.violations or (Violation("", error.code, error.message),)
            found += [Violation(f"/{index}{v.pointer}", v.rule, v.message, v.expected) for v in inner]
        return found


def create_many(
    ctx: KernelContext, type_name: str, documents: Sequence[Mapping[str, Any]], *, keep_good: bool = False
) -> BulkReport:
    """Create up to 1,000 documents. Without `keep_good` one fault refuses all, and every fault is told at once."""
    if len(documents) > BULK_DOCUMENTS_MAX:
        raise BulkTooLarge(limit="bulk", maximum=BULK_DOCUMENTS_MAX, count=len(documents))
    report = BulkReport()
    for index, data in enumerate(documents):
        try:
            with ctx.uow.savepoint():
                company_id = data.get("company_id") if isinstance(data, Mapping) else None
                report.created.append((index, create(ctx, type_name, data, company_id=company_id)))
        except BosError as error:
            report.rejected.append((index, error))
    if report.rejected and not keep_good:
        raise DocumentInvalid(type=type_name, violations=report.violations())
    return report
