"""Imports of what nobody should have written, of what is cut off in the middle, and of what is only rehearsed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.transfer.caller import Caller
from kernel.transfer.errors import MappingInvalid, SourceUnreadable
from kernel.transfer.mapping import ImportMapping, read_mapping
from tests.integration.kernel.files.desk import bring, contents, values_of
from tests.integration.kernel.shipped import make_tenant

REPOSITORY = Path(__file__).resolve().parents[4]
CUSTOMERS = ImportMapping("parties.customer", key="code")
CONTACTS = {
    "type": "parties.contact",
    "fields": {"name": "name", "customer": {"link": "parties.customer", "by": "name", "from": "of"}},
}


def told(path):
    """Row, code, and the first field and rule of each reject."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(n["row"], n["code"], n["violations"][0]["field"], n["violations"][0]["rule"]) for n in lines]


def test_a_hostile_file_brings_in_its_good_rows_and_tells_the_others(directory, tmp_path):
    text = (
        b"\xef\xbb\xbfcode,name,payment_terms_days,addresses\r\n"
        b"A,Ada,14,\r\n"
        b"B\x00,Bo,,\r\n"
        b"C,Cleo\r\n"
        b"D,Dora,--5,\r\n"
        b"E,Emil," + b"9" * 5_000 + b",\r\n"
        b"F,Finn,," + b"[" * 100_000 + b"\r\n"
        b'G,Gabi,,"[{""city"": ""\\ud800""}]"\r\n'
        b'H,Hans,,"[{""city"": ""\\u0000""}]"\r\n'
        b'I,Ines,,"[{""city"": NaN}]"\r\n'
        b'"\'; DROP TABLE t; --",=cmd(),,\r\n'
        b"Z,Zoe,30,\r\n"
    )
    report = bring(directory, text, CUSTOMERS, tmp_path / "r.jsonl")
    assert (report.created, report.rejected, report.seen) == (3, 8, 11)
    assert values_of(directory, "parties.customer", "code") == ["A", "'; DROP TABLE t; --", "Z"]
    assert values_of(directory, "parties.customer", "name")[1] == "=cmd()"
    assert [(row, code) for row, code, _, _ in told(tmp_path / "r.jsonl")] == [
        (2, "row_refused"), (3, "row_refused"), (4, "document_invalid"), (5, "document_invalid"),
        (6, "document_invalid"), (7, "document_invalid"), (8, "document_invalid"), (9, "document_invalid"),
    ]  # fmt: skip


def test_lines_of_json_that_are_no_documents_are_told_one_by_one(directory, tmp_path):
    lines = [
        "[]",
        "1",
        '{"code": "A", "name": NaN}',
        '{"code": ["A"], "name": {}}',
        '{"code": "B", "name": "Bo"}',
        '{"code": "\\ud800", "name": "x"}',
        '{"code": 5, "name": 1e999999999}',
        "",
        '{"code": "C", "nam": "x"}',
    ]
    report = bring(directory, "\n".join(lines), CUSTOMERS, tmp_path / "r.jsonl", format="jsonl")
    assert (report.created, report.rejected) == (1, 7)
    codes = [code for _, code, _, _ in told(tmp_path / "r.jsonl")]
    assert codes == ["row_refused"] * 3 + ["document_invalid"] + ["row_refused"] * 2 + ["document_invalid"]
    misspelt = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[-1])
    assert {"field": "/nam", "expected": "name"}.items() <= misspelt["violations"][0].items()
    assert misspelt["values"] == {"code": "C", "nam": "x"}


def test_a_name_two_documents_have_is_a_fault_of_the_rows_that_link_by_it(directory, tmp_path):
    bring(directory, "code,name\nA,Twin\nB,Twin\nC,Only\n", CUSTOMERS)
    text = "name,of\nFirst,Only\nSecond,Twin\nThird,Nobody\nFourth,Only\n"
    report = bring(directory, text, read_mapping(CONTACTS), tmp_path / "r.jsonl")
    assert (report.created, report.rejected) == (2, 2)
    assert values_of(directory, "parties.contact", "name") == ["First", "Fourth"]
    found = told(tmp_path / "r.jsonl")
    assert [(row, code) for row, code, _, _ in found] == [(2, "not_unambiguous"), (3, "row_refused")]
    assert found[1][2:] == ("/customer", "link")


@pytest.mark.parametrize("by", ["nmae", "id", "addresses.city", "name in ['Only'] or code", "'"])
def test_a_link_by_a_field_there_is_none_of_is_refused_before_anything_is_written(directory, by):
    bring(directory, "code,name\nC,Only\n", CUSTOMERS)
    fields = {"name": "name", "customer": {"link": "parties.customer", "by": by, "from": "of"}}
    before = contents(directory)
    with pytest.raises(MappingInvalid) as refused:
        bring(directory, "name,of\nFirst,Only\n", read_mapping({"type": "parties.contact", "fields": fields}))
    assert refused.value.violations[0].rule == "unknown_field"
    assert contents(directory) == before


def test_a_rehearsal_leaves_no_row_in_any_table(directory, tmp_path):
    bring(directory, "code,name\nA,Ada\n", CUSTOMERS)
    before = contents(directory)
    assert {"documents", "events", "keys", "links", "movements", "series", "deliveries"} <= before.keys()
    text = "code,name\nA,Other\nB,Bo\nB,Again\nC,\n"
    report = bring(
        directory, text, CUSTOMERS, tmp_path / "r.jsonl", is_rehearsal=True, batch_size=1, on_existing="update"
    )
    assert (report.created, report.updated, report.rejected) == (1, 2, 1)
    assert contents(directory) == before


def test_a_rehearsal_of_a_broken_file_leaves_no_row_either(directory):
    before = contents(directory)
    with pytest.raises(SourceUnreadable):
        bring(directory, b"code,name\nA,Ada\n\xff,Bo\n", CUSTOMERS, is_rehearsal=True, batch_size=1)
    assert contents(directory) == before


def test_a_run_that_is_interrupted_between_batches_has_kept_what_it_reported(directory):
    told_of = []

    def stop(count):
        told_of.append(count)
        if len(told_of) == 2:
            raise KeyboardInterrupt

    text = "code,name\n" + "".join(f"C{number},N\n" for number in range(30))
    with pytest.raises(KeyboardInterrupt):
        bring(directory, text, CUSTOMERS, progress=stop, batch_size=10)
    assert values_of(directory, "parties.customer", "code") == [f"C{number}" for number in range(20)]


def test_a_process_killed_in_the_middle_leaves_whole_batches_and_a_second_run_completes_them(directory, office_url):
    text = "code,name\n" + "".join(f"C{number:03},N\n" for number in range(100))
    program = [sys.executable, "-m", "tests.integration.kernel.files.killed_import"]
    words = [office_url, directory.tenant.name, "30", "75"]
    died = subprocess.run(
        [*program, *words], input=text.encode(), capture_output=True, check=False, timeout=60, cwd=REPOSITORY
    )
    assert (died.returncode, died.stderr) == (-signal.SIGKILL, b"")
    assert values_of(directory, "parties.customer", "code") == [f"C{number:03}" for number in range(60)]
    report = bring(directory, text, CUSTOMERS, batch_size=30)
    assert (report.created, report.skipped, report.rejected) == (40, 60, 0)
    assert values_of(directory, "parties.customer", "code") == [f"C{number:03}" for number in range(100)]
    with directory.begin() as uow:
        created = uow.execute("SELECT count(*) FROM {t}.events WHERE type = 'parties.customer.created'").fetchone()
    assert created == (100,)


def test_importing_the_same_file_again_and_again_changes_nothing(directory):
    text = "code,name\n" + "".join(f"C{number},N\n" for number in range(20))
    bring(directory, text, CUSTOMERS)
    before = contents(directory)
    for on_existing in ("skip", "update"):
        assert bring(directory, text, CUSTOMERS, on_existing=on_existing).skipped == 20
    assert contents(directory) == before


@pytest.mark.parametrize("text", ["", "\ufeff", "code,name\n"])
def test_an_empty_file_imports_nothing(directory, text):
    assert bring(directory, text, CUSTOMERS).seen == 0


def test_what_is_only_rehearsed_is_remembered_by_nobody(office):
    """Accounts are kept in memory: what a transaction holds that is rolled back must not be."""
    books = Caller(office, make_tenant(office, "rehearsed", "ledger"))
    accounts = ImportMapping("ledger.account", key="code")
    text = "code,name,account_type\n8001,One,expense\n8001,Other,expense\n8002,Two,expense\n"
    report = bring(books, text, accounts, is_rehearsal=True, batch_size=1, on_existing="update")
    assert (report.created, report.updated, report.rejected) == (2, 1, 0)
    with books.begin() as uow:
        assert books.context(uow).documents.find("ledger.account", code="8001") is None
