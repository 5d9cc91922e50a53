"""Mapping files: what they may say, and what becomes of a row."""

import io
import json
from datetime import date

import pytest

from kernel.transfer.errors import MappingInvalid, RowRefused, SourceUnreadable
from kernel.transfer.mapping import ImportMapping, Step, load_mapping, read_mapping
from kernel.transfer.records import Records
from kernel.transfer.sources import Dialect, Source

IDS = {("parties.customer", "code", "VINET"): "id-of-vinet"}
TODAY = date(2026, 3, 10)


def find_link(type, field, value):
    return IDS.get((type, field, value))


def records_of(mapping, text, name="given.csv"):
    with Records(Source(name, io.BytesIO(text.encode())), mapping, TODAY) as records:
        return list(records)


def make(fields, text, **mapping):
    plan = read_mapping({"fields": fields, **mapping})
    return [record.make(plan, find_link) for record in records_of(plan, text)]


def faults_of(data):
    with pytest.raises(MappingInvalid) as refused:
        read_mapping(data)
    return [(fault.pointer, fault.rule) for fault in refused.value.violations]


def test_fields_come_from_columns_expressions_and_constants():
    fields = {
        "code": "id",
        "price": "round(row.price, 2)",
        "due": "add_days(row.day, 30)",
        "currency": {"value": "USD"},
        "unit": {"column": "Unit of measure"},
        "entered": "today",
    }
    text = "id,price,day,Unit of measure,today\n7,9.80000019,1996-07-04,box,now\n"
    columns = {"price": "decimal", "day": "date"}
    assert make(fields, text, columns=columns) == [
        {"code": "7", "price": "9.8", "due": "1996-08-03", "currency": "USD", "unit": "box", "entered": "now"}
    ]


@pytest.mark.parametrize(("price", "rounded"), [("3.145", "3.15"), ("-3.145", "-3.15"), ("2.675", "2.68"), ("0", "0")])
def test_noise_of_floats_is_rounded_half_up(price, rounded):
    assert make({"p": "round(row.p, 2)"}, f"p\n{price}\n", columns={"p": "decimal"}) == [{"p": rounded}]


def test_objects_and_lists_without_content_are_left_out():
    fields = {"code": "code", "addresses": [{"fields": {"city": "city", "zip": "zip"}}], "tags": ["a", "b"]}
    assert make(fields, "code,city,zip,a,b\nA,,,,x\nB,Kiel,,,\n") == [
        {"code": "A", "tags": ["x"]},
        {"code": "B", "addresses": [{"city": "Kiel"}]},
    ]


def test_a_link_is_the_id_of_the_document_with_this_value():
    link = {"link": "parties.customer", "by": "code", "from": "customer"}
    assert make({"customer": link}, "customer\nVINET\n\n") == [{"customer": "id-of-vinet"}]
    assert make({"customer": link, "a": "a"}, "customer,a\n,1\n") == [{"a": "1"}]


def test_all_faults_of_a_row_are_told_at_once_by_field():
    link = {"link": "parties.customer", "by": "code", "from": "row.customer"}
    lines = {"each": "rows", "fields": {"who": link}}
    with pytest.raises(RowRefused) as refused:
        make({"customer": link, "lines": lines}, "customer\nNOBODY\n")
    told = [(fault.pointer, fault.rule) for fault in refused.value.violations]
    assert told == [("/customer", "link"), ("/lines/0/who", "link")]


def test_rows_of_a_group_are_one_document_wherever_they_stand():
    fields = {"number": "order", "lines": {"each": "rows", "fields": {"part": "part", "order": "parent.order"}}}
    text = "order,part\n1,a\n2,b\n1,c\n"
    assert make(fields, text, group_by="order") == [
        {"number": "1", "lines": [{"part": "a", "order": "1"}, {"part": "c", "order": "1"}]},
        {"number": "2", "lines": [{"part": "b", "order": "2"}]},
    ]


def test_a_list_within_a_row_becomes_lines():
    fields = {"lines": {"each": "items", "fields": {"part": "part", "total": "row.count * 2"}}}
    plan = read_mapping({"fields": fields})
    source = Source("x.jsonl", io.BytesIO(b'{"items": [{"part": "a", "count": 2}]}\n'), Dialect("jsonl"))
    with Records(source, plan, TODAY) as records:
        assert [r.make(plan, find_link) for r in records] == [{"lines": [{"part": "a", "total": "4"}]}]


def test_joined_files_lie_beside_the_imported_one(tmp_path):
    (tmp_path / "details.csv").write_text("order_id,part,price\n2,x,1.005\n1,y,2\n2,z,3\n")
    (tmp_path / "kinds.csv").write_text("id,title\nk,Kind K\n")
    details = {"file": "details.csv", "on": {"id": "order_id"}, "many": True, "columns": {"price": "decimal"}}
    line = {"part": "part", "price": "round(row.price, 2)", "of": "parent.id"}
    plan = read_mapping(
        {
            "join": {"details": details, "kind": {"file": "kinds.csv", "on": {"kind": "id"}}},
            "fields": {"id": "id", "kind": "row.kind.title", "lines": {"each": "details", "fields": line}},
        }
    )
    made = [r.make(plan, find_link) for r in records_of(plan, "id,kind\n1,\n2,k\n3,\n", str(tmp_path / "orders.csv"))]
    assert made == [
        {"id": "1", "lines": [{"part": "y", "price": "2", "of": "1"}]},
        {
            "id": "2",
            "kind": "Kind K",
            "lines": [{"part": "x", "price": "1.01", "of": "2"}, {"part": "z", "price": "3", "of": "2"}],
        },
        {"id": "3"},
    ]


def test_a_joined_file_that_is_not_there_is_named():
    plan = read_mapping({"fields": {"a": "a"}, "join": {"more": {"file": "nowhere.csv", "on": "a"}}})
    with pytest.raises(SourceUnreadable, match=r"nowhere\.csv"):
        records_of(plan, "a\n1\n")


def test_a_column_to_join_on_must_be_there(tmp_path):
    (tmp_path / "more.csv").write_text("b\n1\n")
    plan = read_mapping({"fields": {"a": "a"}, "join": {"more": {"file": "more.csv", "on": "a"}}})
    with pytest.raises(SourceUnreadable, match="row 1 has no column a"):
        records_of(plan, "a\n1\n", str(tmp_path / "a.csv"))


def test_a_bad_row_of_a_joined_file_is_a_fault_of_the_rows_it_belongs_to(tmp_path):
    (tmp_path / "more.csv").write_text("a,price\n1,cheap\n")
    join = {"more": {"file": "more.csv", "on": "a", "columns": {"price": "decimal"}}}
    plan = read_mapping({"fields": {"a": "a"}, "join": join})
    bad, good = records_of(plan, "a\n1\n2\n", str(tmp_path / "a.csv"))
    with pytest.raises(RowRefused):
        bad.make(plan, find_link)
    assert good.make(plan, find_link) == {"a": "2"}


def test_without_a_mapping_columns_are_fields_and_dots_lead_into_objects():
    (record,) = records_of(ImportMapping(), "code,address.city,address.zip,empty\nA,Kiel,24103,\n")
    assert record.make(ImportMapping(), find_link) == {"code": "A", "address": {"city": "Kiel", "zip": "24103"}}


def test_actions_come_with_or_without_arguments():
    steps = ["post", {"action": "cancel", "arguments": {"on": "2026-01-01"}}]
    assert read_mapping({"fields": {}, "perform": steps}).perform == (
        Step("post"),
        Step("cancel", {"on": "2026-01-01"}),
    )


def test_every_fault_of_a_mapping_is_told_at_once():
    faults = faults_of(
        {
            "typ": "parties.customer",
            "fields": {
                "a": "row.a +",
                "b": {"lnk": 1},
                "c": {"link": "x", "by": "y"},
                "d": {"each": "rows", "fields": {"e": 5}},
            },
            "join": {"more": {"file": "x.csv"}},
            "key": "code",
            "perform": "post",
        }
    )
    assert faults == [
        ("/typ", "unknown_key"),
        ("/join/more/on", "required"),
        ("/join/more/on", "type"),
        ("/fields/a", "expression"),
        ("/fields/b", "field"),
        ("/fields/c/from", "required"),
        ("/fields/c/link", "name"),
        ("/fields/d/fields/e", "field"),
        ("/perform", "type"),
        ("/key", "key"),
    ]


def test_a_mapping_is_read_from_a_file(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"type": "parties.customer", "fields": {"code": "id"}, "key": "code"}))
    mapping = load_mapping(path)
    assert (mapping.type, mapping.key) == ("parties.customer", "code")
    path.write_text("{")
    with pytest.raises(MappingInvalid):
        load_mapping(path)
    with pytest.raises(SourceUnreadable):
        load_mapping(tmp_path / "nowhere.json")
