"""Documents as the kernel ships them: what arrives is what an applet in this process would have."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import msgpack
import pytest

from sandbox.frames import CALL, HEADER
from sandbox.host.telling import FramePacker
from sandbox.shipping import make_packer, pack_document
from sandbox.values import Facts, PackedFacts
from sandbox.worker.documents import LateNumber, Snapshot, from_kernel
from sdk import Actor, Tenant
from sdk.document import Document
from sdk.errors import Invalid, TooLarge

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=2)))
FACTS = Facts(Tenant("t", "n", "T", "EUR", "UTC", "en"), Actor("a", "user"), MOMENT, MOMENT.date(), "c", {"a": 1})


def arrived(packer, *arguments):
    """The arguments of a call, as its worker holds them."""
    data = packer.pack([CALL, 1, "f", list(arguments)])
    return msgpack.unpackb(data[HEADER.size :], ext_hook=from_kernel, strict_map_key=False)[3]


def shipped(fields, **system):
    return arrived(FramePacker(), Document("d", "a.b", fields, **system))[0]


@pytest.mark.parametrize(
    "value",
    [
        "text", "", "12.50", "2026-01-02", "D2026-01-02", 0, -1, True, 1.5, None, Decimal("1.50"), Decimal("-0.00"),
        Decimal("1E+5"), Decimal("1E-7"), Decimal("0"), date(2026, 1, 2), MOMENT, datetime(2026, 1, 2, tzinfo=UTC),
        [], {}, [[Decimal("1.0")], [{"on": date(2026, 1, 2)}]], {"a": {"b": [Decimal("2.00"), "2.00", MOMENT]}},
    ],
)  # fmt: skip
def test_a_field_arrives_as_it_is_in_the_kernel(value):
    found = shipped({"field": value})["field"]

    assert repr(found) == repr(value)


@pytest.mark.parametrize("value", [b"", b"raw", b"\xff", b"D2026", b"T1"])
def test_bytes_that_no_document_holds_do_not_stop_the_worker(value):
    assert shipped({"field": value})["field"] == value


def test_tuples_and_read_only_mappings_arrive_as_lists_and_dicts():
    assert shipped({"a": (Decimal("1.0"),), "b": MappingProxyType({"c": 1})}).fields == {
        "a": [Decimal(1)],
        "b": {"c": 1},
    }


def test_system_values_arrive_with_the_fields():
    found = shipped({"a": 1}, company_id="c", version=3, state="draft", number="N-1", created_at=MOMENT)

    assert (found.id, found.type, found.company_id, found.version) == ("d", "a.b", "c", 3)
    assert (found.state, found.number, found.created_at) == ("draft", "N-1", MOMENT)
    assert type(found) is Document


def test_a_late_document_arrives_without_its_number():
    class Late(Document):
        late = object()

    found = arrived(FramePacker(), Late("d", "a.b", {"a": Decimal(1)}))[0]

    assert type(found) is LateNumber
    assert "number" not in vars(found)


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("1E+2000"), MOMENT.replace(tzinfo=None), 1 << 70, object(), {1}]
)
def test_what_does_not_travel_is_refused_and_the_next_document_is_none_the_worse(value):
    packer = FramePacker()

    with pytest.raises(Invalid):
        packer.pack([Document("d", "a.b", {"before": 1, "field": value})])

    assert arrived(packer, Document("d", "a.b", {"a": Decimal("1.0")}))[0].fields == {"a": Decimal("1.0")}


def test_settings_are_sent_once_to_a_worker_and_again_when_they_are_others():
    packer = FramePacker()
    first, again = arrived(packer, FACTS, FACTS)
    (other,) = arrived(packer, FACTS._replace(settings={"a": 2}))

    assert [type(each) for each in (first, again, other)] == [PackedFacts] * 3
    assert [each.settings and msgpack.unpackb(each.settings) for each in (first, again, other)] == [
        {"a": 1}, None, {"a": 2},
    ]  # fmt: skip
    assert again[:5] == first[:5] == FACTS[:5]


@pytest.mark.parametrize(("error", "value"), [(Invalid, object()), (TooLarge, "x" * (1 << 20))])
def test_settings_of_a_frame_that_was_not_sent_are_sent_with_the_next(error, value):
    packer = FramePacker()
    with pytest.raises(error):
        packer.pack([FACTS, value])

    assert msgpack.unpackb(arrived(packer, FACTS)[0].settings) == {"a": 1}


def test_facts_tell_who_calls_even_when_another_did_before():
    packer = FramePacker()
    arrived(packer, FACTS)
    other = arrived(packer, FACTS._replace(actor=Actor("b", "key"), company_id=None))[0]

    assert (other.actor, other.company_id, other.tenant) == (Actor("b", "key"), None, FACTS.tenant)


def test_a_document_takes_one_pass_and_no_extensions():
    data = pack_document(make_packer(), Document("d", "a.b", {"a": Decimal("1.50"), "on": date(2026, 1, 2)}))

    assert msgpack.unpackb(data)[0] == {"a": b"1.50", "on": b"D2026-01-02"}


def change(fields, act):
    document = Document("d", "a.b", fields)
    was = Snapshot(document)
    act(document.fields)
    return was.difference(document)


@pytest.mark.parametrize(
    ("act", "changed"),
    [
        (lambda f: None, []),
        (lambda f: f.update(a=1), []),
        (lambda f: f.update(n=Decimal("1.0")), []),
        (lambda f: f.update(n=Decimal("1.00")), ["n"]),
        (lambda f: f.update(a=True), ["a"]),
        (lambda f: f["rows"][0].update(x=Decimal("1.00")), ["rows"]),
        (lambda f: f["rows"][0].update(y=f["rows"][0].pop("x")), ["rows"]),
        (lambda f: f["rows"].append({}), ["rows"]),
        (lambda f: f["rows"].reverse(), ["rows"]),
        (lambda f: f["rows"][1]["deep"].append(f["rows"][1]["deep"].pop()), []),
        (lambda f: f["rows"][1]["deep"].pop(), ["rows"]),
        (lambda f: f["rows"][1].update(deep=f["rows"][1]["deep"].copy()), ["rows"]),
        (lambda f: f["deep"].clear(), ["deep"]),
        (lambda f: f.update(new=None), ["new"]),
    ],
)
def test_the_difference_is_of_what_is_not_the_same_any_more(act, changed):
    rows = [{"x": Decimal("1.0")}, {"deep": [1, 2]}]

    found, gone = change({"a": 1, "n": Decimal("1.0"), "rows": rows, "deep": {"a": {}}}, act)

    assert (list(found), gone) == (changed, [])


def test_moving_a_value_from_one_container_to_its_neighbour_is_a_change():
    def act(fields):
        fields["rows"][1].insert(0, fields["rows"][0].pop())

    assert change({"rows": [["x", "y"], ["z"]]}, act) == ({"rows": [["x"], ["y", "z"]]}, [])


def test_fields_that_are_gone_are_named():
    assert change({"a": 1, "b": 2, "c": []}, lambda f: [f.pop("a"), f.pop("c")]) == ({}, ["a", "c"])


def test_names_of_fields_are_text():
    with pytest.raises(TypeError):
        change({"a": 1}, lambda f: f.update({1: 2}))
