"""A tenant's event log, sealed, verified, and tampered with by whoever owns the database."""

from __future__ import annotations

from kernel.audit.sealer import seal
from kernel.audit.seals import Seal
from kernel.audit.verify import Verification, verify_log
from kernel.events.horizon import Horizon
from tests.integration.kernel.search.den import Den


class Log:
    """Five events to a seal."""

    def __init__(self, den: Den) -> None:
        self.den, self.kernel, self.tenant = den, den.kernel, den.tenant
        self.horizon = Horizon(den.tenant.schema)

    def seal(self, batch: int = 5) -> list[Seal]:
        return seal(self.kernel.database, self.tenant, self.horizon, self.kernel.clock(), batch=batch)

    def verify(self, **given) -> Verification:
        with self.kernel.database.transaction(self.tenant) as uow:
            return verify_log(uow.execute, **given)

    def faults(self) -> list[tuple[str, int | None]]:
        """(kind, position) of each."""
        return [(fault.kind, fault.position) for fault in self.verify().faults]

    def tamper(self, sql: str, *values: object) -> None:
        """As the owner, past all rights."""
        with self.kernel.database.owner() as owner:
            owner.execute(sql.replace("{t}", f'"{self.tenant.schema}"'), list(values))

    def rows(self, sql: str, *values: object) -> list[tuple]:
        return self.den.rows(sql, *values)

    def positions(self) -> list[int]:
        return [position for (position,) in self.rows("SELECT position FROM {t}.events ORDER BY position")]
