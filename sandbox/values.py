"""Values on the wire: MessagePack with extension types for what documents and events are made of.

Only exact types pass: a subclass could answer for its base in code that trusts the base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import msgpack

from sandbox.limits import DECIMAL_CHARACTERS_MAX, DECIMAL_EXPONENT_MAX
from sdk.context import Actor, Tenant
from sdk.document import SYSTEM_FIELDS, Document
from sdk.event import Event

DECIMAL, DATE, DATETIME, DOCUMENT, EVENT, FACTS = 1, 2, 3, 4, 5, 7
# A document as the kernel sends it, see sandbox/shipping.py.
SHIPPED = 8
_system_values = itemgetter(*SYSTEM_FIELDS)
_BUFFER_BYTES = 4_096
_SHORT_CHARACTERS = 40
# The constructor checks what is known here, for longer than all the rest takes.
_new: Any = tuple.__new__
_Ext: Any = msgpack.ExtType
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


# One is made for every call, and a tuple is made in a third of the time of a dataclass.
class Facts(NamedTuple):
    """What `ctx` knows without asking. settings: None says they are those this worker got last."""

    tenant: Tenant
    actor: Actor
    now: datetime
    today: date
    company_id: str | None = None
    settings: Mapping[str, Any] | None = None


def pack(value: Any) -> bytes:
    """Raises TypeError for a type that does not travel, ValueError and OverflowError for a value that does not."""
    # A packer of its own each time, for threads.
    packed: bytes = make_packer().pack(value)
    return packed


def make_packer() -> msgpack.Packer:
    """Of values; one serves one thread at a time, and is to be reset after an error."""
    # With the usual buffer most of the time would go into making that.
    return msgpack.Packer(default=to_ext, strict_types=True, autoreset=True, buf_size=_BUFFER_BYTES)


def unpack(data: bytes | memoryview) -> Any:
    """What a worker sent. Raises ValueError, and subclasses of it, for what is no value."""
    return msgpack.unpackb(data, ext_hook=from_worker)


def to_ext(value: Any) -> Any:
    """What MessagePack has no type for: an extension, or a list for a tuple. Raises TypeError."""
    if type(value) is Decimal:
        return _new(_Ext, (DECIMAL, decimal_text(value).encode()))
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


def decimal_text(value: Decimal) -> str:
    """Raises ValueError for one that does not travel."""
    # Documents are full of them. A short text without a letter is neither infinite nor of a large exponent.
    text = str(value)
    if len(text) > _SHORT_CHARACTERS or text.lower() != text:
        _check_decimal(value, text)
    return text


def from_worker(code: int, data: bytes | memoryview) -> Any:
    """The other way, in the kernel: scalars and documents, each checked. Raises ValueError for anything else."""
    if code != DOCUMENT:
        return scalar_from(code, data)
    items = items_of(data, _DOCUMENT_PLACES)
    if any(type(value) not in kinds for value, kinds in zip(items, _DOCUMENT_KINDS, strict=True)):
        raise ValueError("not a document")
    return document_from(items)


def from_kernel(code: int, data: bytes) -> Any:
    """The other way, in a worker: what the kernel sends is as `to_ext` made it."""
    # Most of all that is sent; it was checked before.
    if code == DECIMAL:
        return Decimal(data.decode())
    reader = _READERS.get(code)
    return scalar_from(code, data) if reader is None else reader(trusted_items(data))


def trusted_items(data: bytes) -> list[Any]:
    """As `items_of`, of what the kernel sent."""
    items: list[Any] = msgpack.unpackb(data, ext_hook=from_kernel)
    return items


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


def _ext(code: int, data: bytes) -> msgpack.ExtType:
    made: msgpack.ExtType = _new(_Ext, (code, data))
    return made


def _check_decimal(value: Decimal, text: str) -> None:
    if len(text) > DECIMAL_CHARACTERS_MAX:
        raise ValueError("a decimal of too many digits")
    _check_finite(value, text)


def _date_to_ext(value: date) -> msgpack.ExtType:
    return _ext(DATE, value.isoformat().encode())


def _datetime_to_ext(value: datetime) -> msgpack.ExtType:
    return _ext(DATETIME, _aware(value).isoformat().encode())


def _document_to_ext(document: Document) -> msgpack.ExtType:
    return _ext(DOCUMENT, pack(items_from(document)))


def items_from(document: Document) -> list[Any]:
    """Fields, whether its number is still to be taken, and system values in the order of SYSTEM_FIELDS."""
    # Not by attribute: reading the number of some documents takes it, and a gapless number is a queue.
    values = document.__dict__
    if type(document) is Document:
        return [values["fields"], False, *_system_values(values)]
    is_late = getattr(document, "late", None) is not None
    return [values["fields"], is_late, *[values.get(name) for name in SYSTEM_FIELDS]]


def document_from(items: list[Any], made: type[Document] = Document) -> Document:
    """items: fields, whether the number is still to be taken, system values."""
    document = made.__new__(made)
    document.__dict__.update(zip(SYSTEM_FIELDS, items[2:], strict=True), fields=items[0])
    return document


def _event_to_ext(event: Event) -> msgpack.ExtType:
    return _ext(EVENT, pack([getattr(event, name) for name in _EVENT_FIELDS]))


def _event_from(items: list[Any]) -> Event:
    return Event(*items)


def _facts_to_ext(facts: Facts) -> msgpack.ExtType:
    settings = None if facts.settings is None else pack(dict(facts.settings))
    return facts_ext(packed_who(facts.tenant, facts.actor, facts.company_id), facts.now, facts.today, settings)


def facts_ext(who: bytes, now: datetime, today: date, settings: bytes | None) -> msgpack.ExtType:
    """who, settings: packed. Of settings None says that they are those this worker got last."""
    # Settings are read only when the applet does; texts are read in less time than extensions.
    return _ext(FACTS, msgpack.packb((who, _aware(now).isoformat(), today.isoformat(), settings)))


# The same for many calls, on both ends.
@lru_cache(maxsize=1024)
def packed_who(tenant: Tenant, actor: Actor, company_id: str | None) -> bytes:
    """The part of facts that is the same from call to call."""
    return pack(
        [
            [tenant.id, tenant.name, tenant.title, tenant.currency, tenant.timezone, tenant.locale],
            [actor.id, actor.kind, actor.email, actor.name, actor.companies],
            company_id,
        ]
    )


class PackedFacts(NamedTuple):
    """Facts as a worker reads them: settings are still packed."""

    tenant: Tenant
    actor: Actor
    now: datetime
    today: date
    company_id: str | None
    settings: bytes | None


def _facts_from(items: list[Any]) -> PackedFacts:
    who, now, today, settings = items
    tenant, actor, company_id = _who(who)
    return PackedFacts(tenant, actor, datetime.fromisoformat(now), date.fromisoformat(today), company_id, settings)


@lru_cache(maxsize=64)
def _who(packed: bytes) -> tuple[Tenant, Actor, str | None]:
    tenant, (id, kind, email, name, companies), company_id = msgpack.unpackb(packed)
    return Tenant(*tenant), Actor(id, kind, email, name, tuple(companies)), company_id


_PACKERS: dict[type, Callable[[Any], Any]] = {
    date: _date_to_ext,
    datetime: _datetime_to_ext,
    Document: _document_to_ext,
    Event: _event_to_ext,
    Facts: _facts_to_ext,
    tuple: list,
}
_READERS: dict[int, Callable[[list[Any]], Any]] = {DOCUMENT: document_from, EVENT: _event_from, FACTS: _facts_from}
