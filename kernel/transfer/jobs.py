"""The worker's part: a slice of a tenant's transfer at a time, so that no tenant keeps the others waiting."""

from __future__ import annotations

import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg

from kernel.auth.errors import KeyRevoked
from kernel.auth.keys import list_api_keys
from kernel.auth.records import Identity
from kernel.auth.sessions import check_states
from kernel.auth.users import get_user
from kernel.http.problems import is_internal, to_error
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from kernel.transfer import store
from kernel.transfer.caller import Caller
from kernel.transfer.errors import TransferLost
from kernel.transfer.files import TransferFiles
from kernel.transfer.sessions import LEASE_S, ExportSession, ImportSession, Session
from kernel.transfer.store import Transfer
from sdk.errors import BosError, Unavailable

if TYPE_CHECKING:
    from kernel.main import Kernel

SLICE_S = 1.0
# While another process works on the tenant's transfers, or has been killed at it.
LOOK_AGAIN_S = 15.0
CLEAN_INTERVAL_S = 3_600.0
SESSIONS_MAX = 32

_log = get_logger()


class TransferJobs:
    """A `Step` of a TenantLoop: call it with a tenant as often as liked, it does what is due."""

    def __init__(self, kernel: Kernel, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kernel, self._monotonic = kernel, monotonic
        self._holder = f"{os.uname().nodename[:60]} {os.getpid()} {secrets.token_hex(4)}"
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._cleaned_at: dict[str, float] = {}

    def __call__(self, tenant: TenantRecord) -> float | None:
        """In how many seconds there may be more to do."""
        self._clean(tenant)
        with self._kernel.database.transaction(tenant) as uow:
            if not store.count_open(uow):
                return None
            now = self._kernel.clock()
            transfer = store.claim(uow, self._holder, now, now + timedelta(seconds=LEASE_S))
            uow.commit()
        if transfer is None:
            return LOOK_AGAIN_S
        self._work(tenant, transfer)
        return 0.0

    def close(self) -> None:
        """Let go of everything; what was not committed is done again by whoever goes on."""
        while self._sessions:
            self._sessions.popitem()[1].close()

    def _work(self, tenant: TenantRecord, transfer: Transfer) -> None:
        try:
            self._run_slice(tenant, transfer)
        except TransferLost:
            self._forget(transfer.id)
        except (psycopg.OperationalError, Unavailable):
            # Nothing is wrong with the transfer: it goes on where it was when the database is back.
            self._forget(transfer.id)
            raise
        except Exception as error:  # reason: told to who asked, who would wait for ever otherwise
            self._forget(transfer.id)
            self._fail(tenant, transfer, to_error(error, ""), error)

    def _run_slice(self, tenant: TenantRecord, transfer: Transfer) -> None:
        ends_at = self._monotonic() + SLICE_S
        while True:
            # Anew for every batch: who is suspended or has lost a right is stopped by the next.
            caller = Caller(self._kernel, tenant, identify(self._kernel, tenant, transfer))
            session = self._session(caller, transfer)
            if session.step(caller):
                self._forget(transfer.id)
                self._files(tenant).remove(transfer.id, "upload")
                return
            if self._monotonic() >= ends_at:
                return

    def _session(self, caller: Caller, transfer: Transfer) -> Session:
        found = self._sessions.get(transfer.id)
        if found is None:
            make = ImportSession if transfer.kind == "import" else ExportSession
            found = make(caller, transfer, self._files(caller.tenant), self._holder)
            while len(self._sessions) >= SESSIONS_MAX:
                self._sessions.popitem(last=False)[1].close()
            self._sessions[transfer.id] = found
        self._sessions.move_to_end(transfer.id)
        return found

    def _forget(self, id: str) -> None:
        session = self._sessions.pop(id, None)
        if session is not None:
            session.close()

    def _fail(self, tenant: TenantRecord, transfer: Transfer, told: BosError, error: BaseException) -> None:
        if is_internal(told):
            _log.error("transfer.failed", message=str(error), exc_info=error, tenant=tenant.name, transfer=transfer.id)
        problem = {"code": told.code, "detail": told.message}
        if told.violations:
            problem["violations"] = [violation.as_json() for violation in told.violations]  # type: ignore[assignment]
        with self._kernel.database.transaction(tenant) as uow:
            is_ours = store.finish(uow, transfer.id, "failed", self._kernel.clock(), holder=self._holder, error=problem)
            uow.commit()
        if is_ours:
            self._files(tenant).remove(transfer.id, "upload", "export")

    def _files(self, tenant: TenantRecord) -> TransferFiles:
        return TransferFiles(self._kernel.settings.data_dir, tenant.id)

    def _clean(self, tenant: TenantRecord) -> None:
        now = self._monotonic()
        if now - self._cleaned_at.get(tenant.id, now - CLEAN_INTERVAL_S) < CLEAN_INTERVAL_S:
            return
        self._cleaned_at[tenant.id] = now
        before = self._kernel.clock() - timedelta(seconds=self._kernel.settings.transfer_keep_s)
        with self._kernel.database.transaction(tenant) as uow:
            gone = store.remove_finished(uow, before)
            known = store.list_ids(uow)
            uow.commit()
        files = self._files(tenant)
        for id in gone:
            files.remove(id)
        # Uploads of servers that were killed before they could say what the file was for.
        files.remove_unknown(known, before)


def identify(kernel: Kernel, tenant: TenantRecord, transfer: Transfer) -> Identity | None:
    """Who asked, as they are now; None is the operator. Raises UserUnknown, UserSuspended, KeyRevoked."""
    actor = transfer.actor
    if actor["id"] == "operator":
        return None
    with kernel.database.platform() as uow:
        user = get_user(uow, tenant.id, actor["id"])
        key = actor.get("key_id")
        keys = list_api_keys(uow, user.id) if key else []
    check_states(user, tenant)
    now = kernel.clock()
    if key and not any(each.id == key and (each.expires_at is None or each.expires_at > now) for each in keys):
        raise KeyRevoked
    identity = Identity(user.actor, tenant, key_id=key)
    scopes = actor.get("scopes")
    return identity if scopes is None else replace(identity, scopes=frozenset(scopes))
