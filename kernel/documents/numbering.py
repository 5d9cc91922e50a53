"""Numbers of documents: as their type's series says, at the action it names."""

from __future__ import annotations

from kernel.context import KernelContext
from kernel.series.service import next_number
from sdk.document import Document
from sdk.schema import DocumentType


def assign_number(ctx: KernelContext, type: DocumentType, document: Document, action: str) -> None:
    """Number the document if this is the moment for it; a number once given stays.

    A gapless number comes from a row that stays locked until the commit, so nothing but what the number is needed
    for should follow; a plain one costs nobody a wait.
    """
    rule = type.number
    if rule is None or rule.on != action or document.number is not None:
        return
    day = document.get(rule.date) if rule.date else None
    day = day or ctx.today
    document.number = rule.format(_take(ctx, type, document, rule.period(day)), day)


def _take(ctx: KernelContext, type: DocumentType, document: Document, period: str) -> int:
    assert type.number is not None
    if type.number.gapless:
        return next_number(ctx.uow, type.name, document.company_id, period)
    tenant, kernel = ctx.runtime.tenant, ctx.kernel
    return kernel.numbers.take(
        lambda: kernel.database.transaction(tenant, aside=True), tenant.id, type.name, document.company_id, period
    )
