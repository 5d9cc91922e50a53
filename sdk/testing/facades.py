"""What applets hold in their hands as `ctx.documents`, `ctx.registers` and so on, over the fake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.context import Lock, Page
from sdk.document import Document
from sdk.document_errors import DocumentNotFound
from sdk.event import Event
from sdk.registers import Balance, Movement, Question
from sdk.testing.documents import archive, create, delete, for_change, perform, read, restore, unarchive, update
from sdk.testing.events import emit
from sdk.testing.queries import find, find_all, get_many, query
from sdk.testing.registers import Where, stage, stage_reversal, sum_movements
from sdk.testing.reports import run
from sdk.testing.transaction import Transaction


@dataclass(frozen=True, slots=True)
class FakeDocuments:
    """`sdk.context.Documents`."""

    ctx: Transaction

    def get(self, type: str, id: str, *, lock: Lock = False) -> Document:
        if lock:
            return for_change(self.ctx, self.ctx.catalogue.type(type), id, "read", None)
        document = read(self.ctx, self.ctx.catalogue.type(type), id)
        if document.is_deleted:
            raise DocumentNotFound(resource=type, id=id)
        return document

    def get_many(self, wanted: Mapping[str, Iterable[str]]) -> Mapping[str, Document]:
        return get_many(self.ctx, wanted)

    def find(self, type: str, **fields: Any) -> Document | None:
        return find(self.ctx, type, fields)

    def find_all(self, type: str, **fields: Any) -> Sequence[Document]:
        return find_all(self.ctx, type, fields)

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
        return query(self.ctx, type, filter, parameters or {}, sort, limit, cursor)

    def create(
        self, type: str, data: Mapping[str, Any], *, company_id: str | None = None, perform: str | None = None
    ) -> Document:
        created = create(self.ctx, type, data, company_id)
        if perform is None:
            return created
        with self.ctx.undivided():
            return self.perform(type, created.id, perform)

    def coming_number(self, document: Document) -> str | None:
        return document.number

    def update(self, type: str, id: str, patch: Mapping[str, Any], *, version: int | None = None) -> Document:
        return update(self.ctx, type, id, patch, version)

    def delete(self, type: str, id: str, *, version: int | None = None) -> None:
        delete(self.ctx, type, id, version)

    def restore(self, type: str, id: str) -> Document:
        return restore(self.ctx, type, id)

    def archive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return archive(self.ctx, type, id, version)

    def unarchive(self, type: str, id: str, *, version: int | None = None) -> Document:
        return unarchive(self.ctx, type, id, version)

    def perform(
        self,
        type: str,
        id: str,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Document:
        return perform(self.ctx, type, id, action, arguments or {}, version)


@dataclass(frozen=True, slots=True)
class FakeRegisters:
    """`sdk.context.Registers`."""

    ctx: Transaction

    def record(
        self,
        document: Document,
        register: str,
        *,
        occurred_at: date | datetime,
        dimensions: Mapping[str, str],
        resources: Mapping[str, Decimal],
    ) -> None:
        movement = Movement(register, occurred_at, dict(dimensions), dict(resources), document.company_id)
        stage(self.ctx, document, movement)

    def reverse(self, document: Document, *, occurred_at: date | datetime | None = None) -> None:
        stage_reversal(self.ctx, document, occurred_at)

    def balance(
        self,
        register: str,
        *,
        at: date | datetime | None = None,
        where: Where | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        return sum_movements(self.ctx, register, None, at, where, group_by, company_id)

    def balances(self, *questions: Question) -> list[list[Balance]]:
        return [
            self.balance(one.register, at=one.at, where=one.where, group_by=one.group_by, company_id=one.company_id)
            for one in questions
        ]

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
        return sum_movements(self.ctx, register, since, until, where, group_by, company_id)


@dataclass(frozen=True, slots=True)
class FakeReports:
    """`sdk.context.Reports`."""

    ctx: Transaction

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        return run(self.ctx, name, parameters or {})


@dataclass(frozen=True, slots=True)
class FakeEvents:
    """`sdk.context.Events`."""

    ctx: Transaction

    def emit(self, type: str, document: Document, payload: Mapping[str, Any] | None = None) -> Event:
        return emit(self.ctx, type, document, payload or {})
