"""The one statement of a write: document, keys, links, event, deliveries and movements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import orjson
import psycopg

from kernel.db.arrays import array_text
from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.statements import Shape, statement
from kernel.secrets.subject_keys import SubjectKey
from sdk.document import Document
from sdk.document_errors import CompanyRequired, LinkBroken, UniqueKeyTaken
from sdk.errors import StaleVersion, Violation
from sdk.event import Event
from sdk.schema import Link

# (field path, company id or the nil id, value).
Key = tuple[str, str, str]
# A value that begins so is the mark of an encrypted one.
MARKED = "blind "


@dataclass
class Write:
    """Everything one write brings. keys and links: new ones.

    Only what changes is listed: `keys_gone`, `links_gone` are those of the version before that are no more.
    movements: column arrays as `kernel.registers.service.write_columns` gives them, empty when there are none.
    joins_company: the document was not there before and belongs to a company, which must be there still.
    coming: types by id of what it may link to although it is written only later in the transaction. following: the
    event after `event`, when a new document was acted upon before it was written. cipher_keys: of the personal values
    in the events. number: of the document, or what stands for it. numbers: those taken by now, by what stands for them.
    box: the keep-box from now on, alone in a tuple where it is written at all. names: present names of fields by those
    that keys and links have, where they differ.
    """

    document: Document
    data: Mapping[str, Any]
    event: Event
    request: Mapping[str, Any] | None = None
    subscribers: Sequence[str] = ()
    keys: Sequence[Key] = ()
    keys_gone: Sequence[Key] = ()
    links: Sequence[Link] = ()
    links_gone: Sequence[Link] = ()
    movements: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    joins_company: bool = False
    is_new: bool = False
    coming: Mapping[str, str] = field(default_factory=dict)
    following: Event | None = None
    following_subscribers: Sequence[str] = ()
    cipher_keys: Sequence[SubjectKey] = ()
    number: str | None = None
    numbers: Mapping[str, str] = field(default_factory=dict)
    box: tuple[Mapping[str, Any] | None] | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def text(self, value: Mapping[str, Any]) -> str:
        """As JSON, with the numbers that were taken since."""
        text = orjson.dumps(value).decode()
        for token, number in self.numbers.items():
            text = text.replace(token, number)
        return text


@dataclass(frozen=True)
class Numbering:
    """A series that the statement advances. token: what its number takes the place of, in all that is written."""

    token: str
    series: str
    company_id: str
    period: str
    before: str
    digits: int
    after: str

    def parameters(self) -> dict[str, Any]:
        return {f"number_{field.name}": getattr(self, field.name) for field in fields(self)}


def write(uow: UnitOfWork, changes: Sequence[Write], numbering: Numbering | None = None) -> int | None:
    """Write them by one statement. Answers the value of the series.

    Raises StaleVersion, LinkBroken, UniqueKeyTaken, CompanyRequired.
    """
    sql, names = statement(tuple(map(_shape, changes)), is_numbering=numbering is not None)
    parameters = _parameters(changes[0]) if len(changes) == 1 else _parameters_of_all(changes)
    if numbering is not None:
        parameters |= numbering.parameters()
    try:
        row = uow.execute_raw(sql, [parameters[name] for name in names]).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise _taken(changes, error) from None
    assert row is not None
    for change, position in zip(changes, row, strict=False):
        if position is None:
            raise _not_written(uow, change)
    return row[-1] if numbering is not None else None


def _shape(change: Write) -> Shape:
    """What of it decides the text of its statement; few occur, so that each stays prepared."""
    return (
        change.is_new,
        bool(change.links),
        bool(change.links_gone),
        bool(change.keys),
        bool(change.keys_gone),
        bool(change.subscribers or change.following_subscribers),
        tuple(change.movements),
        change.joins_company,
        change.following is not None,
        bool(change.cipher_keys),
        change.box is not None,
    )


def _parameters(change: Write) -> dict[str, Any]:
    document, event = change.document, change.event
    parameters: dict[str, Any] = {
        "id": document.id,
        "type": document.type,
        "company_id": document.company_id,
        "version": document.version,
        "schema_version": document.schema_version,
        "state": document.state,
        "number": change.number,
        "data": change.text(change.data),
        "at": document.updated_at,
        "by": document.updated_by,
        "deleted_at": document.deleted_at,
        "archived_at": document.archived_at,
        "event_id": event.id,
        "event_type": event.type,
        "event_version": event.version,
        "applet": event.applet,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "request": orjson.dumps(change.request).decode() if change.request else None,
        "payload": change.text(event.payload),
    }
    if change.following is not None:
        parameters |= {
            "following_id": change.following.id,
            "following_type": change.following.type,
            "following_payload": change.text(change.following.payload),
            "following_subscribers": array_text(change.following_subscribers),
        }
    if change.box is not None:
        parameters["kept"] = orjson.dumps(change.box[0]).decode() if change.box[0] else None
    if change.subscribers or change.following_subscribers:
        parameters["subscribers"] = array_text(change.subscribers)
    if change.cipher_keys:
        parameters |= _columns(
            ("cipher_ids", "cipher_subjects", "cipher_wrapped", "cipher_wrapped_by"), change.cipher_keys
        )
    if change.links:
        checked = [(link.id, link.target) for link in change.links if link.id not in change.coming]
        parameters |= _columns(("link_fields", "", "link_ids"), change.links)
        parameters |= _columns(("check_ids", "check_types"), checked)
    if change.links_gone:
        parameters |= _columns(("unlink_fields", "", "unlink_ids"), change.links_gone)
    if change.keys:
        parameters |= _columns(("key_fields", "key_companies", "key_values"), change.keys)
    if change.keys_gone:
        parameters |= _columns(("gone_fields", "", "gone_values"), change.keys_gone)
    return parameters | {f"m_{name}": array_text(values) for name, values in change.movements.items()}


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
    """Arrays by name, one for each column; columns without a name are left out."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: array_text(values) for name, values in zip(names, columns, strict=True) if name}


def _parameters_of_all(changes: Sequence[Write]) -> dict[str, Any]:
    """Those of the first under their names, those of the others with their position behind."""
    every = _parameters(changes[0])
    for index, change in enumerate(changes[1:], start=1):
        every |= {f"{name}_{index}": value for name, value in _parameters(change).items()}
    return every


def _taken(changes: Sequence[Write], error: psycopg.errors.UniqueViolation) -> UniqueKeyTaken:
    """Which of the documents' keys it was: PostgreSQL names the values in the detail of its message."""
    detail = error.diag.message_detail or ""
    named = (
        (change, key)
        for change in changes
        for key in change.keys
        if f"({change.document.type}, {key[0]}, {key[1]}, {key[2]})" in detail
    )
    last = changes[-1]
    change, (name, _, value) = next(named, (last, ("id", "", last.document.id)))
    field_name = change.names.get(name, name)
    # The mark of an encrypted value tells nobody anything.
    value = "this value" if value.startswith(MARKED) else value
    message = f"another {change.document.type} has {value!r}"
    violation = Violation(_pointer(change, name), "unique", message, "a value not used yet")
    return UniqueKeyTaken(type=change.document.type, field=field_name, value=value, violations=[violation])


def _not_written(uow: UnitOfWork, change: Write) -> StaleVersion | LinkBroken | CompanyRequired:
    """Find out why nothing was written: a broken link, a company that is gone, or somebody was faster."""
    found = dict(change.coming) | {
        row[0]: row[1]
        for row in uow.execute_beside(
            "SELECT id::text, type FROM {t}.documents WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL",
            [[change.document.company_id, *(link.id for link in change.links)]],
        )
    }
    broken = [
        _broken(change, link)
        for link in change.links
        if link.id not in found or link.target not in ("*", found[link.id])
    ]
    if broken:
        return LinkBroken(violations=broken)
    if change.joins_company and change.document.company_id not in found:
        return CompanyRequired(type=change.document.type, company=change.document.company_id)
    return StaleVersion(expected=change.document.version - 1, actual="a later one")


def _broken(change: Write, link: Link) -> Violation:
    message = f"there is no {link.target} {link.id}"
    return Violation(_pointer(change, link.field), "link", message, f"the id of a {link.target}")


def _pointer(change: Write, name: str) -> str:
    """name: of a field, as keys and links have it."""
    return "/" + change.names.get(name, name).replace(".", "/")
