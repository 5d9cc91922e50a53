"""What an external chain, a timestamping service or a file must be able to do to keep the event log honest.

The kernel seals the log in batches: each seal has the Merkle root of its events and the hash of the seal before it. Who
rewrites the database can rewrite the seals too; but not what an anchor has recorded elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class SealedRoot:
    """One seal of a tenant. root, hash, previous: 64 hexadecimal digits; hash covers all but the tenant.

    number: 1, 2, 3 … of the tenant. first_position to last_position: its span of the event log, gaps included.
    sealed_at: RFC 3339, UTC.
    """

    tenant_id: str
    tenant: str
    number: int
    first_position: int
    last_position: int
    events: int
    root: str
    previous: str
    hash: str
    sealed_at: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an anchor says of a seal. reference: where it stands there (a transaction, a place). evidence: its proof."""

    anchor: str
    tenant_id: str
    number: int
    hash: str
    reference: str
    evidence: dict[str, Any]


class AuditAnchor(Protocol):
    """Keeps seals outside of the database. A system plugin gives one by `register_audit_anchor`.

    Called by the worker and by auditors, never within a write. What cannot be reached raises `Unavailable`: sealing
    goes on, and the newest seal, which covers all before it, is recorded the next time.
    """

    @property
    def name(self) -> str:
        """Which anchor this is, for reports."""

    def record(self, root: SealedRoot) -> Receipt:
        """Keep a seal. Recording the same one again gives the same receipt and keeps nothing twice."""

    def verify(self, root: SealedRoot) -> bool:
        """Whether this very seal was recorded, and the record is genuine."""

    def last(self, tenant_id: str) -> Receipt | None:
        """The newest seal that was recorded of a tenant: what is missing from the database shows by it."""

    def trail(self, document_id: str, roots: Sequence[SealedRoot]) -> Sequence[Receipt]:
        """Receipts that cover the document. roots: the seals that hold its events, oldest first."""
