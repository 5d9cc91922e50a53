"""Sealing in the background, on the owner's connection: requests have no right to write seals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from kernel.audit import store
from kernel.audit.merkle import root_of
from kernel.audit.seals import NO_SEAL, Manifest, Seal, hash_seal
from kernel.audit.store import Execute, Found
from kernel.db.database import Database
from kernel.db.unit_of_work import qualify
from kernel.events.horizon import Horizon
from kernel.tenancy.record import TenantRecord

SEAL_EVENTS_MAX = 5_000
# While somebody writes all the time, two looks are needed to be certain of anything.
LOOKS_MAX = 20
LOOK_PAUSE_S = 0.05
_LOCK = 0x626F7361


def owner_execute(connection: psycopg.Connection[Any], tenant: TenantRecord) -> Execute:
    """Run SQL with "{t}" in it on the owner's connection."""
    return lambda sql, values: connection.execute(qualify(sql, tenant.schema), values)


def seal(
    database: Database, tenant: TenantRecord, horizon: Horizon, now: datetime, *, batch: int = SEAL_EVENTS_MAX
) -> list[Seal]:
    """Seal all that can no longer change; the new seals. Nothing where another process is at it."""
    if not _has_unsealed(database, tenant):
        return []
    with database.owner(tenant.database) as connection:
        execute = owner_execute(connection, tenant)
        if not execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, tenant.schema]).fetchone()[0]:
            return []
        last = store.last_seal(execute)
        up_to = _decided(connection, horizon, last.last_position if last else 0)
        return _seal_all(execute, last, up_to, now, batch)


def _has_unsealed(database: Database, tenant: TenantRecord) -> bool:
    """Asked under the tenant's role: most tenants have nothing to seal, and the owner's connection is a new one."""
    with database.transaction(tenant) as uow:
        last = store.last_seal(uow.execute)
        return bool(store.read_events(uow.execute, last.last_position if last else 0, 2**63 - 1, 1))


def _decided(connection: psycopg.Connection[Any], horizon: Horizon, sealed: int) -> int:
    for _ in range(LOOKS_MAX):
        if horizon.look(connection.execute) > sealed:
            break
        time.sleep(LOOK_PAUSE_S)
    return horizon.decided


def _seal_all(execute: Execute, last: Seal | None, up_to: int, now: datetime, batch: int) -> list[Seal]:
    made = []
    while events := store.read_events(execute, last.last_position if last else 0, up_to, batch):
        last, manifest = make_seal(last, events, now)
        store.insert_seal(execute, last, manifest)
        made.append(last)
        if len(events) < batch:
            break
    return made


def make_seal(previous: Seal | None, events: Sequence[Found], now: datetime) -> tuple[Seal, Manifest]:
    """The next seal over these events. It begins where the one before has ended, so that no gap is outside of it."""
    leaves = [event.leaf for event in events]
    open_seal = Seal(
        number=previous.number + 1 if previous else 1,
        first_position=previous.last_position + 1 if previous else 1,
        last_position=events[-1].position,
        events=len(events),
        root=root_of(leaves),
        previous=previous.hash if previous else NO_SEAL,
        hash=b"",
        sealed_at=now,
    )
    made = replace(open_seal, hash=hash_seal(open_seal))
    return made, Manifest([event.position for event in events], [event.id for event in events], leaves)
