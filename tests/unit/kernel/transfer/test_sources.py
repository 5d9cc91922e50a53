"""Files as rows: CSV and JSONL, bad rows told one by one, bad files as a whole."""

import io
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.transfer.errors import SourceUnreadable
from kernel.transfer.sources import Dialect, Source, guess_format


def read(data, **dialect):
    return list(Source("given", io.BytesIO(data), Dialect(**dialect)).rows())


def test_rows_of_a_csv_are_counted_from_its_first_row_of_data():
    rows = read(b'code,name\nA,Ada\n\nB,"Bo, the\nbuilder"\n')
    assert [(row.number, dict(row.values)) for row in rows] == [
        (1, {"code": "A", "name": "Ada"}),
        (2, {"code": "B", "name": "Bo, the\nbuilder"}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    assert read(b"\xef\xbb\xbfcode\nA\n")[0].values == {"code": "A"}


def test_another_delimiter_and_encoding_are_read():
    rows = read("code;ort\nA;München\n".encode("latin-1"), delimiter=";", encoding="latin-1")
    assert rows[0].values == {"code": "A", "ort": "München"}


def test_what_an_encoding_makes_of_bytes_is_told_where_it_is_no_text():
    found = read(b"a,b\nx+2AA-,1\ny,2\n", encoding="utf-7")
    assert [row.fault for row in found] == ["the row has half of a surrogate pair, which is no character", ""]
    with pytest.raises(SourceUnreadable):
        read(b"a+2AA-,b\nx,1\n", encoding="utf-7")


@pytest.mark.parametrize("line", [b"A", b"A,Ada,more"])
def test_a_row_with_other_cells_than_the_header_is_told_and_the_next_is_read(line):
    bad, good = read(b"code,name\n" + line + b"\nB,Bo\n")
    assert "cells and the header 2" in bad.fault
    assert good.values == {"code": "B", "name": "Bo"}


@pytest.mark.parametrize("header", [b"code,,name", b"code,code", b"code, code"])
def test_a_header_with_empty_or_repeated_names_is_refused(header):
    with pytest.raises(SourceUnreadable) as refused:
        read(header + b"\nA,B,C\n")
    assert refused.value.code == "source_unreadable"


def test_a_file_in_another_encoding_is_refused():
    with pytest.raises(SourceUnreadable, match="given cannot be read"):
        read("name\nMünchen\n".encode("latin-1"))


def test_an_empty_file_has_no_rows():
    assert read(b"") == []


def test_numbers_of_jsonl_keep_every_digit():
    (row,) = read(b'{"price": 9.80000019, "count": 3}\n', format="jsonl")
    assert row.values == {"price": Decimal("9.80000019"), "count": 3}


@pytest.mark.parametrize("line", [b"{", b"[1]", b'{"a": NaN}', b"\xff"])
def test_a_line_that_is_no_json_object_is_told_and_the_next_is_read(line):
    bad, good = read(line + b'\n\n{"a": 1}\n', format="jsonl")
    assert bad.fault.startswith("the line is no JSON")
    assert (good.number, good.values) == (2, {"a": 1})


def test_the_name_of_a_file_says_its_format():
    assert [guess_format(name) for name in ("a.jsonl", "a.NDJSON", "a.csv", "-")] == ["jsonl", "jsonl", "csv", "csv"]


def test_a_joined_file_may_have_the_other_format():
    assert Dialect("csv", ";").for_file(Path("more.jsonl")) == Dialect("jsonl", ";")


def test_a_stream_that_was_lent_stays_open():
    stream = io.BytesIO(b"a\n1\n")
    list(Source("given", stream).rows())
    assert not stream.closed
