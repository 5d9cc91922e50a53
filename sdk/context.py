"""`ctx`, all that an applet has of the world. The kernel implements it, and so does the fake of `sdk.testing`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from sdk.document import Document
from sdk.event import Event
from sdk.registers import Balance, Question

Lock = bool | Literal["shared"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. kind: `user`, `key` (a service API key), `applet` (an event handler) or `operator` (the CLI)."""

    id: str
    kind: str
    email: str = ""
    name: str = ""
    companies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenant:
    """The isolated customer. currency: ISO 4217 code; timezone: IANA name; locale: BCP 47 tag."""

    id: str
    name: str
    title: str
    currency: str
    timezone: str
    locale: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `cursor` asks for the next page and is None on the last one.

    titles: for each document the page's link fields point to, its title by its id.
    """

    items: tuple[Document, ...]
    cursor: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)


class Documents(Protocol):
    """Documents within the permissions at hand. All raise `Forbidden`, `NotFound`, `Invalid` and `Conflict` leaves."""

    def get(self, type: str, id: str, *, lock: Lock = False) -> Document:
        """The document, or NotFound. lock: as it is now, and nobody else changes it until this transaction ends.

        `"shared"` lets others hold it so at the same time: for what must stay as it is, such as an open period.
        """

    def get_many(self, wanted: Mapping[str, Iterable[str]]) -> Mapping[str, Document]:
        """Documents by id, of several types at once: wanted holds ids by type. What is not there is left out.

        One round trip for all of them. While a document is being saved, `get` gives them once more without any.
        """

    def find(self, type: str, **fields: Any) -> Document | None:
        """The one document with these field values, None where there is none; Conflict where there are several."""

    def find_all(self, type: str, **fields: Any) -> Sequence[Document]:
        """All documents with these field values, oldest first; TooManyFound above 500 of them."""

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
        """Documents a filter expression holds for. Values come as `parameters`, named `param.<name>` in the filter.

        sort: field names, a leading `-` turns the order. limit: 1 to 500. Archived documents are among them: what
        is put away out of sight still counts.
        """

    def create(
        self, type: str, data: Mapping[str, Any], *, company_id: str | None = None, perform: str | None = None
    ) -> Document:
        """Create, in the transaction at hand. perform: an action, without arguments, that follows at once.

        Both happen as if one after the other, hooks, permissions and events alike; the document is written once.
        """

    def coming_number(self, document: Document) -> str | None:
        """The number of a document that is being acted upon, as text to be put into other documents' fields.

        A gapless number is everybody's turn in a queue, and reading `document.number` takes that turn at once. This
        leaves it to the moment of the write: what is answered may be a placeholder that the kernel fills in there, so
        it must not be compared, cut or shown.
        """

    def update(self, type: str, id: str, patch: Mapping[str, Any], *, version: int | None = None) -> Document:
        """Apply a merge patch (RFC 7386): None removes a field, lists are replaced whole."""

    def delete(self, type: str, id: str, *, version: int | None = None) -> None:
        """Mark as deleted (restorable); refused while another document links to it."""

    def restore(self, type: str, id: str) -> Document:
        """Undo a delete. The hooks of a save run, with the deleted document as `previous`."""

    def archive(self, type: str, id: str, *, version: int | None = None) -> Document:
        """Put away: still read and linked to, but left out of people's lists, and not changed until unarchived."""

    def unarchive(self, type: str, id: str, *, version: int | None = None) -> Document:
        """Take it back out."""

    def perform(
        self,
        type: str,
        id: str,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Document:
        """Perform an action of the type's state machine."""


class Registers(Protocol):
    """Accumulation registers: movements are written with the document that causes them."""

    def record(
        self,
        document: Document,
        register: str,
        *,
        occurred_at: date | datetime,
        dimensions: Mapping[str, str],
        resources: Mapping[str, Decimal],
    ) -> None:
        """Stage one movement of `document`, which must be in the middle of being saved or acted upon."""

    def reverse(self, document: Document, *, occurred_at: date | datetime | None = None) -> None:
        """Stage the opposite of all movements `document` has made; at their own moments unless one is given."""

    def balance(
        self,
        register: str,
        *,
        at: date | datetime | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        """Sums of all movements up to and including `at` (a date means its whole day; None: everything)."""

    def balances(self, *questions: Question) -> list[list[Balance]]:
        """The answers of `balance` to several questions, as of one moment.

        What others commit meanwhile is in all of them or in none, so that they may be compared with each other.
        """

    def turnover(
        self,
        register: str,
        *,
        since: date | datetime | None,
        until: date | datetime | None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        group_by: Sequence[str] = (),
        company_id: str | None = None,
    ) -> list[Balance]:
        """Sums of the movements from `since` to `until`, both inclusive."""


class Reports(Protocol):
    """Declared reports, run under the permissions at hand."""

    def run(self, name: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        """The report's rows; amounts are Decimals."""


class Events(Protocol):
    """The applet's own events."""

    def emit(self, type: str, document: Document, payload: Mapping[str, Any] | None = None) -> Event:
        """Append an event of the applet's own namespace about `document`, in the transaction at hand."""


class Context(Protocol):
    """Given to every hook as `ctx`; bound to one transaction, one tenant, one actor and one applet."""

    @property
    def tenant(self) -> Tenant: ...
    @property
    def company_id(self) -> str | None:
        """The company new documents belong to unless they name another."""

    @property
    def actor(self) -> Actor: ...
    @property
    def now(self) -> datetime:
        """This transaction's instant, UTC."""

    @property
    def today(self) -> date:
        """The date of `now` in the tenant's time zone."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The applet's settings of this tenant over the defaults its `settings.json` gives."""

    @property
    def documents(self) -> Documents: ...
    @property
    def registers(self) -> Registers: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def events(self) -> Events: ...
    @property
    def log(self) -> logging.LoggerAdapter[Any]: ...
    @property
    def elevated(self) -> Context:
        """The same context under the applet's granted capabilities alone, without the user's permissions.

        What is done through it is recorded with the user as actor and the applet beside it.
        """

    def sequence(self, name: str) -> int:
        """The next number of the applet's own gapless sequence `name`, from 1."""

    def resolve(self, question: str, **arguments: Any) -> Any:
        """Ask the `resolve_<question>` hook: the first answer that is not None, or None."""
