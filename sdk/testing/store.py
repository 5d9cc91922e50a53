"""What the fake keeps instead of tables, and how a transaction gets all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sdk.document import Document
from sdk.event import Event
from sdk.registers import Movement
from sdk.schema import Link


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event one subscriber is still to hear of. state: `pending` or `dead`."""

    id: int
    subscriber: str
    event: Event
    state: str = "pending"
    attempts: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement as written, and the document that made it."""

    document_id: str
    movement: Movement


# (type, field path, company id or "", value) of every unique value in use, with the document that has it.
Key = tuple[str, str, str, str]


@dataclass
class Tables:
    """The data of one tenant. Everything in the containers is never changed, only replaced."""

    documents: dict[str, Document] = field(default_factory=dict)
    keys: dict[Key, str] = field(default_factory=dict)
    links: dict[str, tuple[Link, ...]] = field(default_factory=dict)
    # The keep-box of documents that were cast from another version of their type.
    kept: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    series: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def copy(self) -> Tables:
        return Tables(**{name: container.copy() for name, container in vars(self).items()})


@dataclass
class Store:
    """The tables and the transaction at work on them."""

    tables: Tables = field(default_factory=Tables)
    is_open: bool = False
    is_doomed: bool = False
    delivery_count: int = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything that happens inside, or nothing when it raises. One at a time: there are no threads here."""
        if self.is_open:
            raise RuntimeError("the fake runs one transaction at a time: use the ctx of the one that is open")
        before = self.tables.copy()
        self.is_open, self.is_doomed = True, False
        try:
            yield
            if self.is_doomed:
                raise RuntimeError("a write failed and its error was swallowed: the transaction cannot be committed")
        except BaseException:
            self.tables = before
            raise
        finally:
            self.is_open = False

    def next_number(self, name: str, company_id: str | None, period: str) -> int:
        """Advance a series."""
        key = (name, company_id or "", period)
        self.tables.series[key] = self.tables.series.get(key, 0) + 1
        return self.tables.series[key]

    def add_event(self, event: Event, subscribers: tuple[str, ...]) -> Event:
        """Append an event and queue it for its subscribers."""
        written = replace(event, position=len(self.tables.events) + 1)
        self.tables.events.append(written)
        for subscriber in subscribers:
            self.delivery_count += 1
            self.tables.deliveries.append(Delivery(self.delivery_count, subscriber, written))
        return written

    def linking_to(self, id: str) -> list[tuple[Document, Link]]:
        """Documents that are not deleted and link to this one, with the links; its own links do not count."""
        return [
            (self.tables.documents[source], link)
            for source, links in self.tables.links.items()
            for link in links
            if link.id == id and source != id
        ]
