"""Exports: the same documents in every format, in any order, without what is hidden, page by page."""

import gzip
import io
import json

import pytest
from python_calamine import CalamineWorkbook

from kernel.auth.records import Identity
from kernel.cli.exports import _Target
from kernel.transfer.caller import Caller
from kernel.transfer.errors import CellTooLong, FileExists
from kernel.transfer.exporter import ExportRequest, FileShape, export, open_sink
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.reading import Pages, count_documents
from kernel.transfer.sources import Dialect, Source
from kernel.transfer.table import columns_of
from kernel.transfer.workbook import XlsxSink
from sdk.context import Actor
from sdk.errors import Forbidden
from sdk.identifiers import new_id
from tests.integration.kernel.files.desk import bring, values_of
from tests.integration.kernel.shipped import make_tenant

TYPE = "parties.customer"
ROWS = [
    {"code": "A", "name": 'Ada "=1+1" \\ \x7f,;\n\'x', "credit_limit": "10.50", "payment_terms_days": 14},
    {"code": "B", "name": "=HYPERLINK(1)", "phone": "+49 1", "notes": "'@x", "addresses": [{"city": "Kïel 😀"}]},
    {"code": "C", "name": "@SUM", "payment_terms_days": 0, "website": "-1"},
    {"code": "D", "name": "'=quoted"},
]


@pytest.fixture
def filled(directory):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    assert bring(directory, lines, ImportMapping(TYPE), format="jsonl").created == len(ROWS)
    return directory


def taken(caller, wanted, shape=None, path=None):
    stream = io.BytesIO()
    with caller.begin() as uow:
        ctx = caller.context(uow)
        sink = open_sink(ctx, wanted, shape or FileShape("jsonl"), stream, path)
        export(ctx, wanted, sink)
        sink.close()
    return stream.getvalue()


def documents(caller, **asked):
    return [json.loads(line) for line in taken(caller, ExportRequest(TYPE, **asked)).splitlines()]


def own(document):
    return {name: value for name, value in document.items() if name in {name for row in ROWS for name in row}}


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx"])
def test_what_was_exported_can_be_imported_as_it_was(office, filled, tmp_path, format):
    path = tmp_path / f"x.{format}"
    data = taken(filled, ExportRequest(TYPE), FileShape(format), path)
    if format != "xlsx":
        path.write_bytes(data)
    other = Caller(office, make_tenant(office, f"again{format}", "parties"))
    report = bring(other, path.read_bytes(), ImportMapping(TYPE), format=format)
    assert (report.created, report.rejected) == (len(ROWS), 0)
    assert [own(each) for each in documents(other)] == [own(each) for each in documents(filled)]


def test_no_cell_of_a_csv_is_computed_unless_that_is_asked_for(filled):
    wanted = ExportRequest(TYPE, fields=("name", "phone"), sort=("code",))
    shown = [row.values["name"] for row in Source("x", io.BytesIO(taken(filled, wanted, FileShape("csv")))).rows()]
    assert shown == [row["name"] for row in ROWS]
    text = taken(filled, wanted, FileShape("csv")).decode()
    assert ",'=HYPERLINK(1),'+49 1\n" in text
    assert ",''=quoted,\n" in text
    assert ",=HYPERLINK(1),+49 1\n" in taken(filled, wanted, FileShape("csv", is_raw=True)).decode()


def test_a_workbook_has_numbers_and_texts_and_no_formula(filled, tmp_path):
    path = tmp_path / "x.xlsx"
    taken(filled, ExportRequest(TYPE, fields=("code", "name", "credit_limit"), sort=("code",)), FileShape("xlsx"), path)
    (sheet,) = [CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)]
    assert sheet.to_python()[2][1:] == ["B", "=HYPERLINK(1)", ""]
    assert sheet.to_python()[1][3] == 10.5
    assert b"<f>" not in path.read_bytes()


def test_a_full_sheet_is_continued_on_the_next_and_read_back(filled, tmp_path):
    path = tmp_path / "x.xlsx"
    wanted = ExportRequest(TYPE, fields=("code",), sort=("code",))
    with filled.begin() as uow:
        ctx = filled.context(uow)
        sink = XlsxSink(path, columns_of(ctx.runtime.catalogue.type(TYPE), wanted), rows_max=3)
        export(ctx, wanted, sink)
        sink.close()
    with path.open("rb") as stream:
        found = [(row.number, row.values["code"]) for row in Source(str(path), stream, Dialect("xlsx")).rows()]
    assert found == [(1, "A"), (2, "B"), (3, "C"), (4, "D")]


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        (("id",), "ABCD"),
        (("-id",), "DCBA"),
        (("-code",), "DCBA"),
        (("payment_terms_days", "code"), "CABD"),
        (("-payment_terms_days", "-code"), "DBAC"),
        (("created_at", "-code"), "DCBA"),
        (("credit_limit", "code"), "ABCD"),
    ],
)
def test_pages_of_one_go_through_all_documents_in_order(filled, sort, codes):
    pages, found = Pages(ExportRequest(TYPE, sort=sort), size=1), ""
    while pages.cursor is not None:
        with filled.begin() as uow:
            found += "".join(json.loads(bytes(line))["code"] for line in pages.read(filled.context(uow)))
    assert found == codes


def test_a_line_is_what_the_api_answers(filled, client, log_in):
    headers = log_in(filled, "kernel.admin")
    answered = client.get("/api/v1/parties/customers", params={"sort": "id"}, headers=headers).json()["items"]
    assert documents(filled) == answered
    answered = client.get(
        "/api/v1/parties/customers", params={"sort": "id", "fields": "name,version,notes"}, headers=headers
    )
    assert documents(filled, fields=("name", "version", "notes")) == answered.json()["items"]


def role(office, caller, permission):
    actor = Actor(new_id(), "user", "x@example.com")
    with office.operate(caller.tenant) as ctx:
        ctx.documents.create("kernel.role", {"name": "reader", "title": "Reader", "permissions": permission})
        ctx.documents.create("kernel.grant", {"actor_id": actor.id, "role": "reader"})
    return Caller(office, caller.tenant, Identity(actor, caller.tenant))


def test_only_what_may_be_read_is_exported_and_nothing_that_is_hidden(office, filled):
    reader = role(
        office, filled, [{"type": TYPE, "actions": ["read"], "condition": "code != 'C'", "mask": ["name", "notes"]}]
    )  # fmt: skip
    found = documents(reader)
    assert [document["code"] for document in found] == ["A", "B", "D"]
    assert not any({"name", "notes"} & document.keys() for document in found)
    assert "name" not in documents(reader, fields=("name", "code"))[0]
    for asked in ({"sort": ("name",)}, {"filter": "name == 'x'"}):
        with pytest.raises(Forbidden):
            documents(reader, **asked)


def test_what_is_hidden_in_some_documents_only_is_hidden_there(office, filled):
    reader = role(
        office,
        filled,
        [
            {"type": TYPE, "actions": ["read"], "condition": "code != 'C'", "mask": ["name"]},
            {"type": TYPE, "actions": ["read"], "condition": "code == 'B'"},
        ],
    )
    assert [(document["code"], "name" in document) for document in documents(reader)] == [
        ("A", False), ("B", True), ("D", False),
    ]  # fmt: skip


def test_who_may_read_none_exports_nothing(office, filled):
    stranger = Caller(office, filled.tenant, Identity(Actor(new_id(), "user", "y@example.com"), filled.tenant))
    with pytest.raises(Forbidden):
        documents(stranger)


def test_injections_are_values_like_any_other(filled):
    hostile = "x' || (SELECT 1) || '%s {t} \x02\x01"
    with filled.begin() as uow:
        ctx = filled.context(uow)
        wanted = ExportRequest(TYPE, "name == param.name", {"name": hostile}, fields=("code", "custom_x'--%(x)s"))
        assert count_documents(ctx, wanted) == 0
    assert documents(filled, filter="name == param.name", parameters={"name": hostile}) == []
    assert len(documents(filled, fields=("code", "custom_x'--%(x)s"))) == len(ROWS)


def test_a_text_no_cell_holds_is_refused_and_not_cut(filled, tmp_path):
    address = {"street": "y" * 200, "street_2": "s" * 200, "city": "z" * 100, "region": "r" * 100, "country": "c" * 100}
    with filled.kernel.operate(filled.tenant) as ctx:
        ctx.documents.create(TYPE, {"code": "M", "name": "M", "addresses": [address] * 50})
    with pytest.raises(CellTooLong):
        taken(filled, ExportRequest(TYPE), FileShape("xlsx"), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_packed_file_is_made_of_members_that_read_as_one(filled):
    data = taken(filled, ExportRequest(TYPE), FileShape("jsonl", is_packed=True))
    assert [json.loads(line)["code"] for line in gzip.decompress(data).splitlines()] == ["A", "B", "C", "D"]


def test_a_file_gets_its_name_when_it_is_whole_and_replaces_none_unasked(tmp_path):
    out = tmp_path / "x.csv"
    with pytest.raises(KeyError), _Target(out, False).stream() as stream:
        stream.write(b"half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with _Target(out, False).stream() as stream:
        stream.write(b"whole")
        assert not out.exists()
    with pytest.raises(FileExists):
        _Target(out, False)
    with _Target(out, True).stream() as stream:
        stream.write(b"other")
    assert out.read_bytes() == b"other"


def test_documents_written_together_are_what_they_are_written_alone(office, filled):
    """In one statement, or, by a mapping that performs nothing and a batch of one, in a statement each."""
    other = Caller(office, make_tenant(office, "alone", "parties"))
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    assert bring(other, lines, ImportMapping(TYPE), format="jsonl", batch_size=1).created == len(ROWS)
    assert values_of(other, TYPE, "addresses") == values_of(filled, TYPE, "addresses")
    for caller in (other, filled):
        with caller.begin() as uow:
            keys = uow.execute("SELECT value FROM {t}.keys WHERE type = %s ORDER BY 1", [TYPE]).fetchall()
            events = uow.execute(
                "SELECT version, payload -> 'diff' ->> 'code' FROM {t}.events WHERE aggregate_type = %s ORDER BY 2, 1",
                [TYPE],
            ).fetchall()
        assert keys == [("A",), ("B",), ("C",), ("D",)]
        assert events == [(1, "A"), (1, "B"), (1, "C"), (1, "D")]
