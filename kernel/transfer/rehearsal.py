"""Numbers for a rehearsal: from the transaction that is going to be rolled back, so that none is used up."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.series.service import NumberBlocks, next_number


class RehearsedNumbers(NumberBlocks):
    """Takes each number from the transaction at hand instead of from a block committed beside it."""

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__()
        self._uow = uow

    def take(
        self,
        begin: Callable[[], AbstractContextManager[UnitOfWork]],
        tenant_id: str,
        name: str,
        company_id: str | None,
        period: str,
    ) -> int:
        return next_number(self._uow, name, company_id, period)


def rehearse(ctx: KernelContext) -> KernelContext:
    """The same context, leaving no trace outside of its transaction."""
    parts = copy.copy(ctx.kernel)
    parts.numbers = RehearsedNumbers(ctx.uow)
    return replace(ctx, kernel=parts)
