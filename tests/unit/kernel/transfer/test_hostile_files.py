"""Files as somebody careless or ill-disposed writes them: told row by row or as a whole, never a crash."""

import io
import json
import tracemalloc
from datetime import date
from decimal import Decimal

import pytest

from kernel.transfer.coerce import coerce
from kernel.transfer.errors import MappingInvalid, RowRefused, SourceUnreadable
from kernel.transfer.mapping import ImportMapping, load_mapping, read_mapping
from kernel.transfer.records import Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.sources import LINE_BYTES_MAX, Dialect, Source
from kernel.transfer.spool import Spool, key_of
from sdk.schema import DocumentType

TODAY = date(2026, 3, 1)
ITEM = DocumentType.from_schema(
    "box.item",
    {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "is_small": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    },
)


def read(data, **dialect):
    return list(Source("given", io.BytesIO(data), Dialect(**dialect)).rows())


def make(line, fields, **more):
    """What a mapping makes of one line of JSON."""
    mapping = read_mapping({"type": "box.item", "fields": fields, **more})
    source = Source("given", io.BytesIO(line), Dialect("jsonl"))
    with Records(source, mapping, TODAY) as records:
        return [record.make(mapping, lambda type, field, value: None) for record in records]


def rule_of(line, fields, **more):
    with pytest.raises(RowRefused) as refused:
        make(line, fields, **more)
    return [(fault.pointer, fault.rule) for fault in refused.value.violations]


@pytest.mark.parametrize(
    ("dialect", "reason"),
    [
        ({"encoding": "klingon"}, "unknown encoding: klingon"),
        ({"encoding": "rot13"}, "not a text encoding"),
        ({"encoding": "utf-16"}, "does not start with BOM"),
        ({"encoding": "ascii"}, "ordinal not in range"),
        ({"delimiter": ";;"}, "its delimiter has to be one character"),
        ({"delimiter": ""}, "its delimiter has to be one character"),
    ],
)
def test_a_file_that_is_not_written_as_was_said_is_refused_as_a_whole(dialect, reason):
    with pytest.raises(SourceUnreadable, match=reason) as refused:
        read("name\nMüller\n".encode("latin-1") * 2, **dialect)
    assert refused.value.code == "source_unreadable"


def test_a_file_with_a_byte_order_mark_of_two_bytes_is_read_in_its_encoding():
    assert read("name\nMüller\n".encode("utf-16"), encoding="utf-16")[0].values == {"name": "Müller"}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_as_on_any_system(end):
    rows = read(end.join([b"a,b", b"1,2", b'"x\r\ny",4', b""]))
    assert [dict(row.values) for row in rows] == [{"a": "1", "b": "2"}, {"a": "x\r\ny", "b": "4"}]


def test_broken_utf_8_after_good_rows_ends_the_file_after_them():
    seen = []
    with pytest.raises(SourceUnreadable):
        for row in Source("given", io.BytesIO(b"a\n" + b"ok\n" * 20_000 + b"\xff\xfe\n")).rows():
            seen.append(row.number)
    assert len(seen) > 10_000


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"a,b\n", b"a,b", b"\xef\xbb\xbfa\r\n"])
def test_a_file_without_rows_of_data_has_none(data):
    assert read(data) == []


@pytest.mark.parametrize("header", [b"\n", b",\n", b" \n", b"a,\n", b"a,A ,a\n", b"\xef\xbb\xbfa,a\n"])
def test_a_header_that_names_nothing_or_something_twice_is_refused(header):
    with pytest.raises(SourceUnreadable, match="an empty or a repeated name"):
        read(header + b"1,2,3\n")


def test_ragged_rows_are_told_with_what_they_have_and_the_others_are_read():
    rows = read(b"a,b,c\n1\n1,2\n1,2,3,4\n1,2,3\n,,\n")
    assert [row.fault for row in rows] == [
        "the row has 1 cells and the header 3",
        "the row has 2 cells and the header 3",
        "the row has 4 cells and the header 3",
        "",
        "",
    ]
    assert (rows[0].values, rows[2].values) == ({"a": "1"}, {"a": "1", "b": "2", "c": "3"})
    assert rows[4].values == {"a": "", "b": "", "c": ""}


def test_a_cell_of_a_megabyte_is_kept_whole():
    big = "x" * 1_000_000
    assert read(f'a,b\n"{big}",1\n'.encode())[0].values == {"a": big, "b": "1"}
    assert read(json.dumps({"a": big}).encode(), format="jsonl")[0].values == {"a": big}


def test_a_cell_of_more_than_ten_megabytes_is_refused():
    with pytest.raises(SourceUnreadable, match="field larger than field limit"):
        read(b"a\n" + b"x" * 10_000_001 + b"\n")


def test_a_line_longer_than_the_bound_is_not_read_at_once():
    stream = io.BytesIO(b'{"a": "' + b"x" * LINE_BYTES_MAX + b'"}\n{"a": 1}\n')
    rows = list(Source("given", stream, Dialect("jsonl")).rows())
    assert [bool(row.fault) for row in rows] == [True, True, False]


def test_a_quote_that_is_never_closed_is_one_bad_row():
    (row,) = read(b'a,b\n"1,2\n3,4\n')
    assert row.fault == "the row has 1 cells and the header 2"


@pytest.mark.parametrize(
    "text", ["=cmd|'/c calc'!A0", "'; DROP TABLE documents; --", "{t}.documents", "%(x)s %s", "../../etc", "\x1b[2J"]
)
def test_injections_are_texts_like_any_other(text):
    assert read(f'a\n"{text}"\n'.encode())[0].values == {"a": text}
    assert make(json.dumps({"a": text}).encode(), {"b": "a"}) == [{"b": text}]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": Infinity}', b'{"a": 1e39}', b'{"a": 1e999999999}', b'{"a": 1e99999999999999999999}', b'"a"', b"null",
        b'{"a": ' + b"1" * 5_000 + b"}", b'{"a": ' + b"[" * 100_000 + b"}", b'{"a": "\\ud800"}', b'{"\\udfff": 1}',
        b'{"a": ["\\u0000"]}', b'{"a": "\xff"}', b"{'a': 1}", b'{"a": 1,}',
    ],
)  # fmt: skip
def test_a_line_nothing_can_be_made_of_is_told_and_the_next_is_read(line):
    bad, good = read(line + b'\n{"a": "\\ud83d\\ude00 \\\\u0000"}\n', format="jsonl")
    assert bad.fault.startswith("the line is no JSON")
    assert (bad.values, good.fault, good.values) == ({}, "", {"a": "😀 \\u0000"})


def test_numbers_of_a_line_are_exact_whatever_their_form():
    (row,) = read(b'{"a": 0.1, "b": 1E2, "c": -0.0, "d": 12345678901234567890.12345678}', format="jsonl")
    assert row.values == {
        "a": Decimal("0.1"), "b": Decimal(100), "c": Decimal(0), "d": Decimal("12345678901234567890.12345678"),
    }  # fmt: skip


def test_a_nul_is_told_with_its_row_as_it_stood():
    bad, good = read(b"a,b\nx\0y,1\nz,2\n")
    assert (bad.fault, bad.values) == ("the row has a NUL character", {"a": "x\0y", "b": "1"})
    assert (good.fault, good.values) == ("", {"a": "z", "b": "2"})


@pytest.mark.parametrize("items", ["5", '"abc"', "[1, 2]", '[{"x": 1}, 2]', '{"x": 1}', "true", "[[]]"])
def test_lines_made_of_what_is_no_list_of_objects_are_a_fault_of_the_row(items):
    fields = {"lines": {"each": "items", "fields": {"x": "x"}}}
    assert rule_of(f'{{"items": {items}}}'.encode(), fields) == [("/lines", "each")]


@pytest.mark.parametrize("items", ["[]", "null", '""'])
def test_lines_made_of_nothing_are_none(items):
    assert make(f'{{"items": {items}}}'.encode(), {"lines": {"each": "items", "fields": {"x": "x"}}}) == [{}]


@pytest.mark.parametrize("value", ['"many"', "[1]", "{}", "true", "null"])
def test_calculating_with_what_is_no_number_makes_nothing(value):
    assert make(f'{{"a": {value}}}'.encode(), {"b": "round(row.a * 2, 2)"}) == [{}]


@pytest.mark.parametrize("text", ["--5", "1" * 5_000, "5-", "٣", "1_000", "0x1f", "1.0", " "])
def test_what_is_no_integer_stays_a_text_for_the_schema_to_refuse(text):
    assert coerce(ITEM, {"count": text}) == {"count": text}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 50_000, "[1,", "{]"])
def test_a_cell_of_broken_json_stays_a_text_for_the_schema_to_refuse(text):
    assert coerce(ITEM, {"tags": text}) == {"tags": text}


def test_cells_that_fit_are_read_as_the_schema_wants():
    given = {"count": "-007", "is_small": "Yes", "tags": '["1", "2"]', "other": "5"}
    assert coerce(ITEM, given) == {"count": -7, "is_small": True, "tags": ["1", "2"], "other": "5"}


@pytest.mark.parametrize(
    ("changes", "pointer", "expected"),
    [
        ({"fileds": {}}, "/fileds", "fields"),
        ({"preform": []}, "/preform", "perform"),
        ({"group-by": "a"}, "/group-by", "group_by"),
        ({"columns": {"a": {"knid": "date"}}}, "/columns/a/knid", "kind"),
        ({"columns": {"a": "decmal"}}, "/columns/a/kind", "decimal"),
        ({"join": {"x": {"fil": "x.csv", "on": "a"}}}, "/join/x/fil", "file"),
        ({"perform": [{"actoin": "post"}]}, "/perform/0/actoin", "action"),
    ],
)
def test_a_misspelt_key_of_a_mapping_is_refused_naming_the_nearest(changes, pointer, expected):
    with pytest.raises(MappingInvalid) as refused:
        read_mapping({"type": "box.item", "fields": {"a": "b"}, **changes})
    assert refused.value.code == "mapping_invalid"
    assert expected in {fault.expected for fault in refused.value.violations if fault.pointer == pointer}


@pytest.mark.parametrize("text", ["", "[" * 100_000, "\x00", "nonsense", "\ufeff"])
def test_a_mapping_that_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(MappingInvalid) as refused:
        load_mapping(tmp_path / "m.json")
    assert refused.value.violations[0].rule == "json"


def test_a_mapping_that_is_not_there_or_a_folder_is_unreadable(tmp_path):
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(SourceUnreadable):
            load_mapping(path)


def test_columns_that_lead_nowhere_safe_stay_where_they_are_refused():
    source = Source("given", io.BytesIO(b"a,a.b,__class__,a..b\n1,2,3,4\n"))
    with Records(source, ImportMapping("box.item"), TODAY) as records:
        (made,) = (record.make(ImportMapping("box.item"), lambda *wanted: None) for record in records)
    assert made == {"a": "1", "a.b": "2", "__class__": "3", "a..b": "4"}


def test_rejects_that_cannot_be_written_are_a_failure_that_says_so(tmp_path):
    source = Source("given", io.BytesIO(b"a,b\n1\n"))
    with Records(source, ImportMapping("box.item"), TODAY) as records:
        (record,) = records
    with Rejects(tmp_path / "none" / "r.jsonl") as bin, pytest.raises(SourceUnreadable, match="cannot be written"):
        bin.add(record, RowRefused(violations=()))


def test_rows_of_a_key_come_back_from_the_disk_in_the_order_of_the_file():
    rows = read(b"k,n\nb,1\na,2\nb,3\n,4\na,5\n")
    with Spool() as spool:
        spool.fill(rows, ["k"])
        assert [[row.values["n"] for row in group] for group in spool.groups()] == [["1", "3"], ["2", "5"], ["4"]]
        assert [row.number for row in spool.find(key_of({"k": "b"}, ["k"]))] == [1, 3]
        assert spool.find("b' OR '1'='1") == []


def test_keys_of_nothing_and_of_an_empty_text_are_one():
    assert key_of({"a": None, "b": 1}, ["a", "b"]) == key_of({"a": "", "b": "1"}, ["a", "b"])


def test_a_file_of_fifty_thousand_rows_is_read_with_flat_memory():
    data = b"code,name\n" + b"".join(b"C%05d,%s\n" % (number, b"x" * 100) for number in range(50_000))
    mapping = read_mapping({"type": "box.item", "fields": {"code": "code", "name": "name"}})
    tracemalloc.start()
    try:
        with Records(Source("given", io.BytesIO(data)), mapping, TODAY) as records:
            count = sum(1 for record in records if record.make(mapping, lambda *wanted: None)["code"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 50_000
    # io.BytesIO shares the bytes it is given: what counts are the rows, which are 100 times as many bytes.
    assert peak < 1_000_000
