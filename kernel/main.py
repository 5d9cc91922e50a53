"""The composition root: everything is built here once and handed on. Tests call the same function."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pluggy

from kernel.context import KernelContext, RequestRecord
from kernel.db.database import Database
from kernel.db.migrate import migrate_platform
from kernel.db.unit_of_work import UnitOfWork
from kernel.facades import DocumentsFacade, EventsFacade, RegistersFacade, ReportsFacade
from kernel.limits.buckets import RateLimits
from kernel.limits.measures import check_plans
from kernel.limits.quotas import Quotas
from kernel.parts import Clock, Facades, Parts
from kernel.permissions import Permissions
from kernel.permissions.service import compile_for
from kernel.runtime import Runtimes, TenantRuntime
from kernel.safe_mode import leaves_out
from kernel.secrets.keyring import Keyring
from kernel.settings import Settings
from kernel.tenancy.directory import Directory
from kernel.tenancy.record import TenantRecord
from sdk import hookspecs
from sdk.context import Actor
from sdk.identifiers import new_id

FACADES = Facades(DocumentsFacade, RegistersFacade, ReportsFacade, EventsFacade)
OPERATOR = Actor(id="operator", kind="operator", name="Operator")


def utc_now() -> datetime:
    """The clock of a real installation."""
    return datetime.now(UTC)


class Kernel(Parts):
    """The parts, and the contexts work is done in."""

    def context(self, uow: UnitOfWork, identity: Any, request: RequestRecord | None = None) -> KernelContext:
        """The context of an authenticated request (an `auth.Identity`)."""
        runtime = self.runtimes.get(uow)
        permissions, actor = compile_for(uow, runtime, identity.actor)
        if identity.scopes is not None:
            permissions = permissions.limited_by(identity.scopes)
        return self._context(uow, runtime, actor, permissions, request, identity=identity)

    @contextmanager
    def operate(self, tenant: TenantRecord, *, actor: Actor = OPERATOR) -> Iterator[KernelContext]:
        """A transaction of the operator, who may do everything; commits at the end unless it raises."""
        with self.database.transaction(tenant) as uow:
            yield self.operator_context(uow, actor)
            uow.commit()

    def operator_context(self, uow: UnitOfWork, actor: Actor = OPERATOR) -> KernelContext:
        """The operator's context in a unit of work whose commit is the caller's."""
        return self._context(uow, self.runtimes.get(uow), actor, Permissions.unrestricted(), None)

    def deliver_context(self, uow: UnitOfWork, applet: str, correlation_id: str, causation_id: str) -> KernelContext:
        """The context of an event handler: the applet is the actor, its capabilities are all it has."""
        runtime = self.runtimes.get(uow)
        actor = Actor(id=f"applet:{applet}", kind="applet", name=applet)
        base = self._context(uow, runtime, actor, Permissions.unrestricted(), None, correlation_id, causation_id)
        return base.bind(applet)

    def _context(
        self,
        uow: UnitOfWork,
        runtime: TenantRuntime,
        actor: Actor,
        permissions: Permissions,
        request: RequestRecord | None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        identity: Any = None,
    ) -> KernelContext:
        return KernelContext(
            kernel=self,
            uow=uow,
            runtime=runtime,
            actor=actor,
            permissions=permissions,
            now=self.clock(),
            correlation_id=correlation_id or new_id(),
            request=request,
            causation_id=causation_id,
            identity=identity,
        )


def build_kernel(settings: Settings, owner_dsn: str, *, clock: Clock = utc_now) -> Kernel:
    """Migrate the platform schema of every database and put the parts together."""
    database = Database(
        owner_dsn,
        databases=settings.databases,
        pool_size_max=settings.pool_size_max,
        statement_timeout_ms=settings.statement_timeout_ms,
        replicas=settings.replicas,
        replica_lag_max_ms=settings.replica_lag_max_ms,
    )
    installations = []
    for name in database.names:
        with database.owner(name) as connection:
            installations.append(migrate_platform(connection))
    plugins = load_system_plugins(settings)
    return Kernel(
        settings=settings,
        database=database,
        installation=installations[0],
        plugins=plugins,
        runtimes=Runtimes(plugins, database, leaves_out(settings)),
        directory=Directory(database),
        facades=FACADES,
        clock=clock,
        rates=RateLimits(database, clock),
        quotas=Quotas(check_plans(settings.plans), database),
        keyring=Keyring(settings),
    )


def load_system_plugins(settings: Settings) -> pluggy.PluginManager:
    """Import and register the modules the settings name, as a third party's would be; misspelt hooks are refused."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in settings.system_plugins:
        module = importlib.import_module(name)
        plugin = module.create_plugin(settings) if hasattr(module, "create_plugin") else module
        manager.register(plugin, name)
    manager.check_pending()
    return manager
