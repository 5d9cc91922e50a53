"""Values on the wire: MessagePack with extension types for what documents and events are made of.

Only exact types pass: a subclass could answer for its base in code that trusts the base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import msgpack

from sandbox.limits import DECIMAL_CHARACTERS_MAX, DECIMAL_EXPONENT_MAX
from sdk.context import Actor, Tenant
from sdk.document import SYSTEM_FIELDS, Document
from sdk.event import Event

DECIMAL, DATE, DATETIME, DOCUMENT, EVENT, FACTS = 1, 2, 3, 4, 5, 7
_EVENT_FIELDS = tuple(f.name for f in fields(Event))
_TEXT, _INSTANT = (str, type(None)), (datetime, type(None))
# Fields, whether its number is still to be taken, then SYSTEM_FIELDS.
_DOCUMENT_KINDS: tuple[tuple[type, ...], ...] = (
    (dict,), (bool,), (str,), (str,), _TEXT, (int,), (int,), _TEXT, _TEXT, _INSTANT, _TEXT, _INSTANT, _TEXT, _INSTANT,
    _INSTANT,
)  # fmt: skip
_DOCUMENT_PLACES = len(_DOCUMENT_KINDS)
# Without the checks of its own constructor, which take longer than all the rest of a decimal.
_make_ext: Callable[[type[msgpack.ExtType], tuple[int, bytes]], msgpack.ExtType] = tuple.__new__


@dataclass(frozen=True, slots=True)
class Facts:
    """What `ctx` knows without asking. settings: None says they are those this worker got last."""

    tenant: Tenant
    actor: Actor
    now: datetime
    today: date
    company_id: str | None = None
    settings: Mapping[str, Any] | None = None


def pack(value: Any) -> bytes:
    """Raises TypeError for a type that does not travel, ValueError and OverflowError for a value that does not."""
    packed: bytes = msgpack.packb(value, default=to_ext, strict_types=True)
    return packed


def unpack(data: bytes | memoryview) -> Any:
    """What a worker sent. Raises ValueError, and subclasses of it, for what is no value."""
    return msgpack.unpackb(data, ext_hook=from_worker)


def to_ext(value: Any) -> Any:
    """What MessagePack has no type for: an extension, or a list for a tuple. Raises TypeError."""
    packer = _PACKERS.get(type(value))
    if packer is not None:
        return packer(value)
    # Some documents of the kernel are of its own class, mappings may be read-only.
    if issubclass(type(value), Document):
        return _document_to_ext(value)
    if type(value) is MappingProxyType:
        return dict(value)
    if type(value) is int:
        raise ValueError("a whole number of more than 64 bits cannot leave or enter an applet")
    raise TypeError(f"a value of type {type(value).__name__} cannot leave or enter an applet")


def from_worker(code: int, data: bytes | memoryview) -> Any:
    """The other way, in the kernel: scalars and documents, each checked. Raises ValueError for anything else."""
    if code != DOCUMENT:
        return scalar_from(code, data)
    items = items_of(data, _DOCUMENT_PLACES)
    if any(type(value) not in kinds for value, kinds in zip(items, _DOCUMENT_KINDS, strict=True)):
        raise ValueError("not a document")
    return document_from(items)


def from_kernel(code: int, data: bytes | memoryview) -> Any:
    """The other way, in a worker: what the kernel sends is as `to_ext` made it."""
    reader = _READERS.get(code)
    return scalar_from(code, data) if reader is None else reader(items_of(data))


def items_of(data: bytes | memoryview, count: int | None = None) -> list[Any]:
    """What a document or an event is packed as. count: how many there must be. Raises ValueError."""
    # Inside of a document stand no documents: nesting would be recursion that the sender decides about.
    items = msgpack.unpackb(data, ext_hook=scalar_from)
    if type(items) is not list or count not in (None, len(items)):
        raise ValueError("not the right number of values")
    return items


def scalar_from(code: int, data: bytes | memoryview) -> Any:
    """A decimal, a date or an instant. Raises ValueError."""
    text = str(data, "ascii")
    if code == DECIMAL:
        return _to_decimal(text)
    if code == DATE:
        return date.fromisoformat(text)
    if code == DATETIME:
        return _aware(datetime.fromisoformat(text))
    raise ValueError(f"no extension {code}")


def _to_decimal(text: str) -> Decimal:
    if len(text) > DECIMAL_CHARACTERS_MAX:
        raise ValueError("a decimal of too many digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a decimal") from None
    _check_finite(number, text)
    return number


def _check_finite(number: Decimal, text: str) -> None:
    # What is written without an exponent has none to speak of. Documents are full of decimals, and each passes here.
    is_plain = "E" not in text and "e" not in text
    if not number.is_finite() or (not is_plain and abs(number.adjusted()) > DECIMAL_EXPONENT_MAX):
        raise ValueError("a decimal that is not finite, or too large or small")


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant


def _decimal_to_ext(value: Decimal) -> msgpack.ExtType:
    text = str(value)
    if len(text) > DECIMAL_CHARACTERS_MAX:
        raise ValueError("a decimal of too many digits")
    _check_finite(value, text)
    return _make_ext(msgpack.ExtType, (DECIMAL, text.encode("ascii")))


def _date_to_ext(value: date) -> msgpack.ExtType:
    return msgpack.ExtType(DATE, value.isoformat().encode("ascii"))


def _datetime_to_ext(value: datetime) -> msgpack.ExtType:
    return msgpack.ExtType(DATETIME, _aware(value).isoformat().encode("ascii"))


def _document_to_ext(document: Document) -> msgpack.ExtType:
    # Not by attribute: reading the number of some documents takes it, and a gapless number is a queue.
    values = document.__dict__
    system = [values.get(name) for name in SYSTEM_FIELDS]
    is_late = getattr(document, "late", None) is not None
    return msgpack.ExtType(DOCUMENT, pack([values["fields"], is_late, *system]))


def document_from(items: list[Any], made: type[Document] = Document) -> Document:
    """items: fields, whether the number is still to be taken, system values."""
    document = made.__new__(made)
    document.__dict__.update(zip(SYSTEM_FIELDS, items[2:], strict=True), fields=items[0])
    return document


def _event_to_ext(event: Event) -> msgpack.ExtType:
    return msgpack.ExtType(EVENT, pack([getattr(event, name) for name in _EVENT_FIELDS]))


def _event_from(items: list[Any]) -> Event:
    return Event(*items)


def _facts_to_ext(facts: Facts) -> msgpack.ExtType:
    tenant, actor = facts.tenant, facts.actor
    # Packed once more, so that a worker reads settings only when the applet does.
    settings = None if facts.settings is None else pack(dict(facts.settings))
    packed = pack(
        [
            [tenant.id, tenant.name, tenant.title, tenant.currency, tenant.timezone, tenant.locale],
            [actor.id, actor.kind, actor.email, actor.name, actor.companies],
            facts.now,
            facts.today,
            facts.company_id,
            settings,
        ]
    )
    return msgpack.ExtType(FACTS, packed)


@dataclass(frozen=True, slots=True)
class PackedFacts:
    """Facts as a worker reads them: settings are still packed."""

    facts: Facts
    settings: bytes | None


def _facts_from(items: list[Any]) -> PackedFacts:
    tenant, actor, now, today, company_id, settings = items
    made = Actor(actor[0], actor[1], actor[2], actor[3], tuple(actor[4]))
    return PackedFacts(Facts(Tenant(*tenant), made, now, today, company_id), settings)


_PACKERS: dict[type, Callable[[Any], Any]] = {
    Decimal: _decimal_to_ext,
    date: _date_to_ext,
    datetime: _datetime_to_ext,
    Document: _document_to_ext,
    Event: _event_to_ext,
    Facts: _facts_to_ext,
    tuple: list,
}
_READERS: dict[int, Callable[[list[Any]], Any]] = {DOCUMENT: document_from, EVENT: _event_from, FACTS: _facts_from}
