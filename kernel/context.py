"""`ctx`: one transaction, one tenant, one actor, one applet; the kernel's implementation of `sdk.Context`."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import psycopg

from kernel.db.unit_of_work import UnitOfWork
from kernel.parts import Parts
from kernel.permissions import Permissions
from kernel.runtime import TenantRuntime
from kernel.series.service import next_number
from sdk.context import Actor, Documents, Events, Registers, Reports, Tenant
from sdk.document import Document
from sdk.registers import Movement


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """Where a change came from, as it is stored with its events."""

    request_id: str
    trace_id: str | None = None
    span_id: str | None = None
    address: str | None = None
    user_agent: str | None = None

    def as_json(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


class BulkWriter(Protocol):
    """See `kernel.documents.bulk_write`, which knows what a write is."""

    def take(self, change: Any) -> bool: ...


class RowsAhead(Protocol):
    """See `kernel.documents.ahead`, which knows what a row is."""

    def row(self, uow: UnitOfWork, id: str) -> Any: ...


@dataclass
class Work:
    """What is being gathered in this transaction until a document is written; shared by all its contexts.

    writing: ids of documents in the middle of being saved or acted upon. seen: others that were read together
    meanwhile. held: types by id of new documents not written yet. late: documents by what stands for their numbers;
    waiting: writes that a number is missing for. changed_types: those that caches are kept of.
    shared_at: how many savepoints were undone when definitions of own fields were locked, see definition_lock.py.
    bulk: takes writes that are to be one statement, during an import. ahead: finds what other deliveries of the same
    transaction are about as well.
    """

    staged: dict[str, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    writing: list[str] = field(default_factory=list)
    bound: dict[tuple[Any, ...], KernelContext] = field(default_factory=dict)
    seen: dict[str, Document] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    late: dict[str, Any] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    changed_types: set[str] = field(default_factory=set)
    shared_at: int | None = None
    bulk: BulkWriter | None = None
    ahead: RowsAhead | None = None

    def forget(self, document_id: str) -> None:
        """What was gathered for a document that is not written after all, and whatever waits to be written."""
        self.staged.pop(document_id, None)
        self.held.clear()
        self.late.clear()
        self.waiting.clear()


@dataclass(frozen=True)
class KernelContext:
    """See `sdk.Context`. `applet` is None outside of applet code; then `permissions` are the actor's own."""

    # Errors that a hook meets and has not made: lost connections, deadlocks, statements given up.
    passed_on: ClassVar = (psycopg.OperationalError, psycopg.InterfaceError)

    kernel: Parts
    uow: UnitOfWork
    runtime: TenantRuntime
    actor: Actor
    permissions: Permissions
    now: datetime
    correlation_id: str
    request: RequestRecord | None = None
    causation_id: str | None = None
    applet: str | None = None
    work: Work = field(default_factory=Work)
    # Of the request (an `auth.Identity`); None for operators and event handlers.
    identity: Any = None

    def bind(self, applet: str) -> KernelContext:
        """This context as code of `applet` has it: its own data, and of the rest what both it and the actor may."""
        return self._bound(applet, "bound", self.permissions)

    @property
    def elevated(self) -> KernelContext:
        """Under the capabilities of the applet alone; outside of applet code nothing is gained."""
        if self.applet is None:
            return self
        return self._bound(self.applet, "elevated", Permissions.unrestricted())

    def _bound(self, applet: str, how: str, base: Permissions) -> KernelContext:
        key = (applet, how, id(base))
        found = self.work.bound.get(key)
        if found is None:
            capabilities = self.runtime.capabilities.get(applet, ())
            permissions = base.limited_by_capabilities(applet, capabilities)
            found = self.work.bound[key] = replace(self, applet=applet, permissions=permissions)
        return found

    @property
    def watch(self) -> Callable[..., Any]:
        """What calls hooks: see `sdk.hookset` and kernel/breaker."""
        return self.kernel.breaker.call

    @property
    def tenant(self) -> Tenant:
        return self.runtime.tenant.tenant

    @property
    def company_id(self) -> str | None:
        """The actor's company when there is one only, else the tenant's when that has one only."""
        companies = self.actor.companies or tuple(self.runtime.companies)
        return companies[0] if len(companies) == 1 else None

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.runtime.tenant.timezone)).date()

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.runtime.settings.get(self.applet or "kernel", {})

    @property
    def documents(self) -> Documents:
        return self.kernel.facades.documents(self)

    @property
    def registers(self) -> Registers:
        return self.kernel.facades.registers(self)

    @property
    def reports(self) -> Reports:
        return self.kernel.facades.reports(self)

    @property
    def events(self) -> Events:
        return self.kernel.facades.events(self)

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        return logging.LoggerAdapter(logging.getLogger(f"bos.applet.{self.applet or 'kernel'}"), {})

    def sequence(self, name: str) -> int:
        # Apart from the series of document types: those of plain numbers are advanced beside this transaction, and
        # would wait for it for ever if it held the row.
        return next_number(self.uow, f"sequence {self.applet or 'kernel'}.{name}", None, "")

    def resolve(self, question: str, **arguments: Any) -> Any:
        return self.runtime.catalogue.hooks.resolve(question, ctx=self, **arguments)

    @contextmanager
    def writing(self, document: Document) -> Iterator[None]:
        """While `document` is being saved; movements may be recorded for it, and are forgotten when that fails."""
        writing = self.work.writing
        writing.append(document.id)
        depth = len(writing)
        try:
            with self.undivided():
                yield
        except BaseException:
            self.work.forget(document.id)
            raise
        finally:
            del writing[depth - 1 :]
            if not writing:
                self.work.seen.clear()

    @contextmanager
    def undivided(self) -> Iterator[None]:
        """A failure inside dooms the transaction: code that swallowed the error could otherwise commit half of it."""
        try:
            yield
        except BaseException:
            self.uow.doom()
            raise

    def announce_deliveries(self) -> None:
        """Wake the worker of this process: a committed transaction has left deliveries."""
        for listener in self.kernel.on_deliveries:
            listener(self.runtime.tenant)

    def announce_changes(self) -> None:
        """Note for the upkeep that a committed transaction has changed something that is searched."""
        for listener in self.kernel.on_changes:
            listener(self.runtime.tenant)

    def scope(self) -> dict[str, Any]:
        """What every expression may name beside the document's fields."""
        return dict(self._scope)

    @cached_property
    def _scope(self) -> Mapping[str, Any]:
        return {"actor": describe_actor(self.actor, self.permissions), "today": self.today}


def describe_actor(actor: Actor, permissions: Permissions) -> dict[str, Any]:
    """What `actor` is in expressions."""
    return {
        "id": actor.id,
        "kind": actor.kind,
        "email": actor.email,
        "companies": list(actor.companies),
        "roles": list(permissions.roles),
    }
