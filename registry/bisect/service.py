"""Runs a failing request again and again on a copy of the tenant, each time with other applets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import FastAPI

from kernel.auth.records import Identity
from kernel.auth.users import find_user_by_email
from kernel.backup.cloning import clone_tenant
from kernel.backup.importing import ImportWish
from kernel.cli.errors import UserNotThere
from kernel.context import KernelContext, RequestRecord
from kernel.db.rehearsal import RehearsedDatabase
from kernel.db.unit_of_work import UnitOfWork
from kernel.http.app import API_PREFIX, create_app
from kernel.http.inside import Outcome, request_inside
from kernel.main import OPERATOR, Kernel
from kernel.runtime import Runtimes
from kernel.safe_mode import shipped_applets
from kernel.series.service import NumberBlocks
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import TenantService
from registry.bisect.errors import RequestSucceeds
from registry.bisect.search import close_over, find_culprits
from sdk.identifiers import new_id

_READ_ENABLED = "SELECT name FROM {t}.applets WHERE state = 'enabled' ORDER BY name"


@dataclass(frozen=True, slots=True)
class FailingRequest:
    """path: as a client sends it, with its query. body: JSON, None for none. headers: `If-Match`, say."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One run. applets: those of the candidates that were on."""

    applets: tuple[str, ...]
    outcome: Outcome
    is_same: bool

    def as_json(self) -> dict[str, Any]:
        return {"applets": self.applets, "outcome": str(self.outcome), "is_same": self.is_same}


@dataclass(frozen=True, slots=True)
class Verdict:
    """culprits: none, when it fails without any candidate too; several, when only together they make it fail."""

    outcome: Outcome
    candidates: tuple[str, ...]
    culprits: tuple[str, ...]
    trials: tuple[Trial, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.outcome.status,
            "code": self.outcome.code,
            "candidates": self.candidates,
            "culprits": self.culprits,
            "is_an_applet": bool(self.culprits),
            "trials": [trial.as_json() for trial in self.trials],
        }


class RehearsalKernel(Kernel):
    """Commits nothing of a tenant's; the operator may send requests."""

    def context(self, uow: UnitOfWork, identity: Identity, request: RequestRecord | None = None) -> KernelContext:
        if identity.actor.kind == OPERATOR.kind:
            return replace(self.operator_context(uow), request=request)
        return super().context(uow, identity, request)


def bisect_request(
    kernel: Kernel,
    tenant: TenantRecord,
    request: FailingRequest,
    *,
    email: str | None = None,
    has_shipped: bool = False,
    tell: Callable[[Trial], None] = lambda trial: None,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> Verdict:
    """Copy the tenant, and find the applets because of which the request fails there. The copy is dropped again.

    has_shipped: look among the applets that come with Bos too. Raises RequestSucceeds, UserNotThere.
    """
    with _copied(kernel, tenant, progress) as copy:
        return _Bisection(kernel, copy, request, email, has_shipped, tell).run(tenant)


@contextmanager
def _copied(kernel: Kernel, tenant: TenantRecord, progress: Callable[[str, int], None]) -> Iterator[TenantRecord]:
    """Suspended from its first moment on: no worker delivers anything of it, nobody can log in."""
    name = f"bisect_{new_id()[-8:]}"
    copy = clone_tenant(kernel, tenant.name, ImportWish(name, is_suspended=True), progress).tenant
    try:
        with kernel.database.transaction(copy) as uow:
            # What has been suspended must fail as it did.
            uow.execute("UPDATE {t}.applets SET suspensions = NULL")
            uow.commit()
        yield copy
    finally:
        TenantService(kernel.database, kernel.directory, kernel.installation).drop_tenant(copy.name)


class _Bisection:
    def __init__(
        self,
        kernel: Kernel,
        copy: TenantRecord,
        request: FailingRequest,
        email: str | None,
        has_shipped: bool,
        tell: Callable[[Trial], None],
    ) -> None:
        self._copy, self._request, self._tell = copy, request, tell
        self._left_out: frozenset[str] = frozenset()
        self._kernel = RehearsalKernel(
            **{name: getattr(kernel, name) for name in ("installation", "plugins", "directory", "facades")},
            **{name: getattr(kernel, name) for name in ("clock", "rates", "quotas", "keyring")},
            # It fails again and again on purpose; a suspension would be another failure than that which is looked for.
            settings=kernel.settings.model_copy(update={"hook_failures_max": sys.maxsize}),
            database=RehearsedDatabase(kernel.database),
            runtimes=self._runtimes(kernel),
            numbers=NumberBlocks(),
        )
        self._original = kernel
        self._has_shipped = has_shipped
        self._identity = self._find_identity(email)
        self._trials: list[Trial] = []

    def run(self, tenant: TenantRecord) -> Verdict:
        """See `bisect_request`."""
        self._app: FastAPI = create_app(self._kernel, has_worker=False)
        try:
            return self._search(tenant)
        finally:
            self._kernel.breaker.close()

    def _search(self, tenant: TenantRecord) -> Verdict:
        enabled, requires = self._applets()
        owner = self._owner(enabled)
        base = close_over({owner} if owner else set(), requires)
        shipped = frozenset() if self._has_shipped else shipped_applets(self._kernel.settings)
        candidates = [name for name in enabled if name not in shipped]
        outcome = self._try(frozenset())
        if not outcome.is_failure:
            raise RequestSucceeds(tenant=tenant.name, outcome=str(outcome))

        def fails(chosen: frozenset[str]) -> bool:
            on = chosen | (base & frozenset(candidates))
            left_out = frozenset(candidates) - on
            trial_outcome = self._try(left_out)
            trial = Trial(tuple(n for n in candidates if n in on), trial_outcome, trial_outcome == outcome)
            self._trials.append(trial)
            self._tell(trial)
            return trial.is_same

        others = [name for name in candidates if name not in base]
        among = {name: frozenset(requires[name]) & frozenset(others) for name in others}
        kept = tuple(name for name in candidates if name in base)
        # The applet the request is for cannot be left out: its documents would be gone.
        culprits = kept if fails(frozenset()) else find_culprits(others, among, fails)
        return Verdict(outcome, tuple(candidates), culprits, tuple(self._trials))

    def _try(self, left_out: frozenset[str]) -> Outcome:
        self._left_out = left_out
        self._kernel.runtimes = self._runtimes(self._kernel)
        request = self._request
        return request_inside(
            self._app, self._identity, request.method, request.path, request.body, headers=request.headers
        )

    def _runtimes(self, kernel: Kernel) -> Runtimes:
        return Runtimes(kernel.plugins, kernel.database, lambda tenant, applet: applet in self._left_out)

    def _applets(self) -> tuple[Sequence[str], dict[str, frozenset[str]]]:
        """Names of the enabled ones, required ones first, and what each requires; those that cannot run come last."""
        with self._kernel.database.transaction(self._copy) as uow:
            names = [name for (name,) in uow.execute(_READ_ENABLED)]
            catalogue = self._kernel.runtimes.build(uow).catalogue
        requires = {a.name: frozenset(a.manifest.requires.applets) for a in catalogue.applets if a.name in names}
        ordered = [*requires, *(name for name in names if name not in requires)]
        return ordered, {name: requires.get(name, frozenset()) for name in ordered}

    def _owner(self, enabled: Sequence[str]) -> str | None:
        first = self._request.path.removeprefix(API_PREFIX).strip("/").split("/")[0]
        return first if first in enabled else None

    def _find_identity(self, email: str | None) -> Identity:
        if email is None:
            return Identity(OPERATOR, self._copy)
        with self._original.database.platform() as uow:
            user = find_user_by_email(uow, self._copy.name, email)
        if user is None:
            raise UserNotThere(email=email, tenant=self._copy.name)
        return Identity(user.actor, self._copy)
