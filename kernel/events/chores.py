"""What is done at intervals, for each tenant or once for all: a name, how often, and the room's verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kernel.audit.keeper import SealKeeper
from kernel.auth.retention import forget_log_ins
from kernel.breaker.service import begin_due_trials
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.sweep import Sweeper
from kernel.events.store import forget_receipts
from kernel.http.idempotency import FORGOTTEN_AT_ONCE, forget_answers
from kernel.limits.service import forget_periods, watch_usage
from kernel.privacy.retention import run_rules
from kernel.secrets.reencryption import reencrypt
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.main import Kernel

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
# Costs nothing where nobody is suspended.
TRIALS_S = 5.0
# Costs nothing where all documents are of the versions that run.
SWEEP_S = 5.0
# So that one tenant does not keep the others waiting; the rest comes with the next run.
REENCRYPTED_AT_ONCE = 5_000
# A receipt keeps an event from taking effect twice: far longer than all attempts take, which are an hour apart at most.
RECEIPTS_KEPT = timedelta(days=30)

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """every_s: seconds between two runs in one process; several processes may run it at once.

    is_shared: once for all tenants, whichever of them is looked after first. run: may answer True when there is more
    to do at once.
    """

    name: str
    every_s: float
    run: Callable[[Kernel, TenantRecord], bool | None]
    is_shared: bool = False


def _watch_usage(kernel: Kernel, tenant: TenantRecord) -> None:
    for usage in watch_usage(kernel, tenant):
        _log.warning("limit.used", tenant=tenant.name, **usage.as_json())


def _forget_answers(kernel: Kernel, tenant: TenantRecord) -> None:
    now = kernel.clock()
    _forget(kernel, tenant, lambda uow: forget_answers(uow, now, FORGOTTEN_AT_ONCE))


def _forget_receipts(kernel: Kernel, tenant: TenantRecord) -> None:
    before = kernel.clock() - RECEIPTS_KEPT
    _forget(kernel, tenant, lambda uow: forget_receipts(uow, before, FORGOTTEN_AT_ONCE))


def _forget(kernel: Kernel, tenant: TenantRecord, bite: Callable[[UnitOfWork], int]) -> None:
    """In bites, each a transaction of its own: all at once might take longer than a statement may."""
    forgotten = FORGOTTEN_AT_ONCE
    while forgotten == FORGOTTEN_AT_ONCE:
        with kernel.database.transaction(tenant) as uow:
            forgotten = bite(uow)
            uow.commit()


def _forget_buckets(kernel: Kernel, tenant: TenantRecord) -> None:
    kernel.rates.forget_idle()


def _forget_log_ins(kernel: Kernel, tenant: TenantRecord) -> None:
    if removed := forget_log_ins(kernel, kernel.clock()):
        _log.info("log_ins.forgotten", **removed)


def _forget_usage(kernel: Kernel, tenant: TenantRecord) -> None:
    forget_periods(kernel.database, kernel.clock())


def _reencrypt(kernel: Kernel, tenant: TenantRecord) -> None:
    """What a rotation that was interrupted has left, or a field that was declared encrypted later."""
    if count := reencrypt(kernel, tenant, limit=REENCRYPTED_AT_ONCE):
        _log.info("documents.reencrypted", tenant=tenant.name, count=count)


def _run_retention(kernel: Kernel, tenant: TenantRecord) -> None:
    report = run_rules(kernel, tenant)
    if report.changed or report.subjects:
        _log.info(
            "retention.done",
            tenant=tenant.name,
            erased=report.erased,
            deleted=report.deleted,
            linked=report.linked,
            subjects=report.subjects,
        )


CHORES = (
    Chore("trials", TRIALS_S, begin_due_trials),
    Chore("sweep", SWEEP_S, Sweeper()),
    Chore("seals", MINUTE_S, SealKeeper()),
    Chore("usage", MINUTE_S, _watch_usage),
    Chore("idempotency", HOUR_S, _forget_answers),
    Chore("rate_buckets", HOUR_S, _forget_buckets, is_shared=True),
    Chore("reencryption", HOUR_S, _reencrypt),
    Chore("retention", DAY_S, _run_retention),
    Chore("receipts", DAY_S, _forget_receipts),
    Chore("log_ins", DAY_S, _forget_log_ins, is_shared=True),
    Chore("usage_periods", DAY_S, _forget_usage, is_shared=True),
)
