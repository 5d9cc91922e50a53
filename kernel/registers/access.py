"""Whose movements may be read."""

from __future__ import annotations

from kernel.context import KernelContext
from kernel.registers.errors import CompanyNotReadable
from kernel.series.service import NO_COMPANY
from sdk.registers import Register


def readable_companies(ctx: KernelContext, register: Register, company_id: str | None) -> list[str] | None:
    """The companies whose movements count; None is all of them. Raises Forbidden leaves.

    Movements of documents that belong to no company are everybody's who may read the register, as the documents are.
    """
    permitted = ctx.permissions.register(register.name)
    if company_id is None:
        return None if permitted is None else sorted({*permitted, NO_COMPANY})
    if permitted is not None and company_id not in permitted:
        raise CompanyNotReadable(register=register.name, company_id=company_id)
    return [company_id]
