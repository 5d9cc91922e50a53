"""Who acts in which tenant, for work that takes many transactions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.auth.records import Identity
    from kernel.main import Kernel


@dataclass(frozen=True)
class Caller:
    """identity: the user on whose behalf, with that user's permissions; None is the operator, who may do everything."""

    kernel: Kernel
    tenant: TenantRecord
    identity: Identity | None = None

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction; whoever opens it commits it."""
        return self.kernel.database.transaction(self.tenant)

    def context(self, uow: UnitOfWork) -> KernelContext:
        if self.identity is None:
            return self.kernel.operator_context(uow)
        return self.kernel.context(uow, self.identity)
