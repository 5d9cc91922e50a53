"""Cells a spreadsheet would compute, compressed files, and keys of the spool."""

import gzip
import io

import pytest

from kernel.transfer.cells import harmless, plain
from kernel.transfer.errors import SourceTooLarge, SourceUnreadable
from kernel.transfer.sources import Dialect, Source, guess_format
from kernel.transfer.spool import Spool, key_of
from kernel.transfer.unpacking import UNPACKED_BYTES_FREE


@pytest.mark.parametrize("text", ["=1+1", "+49 1", "-5", "@x", "\tx", "\rx", "'=x", "''=x", "'-"])
def test_what_would_be_computed_is_made_harmless_and_plain_again(text):
    assert harmless(text) == f"'{text}"
    assert plain(harmless(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "'tis", "''", "1", " =1"])
def test_other_texts_stay_as_they_are(text):
    assert (harmless(text), plain(text)) == (text, text)


def rows_of(data, format="csv"):
    return list(Source("given", io.BytesIO(data), Dialect(format)).rows())


def test_a_compressed_file_is_read_like_any_other():
    assert [row.values for row in rows_of(gzip.compress(b"a,b\n1,'=2\n"))] == [{"a": "1", "b": "=2"}]
    assert [row.values for row in rows_of(gzip.compress(b'{"a": 1}\n'), "jsonl")] == [{"a": 1}]
    assert guess_format("x.JSONL.gz") == "jsonl"
    assert guess_format("x.xlsx") == "xlsx"


def test_a_compressed_file_that_is_cut_off_is_refused_after_its_good_rows():
    data = gzip.compress(b"a\n" + b"".join(b"%d\n" % n for n in range(50_000)))
    with pytest.raises(SourceUnreadable):
        rows_of(data[:-2_000])


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"a\n")
        for _ in range(64):
            file.write(b"\n" * (UNPACKED_BYTES_FREE // 16))
    with path.open("rb") as stream, pytest.raises(SourceTooLarge):
        list(Source(str(path), stream, Dialect()).rows())


def test_a_separator_within_a_value_makes_no_other_key():
    names = ("a", "b")
    assert key_of({"a": "x\x1f", "b": "y"}, names) != key_of({"a": "x", "b": "\x1fy"}, names)
    assert key_of({"a": '","', "b": ""}, names) != key_of({"a": "", "b": '","'}, names)


def test_rows_without_a_key_are_no_group_but_faults():
    rows = rows_of(b"k,n\n,1\na,2\n,3\na,4\n")
    with Spool() as spool:
        spool.fill(rows, ["k"])
        found = [[(row.values["n"], bool(row.fault)) for row in group] for group in spool.groups()]
    assert found == [[("1", True)], [("2", False), ("4", False)], [("3", True)]]
