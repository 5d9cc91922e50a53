"""`ctx` in a worker: facts that came with the call, and requests for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgpack

from sandbox.frames import ELEVATED
from sandbox.values import PackedFacts, scalar_from
from sandbox.worker.logs import Log
from sdk.context import Actor, Lock, Page, Tenant
from sdk.document import Document
from sdk.event import Event
from sdk.registers import Balance, Question

# Asks the kernel: capability, arguments -> answer. Raises the error it answers with.
Ask = Callable[[str, list[Any]], Any]
Where = Mapping[str, str | Sequence[str]]


class _Room:
    """Verbs of one room of the context, as requests."""

    def __init__(self, ask: Ask, prefix: str) -> None:
        self._ask, self._prefix = ask, prefix

    def _request(self, verb: str, *arguments: Any) -> Any:
        return self._ask(f"{self._prefix}{verb}", list(arguments))


class Documents(_Room):
    """`sdk.context.Documents`."""

    def get(self, type: str, id: str, *, lock: Lock = False) -> Document:
        return self._document("documents.get", type, id, lock)

    def get_many(self, wanted: Mapping[str, Iterable[str]]) -> Mapping[str, Document]:
        ids = {type: list(some) for type, some in wanted.items()}
        found: dict[str, Document] = self._request("documents.get_many", ids)
        return found

    def find(self, type: str, **fields: Any) -> Document | None:
        found: Document | None = self._request("documents.find", type, fields)
        return found

    def find_all(self, type: str, **fields: Any) -> Sequence[Document]:
        return tuple(self._request("documents.find_all", type, fields))

    def query(
        self,
        type: str,
        filter: str = "",
        *,
        parameters: Mapping[str, Any] | None = None,
        sort: Sequence[str] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        given = [type, filter, dict(parameters or {}), list(sort), limit, cursor]
        items, following, titles = self._request("documents.query", *given)
        return Page(tuple(items), following, titles)

    def create(
        self, type: str, data: Mapping[str, Any], *, company_id: str | None = None, perform: str | None = None
    ) -> Document:
        return self._document("documents.create", type, dict(data), company_id, perform)

    def coming_number(self, document: Document) -> str | None:
        number: str | None = self._request("documents.coming_number", _named(document))
        return number

    def update(self, type: str, id: str, patch: Mapping[str, Any], *, version: int | None = None) -> Document:
        return self._document("documents.update", type, id, dict(patch), version)

    def delete(self, type: str, id: str, *, version: int | None = None) -> None:
        self._request("documents.delete", type, id, version)

    def restore(self, type: str, id: str) -> Document:
        return self._document("documents.restore", type, id)

    def archive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return self._document("documents.archive", type, id, version)

    def unarchive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return self._document("documents.unarchive", type, id, version)

    def perform(
        self,
        type: str,
        id: str,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Document:
        return self._document("documents.perform", type, id, action, dict(arguments or {}), version)

    def _document(self, verb: str, *arguments: Any) -> Document:
        document: Document = self._request(verb, *arguments)
        return document


class Registers(_Room):
    """`sdk.context.Registers`."""

    def record(
        self,
        document: Document,
        register: str,
        *,
        occurred_at: date | datetime,
        dimensions: Mapping[str, str],
        resources: Mapping[str, Decimal],
    ) -> None:
        given = [_named(document), register, occurred_at, dict(dimensions), dict(resources)]
        self._request("registers.record", *given)

    def reverse(self, document: Document, *, occurred_at: date | datetime | None = None) -> None:
        self._request("registers.reverse", _named(document), occurred_at)

    def balance(
        self,
        register: str,
        *,
        at: date | datetime | None = None,
        where: Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        given = [register, at, _where(where), list(group_by), company_id]
        return _balances(self._request("registers.balance", *given))

    def balances(self, *questions: Question) -> list[list[Balance]]:
        asked = [[q.register, q.at, _where(q.where), list(q.group_by), q.company_id] for q in questions]
        return [_balances(answer) for answer in self._request("registers.balances", asked)]

    def turnover(
        self,
        register: str,
        *,
        since: date | datetime | None,
        until: date | datetime | None,
        where: Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        given = [register, since, until, _where(where), list(group_by), company_id]
        return _balances(self._request("registers.turnover", *given))


class Reports(_Room):
    """`sdk.context.Reports`."""

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        return tuple(self._request("reports.run", name, dict(parameters or {})))


class Events(_Room):
    """`sdk.context.Events`."""

    def emit(self, type: str, document: Document, payload: Mapping[str, Any] | None = None) -> Event:
        event: Event = self._request("events.emit", type, _named(document), dict(payload or {}))
        return event


class Rooms:
    """The rooms of a context, for all calls of a worker: they hold nothing of any of them."""

    def __init__(self, ask: Ask, prefix: str = "") -> None:
        self.ask, self.prefix = ask, prefix
        self.documents, self.registers = Documents(ask, prefix), Registers(ask, prefix)
        self.reports, self.events = Reports(ask, prefix), Events(ask, prefix)
        self.elevated = self if prefix == ELEVATED else Rooms(ask, ELEVATED)


class WorkerContext:
    """`sdk.Context` for one call. settings: packed."""

    def __init__(self, facts: PackedFacts, settings: bytes | None, rooms: Rooms, log: Log) -> None:
        self._facts, self._packed, self._rooms = facts, settings, rooms
        self._settings: Mapping[str, Any] | None = None
        self.log = log
        self.documents, self.registers = rooms.documents, rooms.registers
        self.reports, self.events = rooms.reports, rooms.events

    @property
    def tenant(self) -> Tenant:
        return self._facts.tenant

    @property
    def company_id(self) -> str | None:
        return self._facts.company_id

    @property
    def actor(self) -> Actor:
        return self._facts.actor

    @property
    def now(self) -> datetime:
        return self._facts.now

    @property
    def today(self) -> date:
        return self._facts.today

    @property
    def settings(self) -> Mapping[str, Any]:
        # Read anew for each call that wants them: what one call does to them, the next must not see.
        if self._settings is None:
            packed = b"\x80" if self._packed is None else self._packed
            self._settings = MappingProxyType(msgpack.unpackb(packed, ext_hook=scalar_from))
        return self._settings

    @property
    def elevated(self) -> WorkerContext:
        return WorkerContext(self._facts, self._packed, self._rooms.elevated, self.log)

    def sequence(self, name: str) -> int:
        number: int = self._rooms.ask(f"{self._rooms.prefix}sequence", [name])
        return number

    def resolve(self, question: str, **arguments: Any) -> Any:
        return self._rooms.ask(f"{self._rooms.prefix}resolve", [question, arguments])


def _named(document: Document) -> list[str]:
    """A document of the call, or one that was asked for, by what the kernel finds it by."""
    if not isinstance(document, Document):
        raise TypeError("a document is wanted here")
    return [document.type, document.id]


def _where(where: Where | None) -> dict[str, Any] | None:
    if where is None:
        return None
    return {name: value if type(value) is str else list(value) for name, value in where.items()}


def _balances(answer: list[Any]) -> list[Balance]:
    return [Balance(dimensions, resources) for dimensions, resources in answer]
