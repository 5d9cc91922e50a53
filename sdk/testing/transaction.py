"""What the rooms of the fake work in: one transaction of one actor, without the facades applets see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sdk.catalogue import Catalogue
from sdk.context import Actor, Tenant
from sdk.document import Document
from sdk.manifest import Manifest
from sdk.registers import Movement
from sdk.testing.permissions import Permissions
from sdk.testing.store import Store


class Installation(Protocol):
    """What a transaction asks of the kernel it runs in."""

    store: Store
    catalogue: Catalogue
    tenant: Tenant
    today: date

    def company_ids(self) -> Sequence[str]: ...
    def settings_of(self, name: str) -> Mapping[str, Any]: ...
    def manifest_of(self, name: str) -> Manifest: ...


@dataclass
class Work:
    """What is gathered in a transaction until a document is written; shared by all its contexts."""

    staged: dict[str, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    writing: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Transaction:
    """applet is None outside of applet code."""

    kernel: Installation
    actor: Actor
    permissions: Permissions
    now: datetime
    correlation_id: str
    causation_id: str | None = None
    applet: str | None = None
    work: Work = field(default_factory=Work)

    @property
    def store(self) -> Store:
        return self.kernel.store

    @property
    def catalogue(self) -> Catalogue:
        return self.kernel.catalogue

    @property
    def company_id(self) -> str | None:
        """The actor's company when there is one only, else the tenant's when that has one only."""
        companies = self.actor.companies or self.kernel.company_ids()
        return companies[0] if len(companies) == 1 else None

    @property
    def today(self) -> date:
        return self.kernel.today

    @contextmanager
    def writing(self, document: Document) -> Iterator[None]:
        """While `document` is being saved. A failure dooms the transaction: half a write is never committed."""
        self.work.writing.add(document.id)
        try:
            with self.undivided():
                yield
        finally:
            self.work.writing.discard(document.id)
            self.work.staged.pop(document.id, None)

    @contextmanager
    def undivided(self) -> Iterator[None]:
        """A failure inside dooms the transaction."""
        try:
            yield
        except BaseException:
            self.store.is_doomed = True
            raise

    def scope(self) -> dict[str, Any]:
        """What every expression may name beside the document's fields."""
        actor = {"id": self.actor.id, "kind": self.actor.kind, "email": self.actor.email}
        return {"actor": {**actor, "companies": list(self.actor.companies)}, "today": self.today}
