"""The bus: brings each committed delivery to its handler. PostgreSQL is one; `tests/contract/bus_contract.py` is the
suite that any other has to pass.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.ahead import Ahead
from kernel.tenancy.record import TenantRecord
from sdk.event import Event


class Outcome(enum.StrEnum):
    """done: took effect. repeated: had taken effect before. retried: failed, comes again. dead: gave up."""

    DONE = "done"
    REPEATED = "repeated"
    RETRIED = "retried"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one subscriber. attempts: how often it was tried so far, as far as that was counted.

    together: of what all that share its transaction are about.
    """

    id: int
    subscriber: str
    attempts: int
    created_at: datetime
    event: Event
    together: Ahead | None = field(default=None, compare=False, repr=False)


Handler = Callable[[UnitOfWork, Delivery], None]


class Bus(Protocol):
    """Promises: at least once, and once in effect (the receipt is in the handler's own transaction); in order per
    subscriber and document; a failing delivery is repeated with growing delays, then dead, and holds up nothing
    but its own document's later events until then.
    """

    def announce(self, tenant: TenantRecord) -> None:
        """Say, after their commit, that a tenant has deliveries. Only hurries: losing it loses nothing."""

    def wait(self, timeout_s: float) -> frozenset[str]:
        """Names of the tenants announced since the last call, as soon as there are any; none after the timeout."""

    def deliver(self, tenant: TenantRecord, handle: Handler) -> Outcome | None:
        """Bring one due delivery to the handler, in one transaction with its receipt; None when nothing is due."""

    def deliver_some(self, tenant: TenantRecord, handle: Handler, most: int) -> Sequence[Outcome]:
        """The same for up to so many; none when nothing is due.

        Several may share a transaction, but at most the last of them has changed or locked anything in it, and a
        failure counts for the one that failed.
        """

    def next_due(self, tenant: TenantRecord) -> datetime | None:
        """When the tenant's next delivery is due, None when there is none."""

    def close(self) -> None:
        """Wake whoever waits; nothing is announced any more."""
