"""What a seal is: its content, and its hash, which chains it to the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from kernel.audit.canonical import canonical_bytes
from kernel.audit.merkle import HASH_BYTES
from kernel.tenancy.record import TenantRecord
from sdk.audit import SealedRoot
from sdk.values import instant_text

FORMAT = 1
# Beside 0 and 1 of the Merkle trees, so that a seal is no leaf and no node.
_SEAL = b"\x02"
NO_SEAL = bytes(HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Seal:
    """One row of the table seals, without what it holds of each event. Positions include gaps."""

    number: int
    first_position: int
    last_position: int
    events: int
    root: bytes
    previous: bytes
    hash: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """Of each event of a seal, in order: its position, its id, its leaf hash."""

    positions: Sequence[int]
    ids: Sequence[str]
    leaves: Sequence[bytes]


def hash_seal(seal: Seal) -> bytes:
    """Over all of a seal but its hash."""
    content = {
        "format": FORMAT,
        "number": seal.number,
        "first_position": seal.first_position,
        "last_position": seal.last_position,
        "events": seal.events,
        "root": seal.root.hex(),
        "previous": seal.previous.hex(),
        "sealed_at": instant_text(seal.sealed_at.astimezone(UTC)),
    }
    return sha256(_SEAL + canonical_bytes(content)).digest()


def to_root(tenant: TenantRecord, seal: Seal) -> SealedRoot:
    """The seal as anchors know it."""
    return SealedRoot(
        tenant_id=tenant.id,
        tenant=tenant.name,
        number=seal.number,
        first_position=seal.first_position,
        last_position=seal.last_position,
        events=seal.events,
        root=seal.root.hex(),
        previous=seal.previous.hex(),
        hash=seal.hash.hex(),
        sealed_at=instant_text(seal.sealed_at.astimezone(UTC)),
    )
