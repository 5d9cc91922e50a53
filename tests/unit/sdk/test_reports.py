"""Reports as data; the documented statements are the examples."""

import copy
import json
import re
from pathlib import Path

import pytest

from sdk.errors import Violation
from sdk.registers import Register
from sdk.report_checks import check_report, check_source
from sdk.reports import InvalidReport, Report, read_report
from sdk.schema import DocumentType

TEXT = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
STATEMENTS = {data["name"]: data for data in map(json.loads, re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))}
POSTINGS = Register.from_data(
    {
        "name": "ledger.postings",
        "title": "Postings",
        "dimensions": [{"name": "account", "link": "ledger.account"}, {"name": "currency"}],
        "resources": [{"name": "base_amount"}],
    }
)
ORDER = DocumentType.from_schema(
    "shop.order",
    {
        "properties": {
            "customer": {"x-link": "shop.party"},
            "total": {"x-decimal": {"scale": 2}},
            "lines": {
                "items": {"properties": {"product": {"x-link": "shop.product"}, "quantity": {"format": "decimal"}}}
            },
        }
    },
)
SALES = {
    "name": "shop.sales",
    "title": "Sales",
    "source": {"type": "shop.order"},
    "parameters": {"customer": {"type": "uuid", "filter": "customer == param.customer"}},
    "columns": {"customer": {}, "name": {"value": "customer.name"}},
    "measures": {"total": {"sum": "total"}, "orders": {"count": True}, "each": {"calculate": "total / orders"}},
}
LINES = {
    **SALES,
    "source": {"type": "shop.order", "each": "lines"},
    "parameters": {},
    "columns": {"product": {}, "customer": {"value": "document.customer"}},
    "measures": {"quantity": {"sum": "quantity"}},
}


def faults_of(data, register=None, type=None):
    faults: list[Violation] = []
    report = read_report(data, faults)
    check_report(report, faults)
    check_source(report, register, type, faults)
    return {(violation.pointer, violation.rule): violation for violation in faults}


def test_the_six_statements_are_documented():
    assert set(STATEMENTS) == {
        "ledger.trial_balance", "ledger.general_ledger", "ledger.balance_sheet", "ledger.income_statement",
        "receivables.ageing", "receivables.statement_of_account",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_documented_statement_is_right(name):
    register = POSTINGS if name.startswith("ledger.") else None
    assert faults_of(STATEMENTS[name], register) == {}


@pytest.mark.parametrize("data", [SALES, LINES], ids=["documents", "lines"])
def test_reports_over_documents_are_right(data):
    assert faults_of(data, type=ORDER) == {}


def test_a_definition_is_read_as_it_is_written():
    report = Report.from_data(STATEMENTS["ledger.general_ledger"])
    assert (report.applet, report.is_listing, report.grand_total) == ("ledger", True, True)
    assert (report.source.register, report.source.documents) == ("ledger.postings", "ledger.journal_entry")
    assert report.parameters["account"].link == "ledger.account"
    assert report.columns["document"].hidden
    assert report.columns["document"].value.source == "document"
    assert [(m.name, m.function, m.resource) for m in report.measures.values()] == [
        ("debit", "debit", "base_amount"), ("credit", "credit", "base_amount"), ("balance", "running", "base_amount"),
    ]  # fmt: skip
    assert report.drill_down is not None
    assert (report.drill_down.kind, report.drill_down.target) == ("document", "ledger.journal_entry")
    sheet = Report.from_data(STATEMENTS["ledger.balance_sheet"])
    assert sheet.sections[0].order == ("asset", "liability", "equity")
    assert sheet.results[1].sections == {"liability": 1, "equity": 1}
    assert not sheet.grand_total


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"name": "sales"}, "/name", "name"),
        ({"colums": {}}, "/colums", "unknown_key"),
        ({"source": {}}, "/source", "source"),
        ({"source": {"type": "a.b", "register": "a.c"}}, "/source", "source"),
        ({"source": {"type": "a.b", "documents": "a.c"}}, "/source/documents", "misplaced_key"),
        ({"source": {"register": "a.b", "each": "lines"}}, "/source/each", "misplaced_key"),
        ({"source": {"type": "a"}}, "/source/type", "name"),
        ({"source": {"type": "shop.order", "each": "line"}}, "/source/each", "unknown_name"),
        ({"shape": "list"}, "/shape", "enum"),
        ({"parameters": {"company_id": {"type": "uuid"}}}, "/parameters/company_id", "reserved_name"),
        ({"parameters": {"a": {}}}, "/parameters/a/type", "required"),
        ({"parameters": {"a": {"type": "float"}}}, "/parameters/a/type", "enum"),
        ({"parameters": {"a": {"type": "text", "link": "a.b"}}}, "/parameters/a/link", "misplaced_key"),
        ({"parameters": {"a": {"type": "date", "choices": ["x"]}}}, "/parameters/a/choices", "misplaced_key"),
        (
            {"parameters": {"a": {"type": "date", "required": True, "default": "today"}}},
            "/parameters/a/default",
            "two_meanings",
        ),
        ({"parameters": {"a": {"type": "date", "default": "customer"}}}, "/parameters/a/default", "unknown_name"),
        ({"parameters": {"a": {"type": "date", "filter": "total > param.b"}}}, "/parameters/a/filter", "unknown_name"),
        ({"filter": "tota > 1"}, "/filter", "unknown_name"),
        ({"filter": "total >"}, "/filter", "expression"),
        ({"at": "today"}, "/at", "misplaced_key"),
        ({"columns": {"x": {}}}, "/columns/x/value", "unknown_name"),
        ({"columns": {"param": {}}}, "/columns/param", "reserved_name"),
        ({"columns": {"customer": {"type": "money"}}}, "/columns/customer/type", "enum"),
        ({"measures": {}}, "/measures", "required"),
        ({"measures": {"a": {}}}, "/measures/a", "function"),
        ({"measures": {"a": {"sum": "total", "count": True}}}, "/measures/a", "function"),
        ({"measures": {"a": {"balance": "total"}}}, "/measures/a/balance", "unknown_key"),
        ({"measures": {"a": {"count": "x"}}}, "/measures/a/count", "type"),
        ({"measures": {"a": {"calculate": "b"}, "b": {"count": True}}}, "/measures/a/calculate", "unknown_name"),
        ({"measures": {"a": {"calculate": "1", "when": "total > 1"}}}, "/measures/a/when", "misplaced_key"),
        ({"measures": {"a": {"sum": "total", "scale": 99}}}, "/measures/a/scale", "range"),
        ({"measures": {"customer": {"count": True}}}, "/measures", "duplicate_name"),
        ({"having": "totl > 0"}, "/having", "unknown_name"),
        ({"sort": ["-totl"]}, "/sort", "unknown_name"),
        ({"totals": ["customer"]}, "/totals", "unknown_name"),
        ({"limit": 0}, "/limit", "range"),
        ({"limit": True}, "/limit", "type"),
        ({"sections": [{"by": "total"}]}, "/sections/0/by", "unknown_name"),
        ({"sections": [{"by": "name"}] * 4}, "/sections", "maxItems"),
        ({"sections": [{"by": "name", "title": "total"}]}, "/sections/0/title", "unknown_name"),
        ({"results": [{"name": "a", "sections": {}}]}, "/results", "results"),
        ({"results": [{"name": "a", "sections": {"x": 0.5}}]}, "/results/0/sections/x", "type"),
        ({"drill_down": {}}, "/drill_down", "drill_down"),
        ({"drill_down": {"report": "a"}}, "/drill_down/report", "name"),
        ({"drill_down": {"report": "a.b", "filter": "1 > 0"}}, "/drill_down/filter", "misplaced_key"),
        ({"drill_down": {"report": "a.b", "parameters": {"x": "total"}}}, "/drill_down/parameters/x", "unknown_name"),
        ({"drill_down": {"document": "custmer"}}, "/drill_down/document", "unknown_name"),
    ],
)
def test_a_broken_report_is_refused(change, pointer, rule):
    assert (pointer, rule) in faults_of({**copy.deepcopy(SALES), **change}, type=ORDER)


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"measures": {"a": {"balance": "amount"}}}, "/measures/a/balance", "unknown_name"),
        ({"filter": "acount == 'x'"}, "/filter", "unknown_name"),
        ({"filter": "currency.code == 'x'"}, "/filter", "no_link"),
        ({"since": "account"}, "/since", "unknown_name"),
        (
            {"measures": {"a": {"running": "base_amount"}}, "shape": "listing", "sort": ["code"]},
            "/sort",
            "misplaced_key",
        ),
        ({"measures": {"a": {"running": "base_amount"}}, "shape": "listing", "limit": 9}, "/limit", "misplaced_key"),
        ({"measures": {"a": {"running": "base_amount"}}}, "/measures/a/running", "unknown_key"),
    ],
)
def test_a_report_that_does_not_fit_its_register_is_refused(change, pointer, rule):
    assert (pointer, rule) in faults_of({**copy.deepcopy(STATEMENTS["ledger.trial_balance"]), **change}, POSTINGS)


def test_fields_of_tenants_may_be_named():
    assert faults_of({**SALES, "filter": "custom_region == 'north'"}, type=ORDER) == {}


@pytest.mark.parametrize("data", [None, [], 5, {}, {"source": 5, "columns": []}])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(InvalidReport) as caught:
        Report.from_data(data)
    assert caught.value.code == "invalid_report"
