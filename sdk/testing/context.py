"""`ctx` over the fake: the same protocol, one transaction, one actor and one applet."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sdk.catalogue import Catalogue
from sdk.context import Actor, Tenant
from sdk.document import Document
from sdk.registers import Movement
from sdk.testing.facades import FakeDocuments, FakeEvents, FakeRegisters, FakeReports
from sdk.testing.permissions import Permissions
from sdk.testing.store import Store

if TYPE_CHECKING:
    from sdk.testing.kernel import FakeKernel


@dataclass
class Work:
    """What is gathered in a transaction until a document is written; shared by all its contexts."""

    staged: dict[str, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    writing: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class FakeContext:
    """See `sdk.Context`. applet is None outside of applet code."""

    kernel: FakeKernel
    actor: Actor
    permissions: Permissions
    now: datetime
    correlation_id: str
    causation_id: str | None = None
    applet: str | None = None
    work: Work = field(default_factory=Work)

    def bind(self, applet: str) -> FakeContext:
        """This context as code of `applet` has it: what both the actor and the applet may."""
        manifest = self.kernel.manifest_of(applet)
        return replace(self, applet=applet, permissions=Permissions(self.permissions.allow, manifest))

    @property
    def elevated(self) -> FakeContext:
        """Under the capabilities of the applet alone; outside of applet code nothing is gained."""
        if self.applet is None:
            return self
        return replace(self, permissions=Permissions(None, self.permissions.manifest))

    @property
    def store(self) -> Store:
        return self.kernel.store

    @property
    def catalogue(self) -> Catalogue:
        return self.kernel.catalogue

    @property
    def tenant(self) -> Tenant:
        return self.kernel.tenant

    @property
    def company_id(self) -> str | None:
        """The actor's company when there is one only, else the tenant's when that has one only."""
        companies = self.actor.companies or self.kernel.company_ids()
        return companies[0] if len(companies) == 1 else None

    @property
    def today(self) -> date:
        return self.kernel.today

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.kernel.settings_of(self.applet or "kernel")

    @property
    def documents(self) -> FakeDocuments:
        return FakeDocuments(self)

    @property
    def registers(self) -> FakeRegisters:
        return FakeRegisters(self)

    @property
    def reports(self) -> FakeReports:
        return FakeReports(self)

    @property
    def events(self) -> FakeEvents:
        return FakeEvents(self)

    @property
    def log(self) -> logging.LoggerAdapter[Any]:
        return logging.LoggerAdapter(logging.getLogger(f"bos.applet.{self.applet or 'kernel'}"), {})

    def sequence(self, name: str) -> int:
        return self.store.next_number(f"{self.applet or 'kernel'}.{name}", None, "")

    def resolve(self, question: str, **arguments: Any) -> Any:
        return self.catalogue.hooks.resolve(question, ctx=self, **arguments)

    @contextmanager
    def writing(self, document: Document) -> Iterator[None]:
        """While `document` is being saved. A failure dooms the transaction: half a write is never committed."""
        self.work.writing.add(document.id)
        try:
            yield
        except BaseException:
            self.store.is_doomed = True
            raise
        finally:
            self.work.writing.discard(document.id)
            self.work.staged.pop(document.id, None)

    def scope(self) -> dict[str, Any]:
        """What every expression may name beside the document's fields."""
        actor = {"id": self.actor.id, "kind": self.actor.kind, "email": self.actor.email}
        return {"actor": {**actor, "companies": list(self.actor.companies)}, "today": self.today}
