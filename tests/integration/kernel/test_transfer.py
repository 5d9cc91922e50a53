"""Documents in and out as files, through the real service."""

import csv
import io
import json
from dataclasses import replace

import pytest

from kernel.auth.passwords import Passwords
from kernel.auth.records import Identity
from kernel.auth.users import create_user
from kernel.backup.exporting import count_rows
from kernel.documents.listing import ListRequest, list_rows
from kernel.transfer.books import open_books
from kernel.transfer.caller import Caller
from kernel.transfer.errors import MappingInvalid, NoBooks, SourceUnreadable
from kernel.transfer.exporter import ExportRequest, write_csv, write_jsonl
from kernel.transfer.hledger import write_hledger
from kernel.transfer.importer import Importer, ImportOptions
from kernel.transfer.mapping import ImportMapping, read_mapping
from kernel.transfer.records import Records
from kernel.transfer.rejects import Rejects
from kernel.transfer.sources import Dialect, Source
from sdk.document_errors import PermissionDenied
from tests.integration.kernel.shipped import make_tenant, open_shipped

CUSTOMERS = read_mapping(
    {
        "type": "parties.customer",
        "key": "code",
        "fields": {"code": "id", "name": "name", "addresses": [{"fields": {"city": "city"}}]},
    }
)
LINES = {
    "each": "rows",
    "fields": {"description": "text", "quantity": "quantity", "unit_price": "round(row.price, 2)"},
}
INVOICES = {
    "type": "receivables.invoice",
    "key": "reference",
    "group_by": "order",
    "columns": {"price": "decimal", "quantity": "decimal"},
    "fields": {
        "reference": "order",
        "customer": {"link": "parties.customer", "by": "code", "from": "customer"},
        "issued_on": {"value": "2026-01-31"},
        "lines": LINES,
    },
}
ORDERS = """order,customer,text,quantity,price
1,A,Paper,2,9.80000019
2,A,Ink,1,5
1,A,Pens,10,1.005
3,NOBODY,Glue,1,1
4,A,Tape,many,1
"""


@pytest.fixture(scope="module")
def shipped(empty_database):
    with open_shipped(empty_database()) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def names():
    return (f"trader{number}" for number in range(100))


@pytest.fixture
def trader(shipped, names):
    """A caller in a tenant of its own that can invoice."""
    return Caller(shipped, make_tenant(shipped, next(names), "receivables", chart=True))


@pytest.fixture
def directory(shipped, names):
    """A caller in a tenant of its own with customers only."""
    return Caller(shipped, make_tenant(shipped, next(names), "parties"))


def bring(caller, text, mapping, rejects=None, format="csv", **options):
    source = Source("given", io.BytesIO(text.encode()), Dialect(format))
    with caller.begin() as uow:
        ctx = caller.context(uow)
        company, today = ctx.company_id, ctx.today
    wanted = ImportOptions(mapping.type, mapping, company_id=company, **options)
    with Records(source, mapping, today) as records, Rejects(rejects) as bin:
        return Importer(caller, wanted, bin).run(records)


def rows_of(caller, type, **wanted):
    with caller.begin() as uow:
        ctx = caller.context(uow)
        return list_rows(ctx, ctx.runtime.catalogue.type(type), ListRequest(sort=("id",), **wanted)).rows


def told(path):
    """Row, fields and first rule of each reject."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    faults = [line["violations"] for line in lines]
    return [(n["row"], [v["field"] for v in vs], vs[0]["rule"]) for n, vs in zip(lines, faults, strict=True)]


def test_good_rows_go_in_and_bad_ones_are_told_by_field_and_rule(directory, tmp_path):
    text = "id,name,city\nA,Ada,Kiel\nB,,\nC,Cleo,\nA,Again,\n"
    report = bring(directory, text, replace(CUSTOMERS, key=""), tmp_path / "r.jsonl")
    assert (report.created, report.rejected) == (2, 2)
    assert [row.data["code"] for row in rows_of(directory, "parties.customer")] == ["A", "C"]
    assert told(tmp_path / "r.jsonl") == [(2, ["/name"], "required"), (4, ["/code"], "unique")]


def test_rows_of_a_group_become_one_posted_document(trader, tmp_path):
    bring(trader, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    mapping = read_mapping({**INVOICES, "perform": ["post"]})
    report = bring(trader, ORDERS, mapping, tmp_path / "r.jsonl")
    assert (report.created, report.rejected) == (2, 2)
    found = [
        (row.data["reference"], row.state, row.number, row.data["total"])
        for row in rows_of(trader, "receivables.invoice")
    ]
    # 2 × 9.80 + 10 × 1.01: half up.
    assert found == [("1", "posted", "INV-2026-00001", "29.70"), ("2", "posted", "INV-2026-00002", "5.00")]
    assert told(tmp_path / "r.jsonl") == [(4, ["/customer"], "link"), (5, ["/quantity"], "decimal")]


def test_a_row_whose_action_is_refused_leaves_nothing(trader, tmp_path):
    bring(trader, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    mapping = read_mapping({**INVOICES, "perform": ["post", "post"]})
    report = bring(trader, ORDERS, mapping, tmp_path / "r.jsonl")
    assert (report.created, report.rejected) == (0, 4)
    assert rows_of(trader, "receivables.invoice") == []
    assert told(tmp_path / "r.jsonl")[0] == (1, [""], "action_not_allowed")


def test_a_rehearsal_finds_what_is_wrong_and_writes_nothing(trader, tmp_path):
    bring(trader, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    with trader.begin() as uow:
        before = (
            count_rows(trader.kernel, trader.tenant),
            uow.execute("SELECT name, value FROM {t}.series ORDER BY name").fetchall(),
        )
    mapping = read_mapping({**INVOICES, "perform": ["post"]})
    report = bring(trader, ORDERS, mapping, tmp_path / "r.jsonl", is_rehearsal=True, batch_size=1)
    assert (report.created, report.rejected) == (2, 2)
    with trader.begin() as uow:
        after = (
            count_rows(trader.kernel, trader.tenant),
            uow.execute("SELECT name, value FROM {t}.series ORDER BY name").fetchall(),
        )
    assert after == before
    assert len(told(tmp_path / "r.jsonl")) == 2


@pytest.mark.parametrize(
    ("on_existing", "counts", "name"),
    [("skip", (1, 0, 1, 0), "Ada"), ("update", (1, 1, 0, 0), "Ada Two"), ("reject", (1, 0, 0, 1), "Ada")],
)
def test_a_known_key_is_skipped_updated_or_rejected(directory, on_existing, counts, name):
    bring(directory, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    report = bring(directory, "id,name,city\nA,Ada Two,Kiel\nB,Bo,\n", CUSTOMERS, on_existing=on_existing)
    assert (report.created, report.updated, report.skipped, report.rejected) == counts
    assert rows_of(directory, "parties.customer")[0].data["name"] == name


def test_the_same_key_twice_in_a_file_is_one_document(directory):
    text = "id,name,city\nA,Ada,\nA,Ada Two,\nA,Ada Two,\n"
    report = bring(directory, text, CUSTOMERS, on_existing="update")
    assert (report.created, report.updated, report.skipped) == (1, 1, 1)
    assert [row.data["name"] for row in rows_of(directory, "parties.customer")] == ["Ada Two"]


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_link_to_a_document_of_an_earlier_row_is_found(trader, batch_size):
    mapping = read_mapping(
        {
            "type": "ledger.account",
            "fields": {
                "code": "code",
                "name": "code",
                "account_type": {"value": "asset"},
                "parent": {"link": "ledger.account", "by": "code", "from": "parent"},
            },
        }
    )
    report = bring(trader, "code,parent\n9000,\n9001,9000\n9002,9001\n", mapping, batch_size=batch_size)
    assert report.created == 3
    first, second, third = rows_of(trader, "ledger.account", filter='startswith(code, "90")')
    assert (second.data["parent"], third.data["parent"]) == (first.id, second.id)


def test_texts_become_numbers_and_flags_without_a_mapping(trader):
    text = 'code,name,payment_terms_days,credit_limit,addresses\nA,Ada,14,1000.00,"[{""city"": ""Kiel""}]"\n'
    assert bring(trader, text, ImportMapping("parties.customer")).created == 1
    (row,) = rows_of(trader, "parties.customer")
    assert row.data["payment_terms_days"] == 14
    assert row.data["addresses"][0]["city"] == "Kiel"


def test_an_import_obeys_the_permissions_of_whom_it_is_done_for(shipped, directory, tmp_path):
    with shipped.database.platform() as uow:
        user = create_user(uow, Passwords(64, 1, 1), directory.tenant.id, "bo@example.com", shipped.clock())
        uow.commit()
    as_user = replace(directory, identity=Identity(user.actor, directory.tenant))
    with pytest.raises(PermissionDenied):
        bring(as_user, "id,name,city\nA,Ada,\n", replace(CUSTOMERS, key=""), tmp_path / "r.jsonl")
    assert not (tmp_path / "r.jsonl").exists()


def test_a_file_that_breaks_in_the_middle_keeps_the_batches_before_it(directory):
    source = Source("given", io.BytesIO(b"id,name,city\nA,Ada,\nB,M\xfcller,\n"))
    options = ImportOptions("parties.customer", CUSTOMERS, batch_size=1)
    with directory.begin() as uow:
        today = directory.context(uow).today
    with Records(source, CUSTOMERS, today) as records, Rejects(None) as bin:
        importer = Importer(directory, options, bin)
        with pytest.raises(SourceUnreadable):
            importer.run(records)
    assert importer.report.created == len(rows_of(directory, "parties.customer"))


def exported(caller, write, **wanted):
    stream = io.BytesIO()
    with caller.begin() as uow:
        write(caller.context(uow), ExportRequest(**wanted), stream)
    return stream.getvalue().decode()


def test_an_export_to_csv_spreads_objects_and_keeps_lists_as_json(trader):
    bring(trader, "id,name,city\nA,Ada,Kiel\nB,Bo,\n", CUSTOMERS)
    first, second = csv.DictReader(io.StringIO(exported(trader, write_csv, type="parties.customer")))
    assert (first["code"], second["code"]) == ("A", "B")
    assert json.loads(first["addresses"]) == [{"city": "Kiel", "kind": "billing", "is_default": False}]
    assert second["addresses"] == ""


def test_an_export_can_have_a_row_for_each_line(trader):
    bring(trader, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    bring(trader, ORDERS, read_mapping(INVOICES))
    text = exported(
        trader, write_csv, type="receivables.invoice", lines="lines", fields=("reference", "total", "lines")
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["reference"], row["total"], row["lines.description"], row["lines.net"]) for row in rows] == [
        ("1", "29.70", "Paper", "19.60"),
        ("1", "29.70", "Pens", "10.10"),
        ("2", "5.00", "Ink", "5.00"),
    ]


def test_filters_and_fields_choose_what_is_exported(directory):
    bring(directory, "id,name,city\nA,Ada,Kiel\nB,Bo,\n", CUSTOMERS)
    wanted = {"type": "parties.customer", "filter": "code == param.c", "parameters": {"c": "B"}, "fields": ("name",)}
    (line,) = exported(directory, write_jsonl, **wanted).splitlines()
    assert json.loads(line).keys() == {"id", "name"}
    with pytest.raises(MappingInvalid) as refused:
        exported(directory, write_jsonl, type="parties.customer", fields=("nam",))
    assert refused.value.violations[0].expected == "name"


def test_more_documents_than_a_page_holds_are_all_exported(shipped, directory):
    count = shipped.settings.page_size_max + 20
    bring(directory, "id,name,city\n" + "".join(f"C{n:04},N,\n" for n in range(count)), CUSTOMERS)
    lines = exported(directory, write_jsonl, type="parties.customer", fields=("code",)).splitlines()
    assert [json.loads(line)["code"] for line in lines] == [f"C{n:04}" for n in range(count)]


@pytest.mark.parametrize(("write", "format"), [(write_csv, "csv"), (write_jsonl, "jsonl")])
def test_an_export_can_be_imported_as_it_is(trader, shipped, names, write, format):
    bring(trader, "id,name,city\nA,Ada,Kiel\nB,Bo,\n", CUSTOMERS)
    text = exported(trader, write, type="parties.customer")
    other = Caller(shipped, make_tenant(shipped, next(names), "parties"))
    assert bring(other, text, ImportMapping("parties.customer"), format=format).created == 2
    kept = [row.data for row in rows_of(trader, "parties.customer")]
    assert [row.data for row in rows_of(other, "parties.customer")] == kept


def test_only_posted_entries_are_in_the_books(trader):
    bring(trader, "id,name,city\nA,Ada,Kiel\n", CUSTOMERS)
    bring(trader, ORDERS, read_mapping({**INVOICES, "perform": ["post"]}))
    with trader.kernel.operate(trader.tenant) as ctx:
        first = ctx.documents.query("ledger.journal_entry", sort=("number",)).items[0]
        draft = {
            "journal": first["journal"],
            "posted_on": "2026-02-01",
            "lines": first.fields["lines"],
            "memo": "draft",
        }
        ctx.documents.create("ledger.journal_entry", draft)
    with trader.begin() as uow:
        text = "".join(write_hledger(open_books(trader.context(uow), "ledger.journal_entry")))
    assert text.count("\n2026-01-31 * (JE-2026-") == 2
    assert "draft" not in text
    assert "  29.7 EUR\n" in text


def test_a_type_that_is_no_journal_is_refused(trader):
    with trader.begin() as uow, pytest.raises(NoBooks, match="it has no field posted_on"):
        open_books(trader.context(uow), "parties.customer")
