"""Sweeping: what lies stored in other versions of its type is cast in the background, batch by batch.

Whoever writes a document casts it as well, and nothing has to wait for the sweep but what only a cast document can
tell. It ends when nothing of another version is there and nobody can write such a thing any more; then the tenant's
types are of one version again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg

from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.recasting import FIRST, Batch, SweepFailure, cast_batch, try_cast
from kernel.documents.rows import COLUMNS, Row
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from sdk.schema import DocumentType

if TYPE_CHECKING:
    from kernel.main import Kernel

# Rows that are locked together; writers of one of them wait no longer than that takes.
BATCH_DOCUMENTS = 200
# Of one run of the chore, so that one tenant does not keep the others waiting.
RUN_S_MAX = 2.0
# For as many times as long as a batch took the background leaves the processor to others.
REST_SHARE = 3.0
# Right after a switch everybody meets the new version for the first time, and has to build what it needs.
SETTLE_S = 3.0
# Documents no lens fits are not tried again at once; a new release of their applet is.
RETRY_S = 600.0
FAILURES_NAMED_MAX = 10
# How many documents are tried to name those that fail.
TRIED_MAX = 1_000
WAIT_S_MAX = 10.0
PAUSE_S = 0.05

# Tenant and type.
Key = tuple[str, str]

# Every transaction of a tenant begins by reading this table, and so holds a lock on it until it ends.
_OPEN = """
SELECT DISTINCT l.virtualtransaction FROM pg_catalog.pg_locks l
 WHERE l.locktype = 'relation' AND l.relation = '{t}.meta'::pg_catalog.regclass
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
"""
_IS_LEFT = "SELECT EXISTS (SELECT FROM {t}.documents WHERE type = %s AND schema_version <> %s)"
_NEXT = "SELECT id::text FROM {t}.documents WHERE type = %s AND schema_version <> %s AND id > %s ORDER BY id LIMIT 1"
_END = "UPDATE {t}.applets SET unswept = array_remove(unswept, %s) WHERE name = %s"
_GENERATION = "SELECT value FROM {t}.meta WHERE name = 'generation'"
_RAISE_GENERATION = "UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'"
_COUNT = """
SELECT count(*) FILTER (WHERE schema_version = %s), count(*) FROM {t}.documents WHERE type = %s
"""
_LEFT = f"SELECT {COLUMNS} FROM {{t}}.documents WHERE type = %s AND schema_version <> %s ORDER BY id LIMIT %s"

_log = get_logger()


@dataclass(frozen=True)
class SweepProgress:
    """Of one type. version: the present one. done: of `total` documents, those stored in it.

    failed: documents that cannot be cast, as far as they were looked at; failures: the first of them.
    """

    type: str
    version: int
    done: int
    total: int
    failed: int = 0
    failures: tuple[SweepFailure, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def mixed_types(ctx: KernelContext) -> list[DocumentType]:
    """The types of which documents of other versions may be stored, by name."""
    types = ctx.runtime.catalogue.types
    return [types[name] for name in sorted(types) if types[name].is_mixed]


def sweep_progress(ctx: KernelContext) -> list[SweepProgress]:
    """How far each type has come; none where nothing is being swept."""
    return [_progress(ctx, type) for type in mixed_types(ctx)]


def sweep(
    kernel: Kernel,
    tenant: TenantRecord,
    progress: Callable[[SweepProgress], None] = lambda progress: None,
    *,
    wait_s: float = WAIT_S_MAX,
) -> list[SweepProgress]:
    """Cast all there is, now; of which types something is left, since it cannot be cast or somebody is at it yet.

    progress: told before and after each batch. wait_s: how long to wait at most for transactions that began before
    the switch.
    """
    with kernel.operate(tenant) as ctx:
        begun = sweep_progress(ctx)
    sweeper = Sweeper()
    for each in begun:
        progress(each)
        told = Told(each, progress)
        is_ended = sweeper.sweep_type(kernel, tenant, each.type, told)
        end_s = time.monotonic() + wait_s
        while not is_ended and not told.is_stuck and time.monotonic() < end_s:
            time.sleep(PAUSE_S)
            is_ended = sweeper.sweep_type(kernel, tenant, each.type, told)
    with kernel.operate(tenant) as ctx:
        return sweep_progress(ctx)


class Told:
    """Counts for whoever looks on. is_stuck: the last pass has met nothing but what cannot be cast."""

    def __init__(self, begun: SweepProgress, tell: Callable[[SweepProgress], None]) -> None:
        self._begun, self._tell, self._done = begun, tell, begun.done
        self.is_stuck = False

    def add(self, batch: Batch) -> None:
        self._done = min(self._done + batch.done, self._begun.total)
        self._tell(replace(self._begun, done=self._done))


@dataclass(frozen=True)
class _Rest:
    """Until when a type is left alone, unless the tenant's generation goes up."""

    generation: int
    until_s: float


class _Moved(Exception):
    """Internal: the tenant's applets have changed meanwhile."""


@dataclass
class Sweeper:
    """The chore: call it with a tenant as often as liked. What it remembers only saves work.

    Answers whether there is more to do at once. Any number of processes may be at it.
    """

    monotonic: Callable[[], float] = time.monotonic
    rest: Callable[[float], None] = time.sleep
    settle_s: float = SETTLE_S
    # By tenant and type: the transactions that were open when the type was first seen mixed in a generation.
    _older: dict[Key, tuple[int, frozenset[str]]] = field(default_factory=dict, repr=False)
    # Nothing was left at the last pass, so that it only has to be waited for those transactions.
    _clean: set[Key] = field(default_factory=set, repr=False)
    _rests: dict[Key, _Rest] = field(default_factory=dict, repr=False)

    def __call__(self, kernel: Kernel, tenant: TenantRecord) -> bool:
        runtime = kernel.runtimes.known(tenant)
        mixed = [type for type in runtime.catalogue.types.values() if type.is_mixed] if runtime is not None else ()
        end_s = self.monotonic() + RUN_S_MAX
        self._forget_others(tenant, {type.name for type in mixed})
        for type in mixed:
            if runtime is not None and not self._rests_now((tenant.id, type.name), runtime.generation):
                self.sweep_type(kernel, tenant, type.name, end_s=end_s)
            if self.monotonic() >= end_s:
                return True
        return False

    def sweep_type(
        self,
        kernel: Kernel,
        tenant: TenantRecord,
        name: str,
        told: Told | None = None,
        *,
        end_s: float = float("inf"),
    ) -> bool:
        """One pass over a type, and its end if there can be one; whether it has come to that."""
        key = (tenant.id, name)
        if self._waits(kernel, tenant, key):
            return False
        after, done, failed = FIRST, 0, 0
        while after:
            if self.monotonic() >= end_s:
                return False
            began = self.monotonic()
            batch = self._batch(kernel, tenant, name, after)
            if batch is None:
                return True
            if told is None:
                # Nobody waits for it, but the requests of this process wait for their turn.
                self.rest(REST_SHARE * (self.monotonic() - began))
            after, done, failed = batch.last, done + batch.done, failed + len(batch.failures)
            if told is not None:
                told.add(batch)
        if told is not None:
            told.is_stuck = bool(failed) and not done
        if failed:
            self._leave_alone(kernel, tenant, key, failed)
            return False
        self._clean.add(key)
        return self._finish(kernel, tenant, key)

    def _forget_others(self, tenant: TenantRecord, mixed: Collection[str]) -> None:
        """What another process has ended."""
        for key in [key for key in self._rests if key[0] == tenant.id and key[1] not in mixed]:
            del self._rests[key]
            self._older.pop(key, None)

    def _rests_now(self, key: Key, generation: int) -> bool:
        if key not in self._older and key not in self._rests:
            self._rests[key] = _Rest(generation, self.monotonic() + self.settle_s)
        rest = self._rests.get(key)
        return rest is not None and rest.generation == generation and self.monotonic() < rest.until_s

    def _leave_alone(self, kernel: Kernel, tenant: TenantRecord, key: Key, failed: int) -> None:
        runtime = kernel.runtimes.known(tenant)
        self._rests[key] = _Rest(runtime.generation if runtime else 0, self.monotonic() + RETRY_S)
        _log.warning("sweep.stuck", tenant=tenant.name, type=key[1], failed=failed)

    def _waits(self, kernel: Kernel, tenant: TenantRecord, key: Key) -> bool:
        """Whether nothing is left but to wait. Notes who is open before the first pass of a generation."""
        with kernel.operate(tenant) as ctx:
            known = self._older.get(key)
            if known is None or known[0] != ctx.uow.generation:
                self._older[key] = (ctx.uow.generation, _open_transactions(ctx.uow))
                self._clean.discard(key)
                return False
            return key in self._clean and bool(known[1] & _open_transactions(ctx.uow))

    def _batch(self, kernel: Kernel, tenant: TenantRecord, name: str, after: str) -> Batch | None:
        """None when the type is of one version by now."""
        try:
            with kernel.operate(tenant) as ctx:
                type = ctx.runtime.catalogue.types.get(name)
                return cast_batch(ctx, type, after, BATCH_DOCUMENTS) if type is not None and type.is_mixed else None
        except psycopg.errors.UniqueViolation:
            return self._one_by_one(kernel, tenant, name, after)

    def _one_by_one(self, kernel: Kernel, tenant: TenantRecord, name: str, after: str) -> Batch:
        """The same batch, each by itself: only those fail whose unique values are taken."""
        whole = Batch(after)
        for _ in range(BATCH_DOCUMENTS):
            with kernel.operate(tenant) as ctx:
                one = _cast_one(ctx, ctx.runtime.catalogue.type(name), whole.last)
            whole = Batch(one.last, whole.done + one.done, [*whole.failures, *one.failures])
            if not whole.last:
                break
        return whole

    def _finish(self, kernel: Kernel, tenant: TenantRecord, key: Key) -> bool:
        """Say that the type is of one version, unless somebody may still write another one."""
        try:
            with kernel.operate(tenant) as ctx:
                type = ctx.runtime.catalogue.types.get(key[1])
                if type is None or not type.is_mixed:
                    return True
                generation, older = self._older[key]
                if generation != ctx.uow.generation or older & _open_transactions(ctx.uow):
                    return False
                if _is_left(ctx, type):
                    self._clean.discard(key)
                    return False
                _end(ctx, type)
        except _Moved:
            return False
        self._older.pop(key, None)
        self._rests.pop(key, None)
        _log.info("sweep.ended", tenant=tenant.name, type=key[1], version=type.version)
        return True


def _end(ctx: KernelContext, type: DocumentType) -> None:
    """Whoever moves applets has the same row first, and raises the generation last."""
    ctx.uow.execute(_END, [type.name, type.applet])
    row = ctx.uow.execute(_GENERATION).fetchone()
    if row is None or row[0] != ctx.uow.generation:
        raise _Moved
    ctx.uow.before_commit(lambda: ctx.uow.execute(_RAISE_GENERATION))


def _cast_one(ctx: KernelContext, type: DocumentType, after: str) -> Batch:
    try:
        with ctx.uow.savepoint():
            return cast_batch(ctx, type, after, 1)
    except psycopg.errors.UniqueViolation:
        row = ctx.uow.execute(_NEXT, [type.name, type.version, after]).fetchone()
        return Batch(row[0], failures=[SweepFailure(row[0], "x-unique", "/")]) if row else Batch()


def _progress(ctx: KernelContext, type: DocumentType) -> SweepProgress:
    done, total = ctx.uow.execute(_COUNT, [type.version, type.name]).fetchone() or (0, 0)
    failures: list[SweepFailure] = []
    for row in ctx.uow.execute(_LEFT, [type.name, type.version, TRIED_MAX]).fetchall():
        try_cast(type, Row(*row), failures)
    return SweepProgress(type.name, type.version, done, total, len(failures), tuple(failures[:FAILURES_NAMED_MAX]))


def _is_left(ctx: KernelContext, type: DocumentType) -> bool:
    row = ctx.uow.execute(_IS_LEFT, [type.name, type.version]).fetchone()
    return bool(row and row[0])


def _open_transactions(uow: UnitOfWork) -> frozenset[str]:
    return frozenset(id for (id,) in uow.execute(_OPEN))
