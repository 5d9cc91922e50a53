"""Values on the wire, both ways, and what a hostile worker may send in their place."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import msgpack
import pytest

from sandbox import values
from sandbox.limits import DECIMAL_CHARACTERS_MAX, VALUE_DEPTH_MAX
from sandbox.values import Facts, from_kernel, pack, unpack
from sandbox.worker.documents import LateNumber
from sandbox.worker.documents import from_kernel as read_in_worker
from sandbox.worker.outgoing import as_data, check
from sdk import Actor, Balance, Tenant
from sdk.document import SYSTEM_FIELDS, Document
from sdk.event import Event

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def ext(code, payload):
    return msgpack.packb(msgpack.ExtType(code, payload))


def document_ext(**changes):
    plain = dict.fromkeys(SYSTEM_FIELDS)
    plain |= {"id": "d1", "type": "a.b", "version": 1, "schema_version": 1}
    items = {"fields": {}, "is_late": False, **plain, **changes}
    return ext(values.DOCUMENT, msgpack.packb(list(items.values())))


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.50"), Decimal("-0"), Decimal("0.00"), Decimal("1E+20"), Decimal("1E-30"), Decimal("9" * 60),
        date(1, 1, 1), date(9999, 12, 31), MOMENT, datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3))),
        None, True, 0, -1, 2**63, 0.5, "", "ä€😀", b"", [], {}, {"a": [{"b": Decimal(1)}]},
    ],
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value):
    assert repr(unpack(pack(value))) == repr(value)
    assert repr(msgpack.unpackb(pack(value), ext_hook=from_kernel)) == repr(value)


@pytest.mark.parametrize(("value", "becomes"), [((1, (2,)), [1, [2]]), (MappingProxyType({"a": 1}), {"a": 1})])
def test_what_cannot_be_changed_comes_back_as_what_can(value, becomes):
    assert unpack(pack(value)) == becomes


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"), Decimal("sNaN123"), Decimal("-Infinity"), Decimal("1E+1001"), Decimal("1E-1001"),
        Decimal("1" * (DECIMAL_CHARACTERS_MAX + 1)), datetime(2026, 1, 1), 2**64, -(2**63) - 1, "\ud800",  # noqa: DTZ001
    ],
)  # fmt: skip
def test_a_value_that_others_could_not_bear_does_not_travel(value):
    with pytest.raises((ValueError, OverflowError)):
        pack(value)


@pytest.mark.parametrize("value", [{1}, object(), 1j, range(2), type("T", (str,), {})("x"), type("D", (dict,), {})()])
def test_only_exact_types_travel(value):
    with pytest.raises(TypeError):
        pack([value])


@pytest.mark.parametrize(
    "data",
    [
        ext(1, b"x"), ext(1, b""), ext(1, b"NaN"), ext(1, b"Infinity"), ext(1, b"1E+999999999"), ext(1, b"\xff"),
        ext(1, b"1" * 100_000), ext(2, b"2026-02-30"), ext(2, b"x"), ext(3, b"2026-01-01T00:00:00"), ext(3, b""),
        ext(4, b""), ext(4, b"\x90"), ext(4, msgpack.packb({})), ext(4, b"\xc1"), ext(5, b"\x90"), ext(6, b"x"),
        ext(7, b"\x90"), ext(0, b""), ext(127, b""), b"", b"\xc1", b"\x91", b"\x01\x01",
    ],
)  # fmt: skip
def test_what_a_worker_never_sends_is_no_value(data):
    with pytest.raises((ValueError, msgpack.UnpackException)):
        unpack(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 1}, {"id": None}, {"type": b"a"}, {"fields": []}, {"fields": None}, {"is_late": 1}, {"version": True},
        {"version": "1"}, {"state": 1}, {"number": []}, {"created_at": "2026-01-01"}, {"updated_by": {}},
        {"company_id": 0}, {"one": "more"},
    ],
)  # fmt: skip
def test_a_document_of_other_values_is_none(changes):
    with pytest.raises(ValueError, match="not"):
        unpack(document_ext(**changes))


def test_in_a_document_stands_no_document():
    inner = msgpack.ExtType(values.DOCUMENT, msgpack.packb([]))
    with pytest.raises(ValueError, match=r"ascii|extension"):
        unpack(document_ext(fields={"inner": inner}))


def test_a_document_of_a_worker_is_never_one_that_asks_for_its_number():
    document = unpack(document_ext(is_late=True))
    assert type(document) is Document
    assert document.number is None


def test_a_document_whose_number_is_late_is_packed_without_reading_it():
    class Late(Document):
        late = object()

        @property
        def number(self):
            raise AssertionError("it was read")

        @number.setter
        def number(self, value):
            self.__dict__["number"] = value

    read = msgpack.unpackb(pack(Late("d1", "a.b", {"x": 1})), ext_hook=read_in_worker)
    assert type(read) is LateNumber
    assert read.copy().number is None
    assert read.scope() == {"x": 1, **dict.fromkeys(SYSTEM_FIELDS), "id": "d1", "type": "a.b"} | {
        "version": 0,
        "schema_version": 1,
    }


def test_facts_come_with_settings_packed_or_without():
    facts = Facts(Tenant("t", "n", "T", "EUR", "UTC", "en"), Actor("a", "user"), MOMENT, MOMENT.date(), None, {"a": 1})
    read = msgpack.unpackb(pack(facts), ext_hook=from_kernel)
    assert (read.tenant, read.actor, read.now, read.today) == (facts.tenant, facts.actor, MOMENT, MOMENT.date())
    assert msgpack.unpackb(read.settings) == {"a": 1}
    without = Facts(facts.tenant, facts.actor, MOMENT, MOMENT.date())
    assert msgpack.unpackb(pack(without), ext_hook=from_kernel).settings is None


def test_an_event_has_all_its_values():
    event = Event("e", "a.b.c", "a.b", "d", 1, MOMENT, "u", "c", "a", None, {"diff": {"x": Decimal(1)}}, 7)
    assert msgpack.unpackb(pack(event), ext_hook=from_kernel) == event


def nested(depth, inner=None):
    for _ in range(depth):
        inner = [inner]
    return inner


def test_a_value_nests_as_deep_as_the_kernel_walks():
    check(nested(VALUE_DEPTH_MAX))
    with pytest.raises(ValueError, match="nests deeper"):
        check(nested(VALUE_DEPTH_MAX + 2, []))


def refuse(value):
    raise TypeError(type(value).__name__)


def test_data_is_made_of_what_the_sdk_and_the_library_have():
    value = {"sum": Balance({"a": "b"}, {"x": Decimal(1)}), "set": {3}, "rows": ({"on": MOMENT.date()},)}
    expected = {
        "sum": {"dimensions": {"a": "b"}, "resources": {"x": Decimal(1)}},
        "set": [3],
        "rows": [{"on": MOMENT.date()}],
    }
    assert as_data(value, refuse) == expected
    with pytest.raises(TypeError, match="object"):
        as_data([object()], refuse)
    with pytest.raises(ValueError, match="nests deeper"):
        as_data(nested(VALUE_DEPTH_MAX + 2, []), refuse)
