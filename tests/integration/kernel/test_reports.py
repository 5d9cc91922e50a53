"""Reports on PostgreSQL: the six statements of docs/reports.md, over books small enough to check by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.documents import service as documents
from kernel.registers import service as registers
from kernel.reports import service as reports
from kernel.reports.errors import (
    FieldMasked,
    ReportNotPermitted,
    ReportParametersInvalid,
    ReportTooLarge,
    ReportUnusable,
)
from kernel.reports.formats import as_json
from sdk.context import Actor
from sdk.errors import Forbidden
from sdk.expressions import parse
from sdk.registers import Movement, Register
from sdk.reports import Report
from sdk.roles import Permission
from sdk.schema import DocumentType
from tests.integration.kernel.books import POSTINGS, A, B, open_books, permissions_of

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reports.md"
STATEMENTS = [json.loads(block) for block in re.findall(r"```json\n(\{\n.*?\n\})\n```", DOCS.read_text(), re.S)]
TEXT = {"type": "string"}
AMOUNT = {"type": "string", "format": "decimal", "x-decimal": {"scale": 2}}
DATE = {"type": "string", "format": "date"}

OPEN_ITEMS = Register.from_data(
    {
        "name": "receivables.open_items",
        "title": "Open items",
        "dimensions": [
            {"name": "customer", "link": "parties.party"},
            {"name": "invoice", "link": "receivables.invoice"},
            {"name": "currency"},
        ],
        "resources": [{"name": "amount", "scale": 2}],
    }
)


def type_of(name, properties, **more):
    return DocumentType.from_schema(name, {"type": "object", "properties": properties, **more})


def link(target):
    return {"type": "string", "format": "uuid", "x-link": target}


TYPES = [
    type_of("ledger.account", {"code": TEXT, "name": TEXT, "account_type": TEXT}, **{"x-title": "name"}),
    type_of("ledger.journal_entry", {"date": DATE, "memo": TEXT}, **{"x-company": "required"}),
    type_of("parties.party", {"name": TEXT, "secret": TEXT, "country": TEXT}, **{"x-title": "name"}),
    type_of(
        "receivables.invoice",
        {
            "customer": link("parties.party"),
            "due_on": DATE,
            "total": AMOUNT,
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"product": TEXT, "quantity": {"type": "integer"}, "amount": AMOUNT},
                },
            },
        },
    ),
]

OWN = [
    {
        "name": "receivables.by_country",
        "title": "By country",
        "source": {"type": "receivables.invoice"},
        "parameters": {"country": {"type": "text", "filter": "customer.country == param.country"}},
        "columns": {"country": {"value": "customer.country"}, "month": {"value": "start_of_month(due_on)"}},
        "measures": {
            "invoices": {"count": True},
            "total": {"sum": "total"},
            "large": {"sum": "total", "when": "total >= 100"},
            "first": {"min": "due_on"},
            "mean": {"calculate": "total / invoices", "scale": 2},
        },
        "having": "total > 0",
        "sort": ["-total"],
        "totals": ["invoices", "total"],
    },
    {
        "name": "receivables.by_product",
        "title": "By product",
        "source": {"type": "receivables.invoice", "each": "lines"},
        "columns": {"product": {}, "customer": {"value": "document.customer", "link": "parties.party"}},
        "measures": {"quantity": {"sum": "quantity"}, "amount": {"sum": "amount"}},
        "totals": ["amount"],
    },
    {
        "name": "receivables.invoices",
        "title": "Invoices",
        "source": {"type": "receivables.invoice"},
        "shape": "listing",
        "columns": {"customer": {"value": "customer.name"}, "due_on": {}},
        "measures": {"total": {"value": "total"}},
        "sort": ["-total"],
        "limit": 2,
        "totals": ["total"],
        "drill_down": {"list": "receivables.invoice", "filter": "due_on == param.day", "parameters": {"day": "due_on"}},
    },
    {
        "name": "receivables.secrets",
        "title": "Secrets",
        "source": {"type": "receivables.invoice"},
        "columns": {"secret": {"value": "customer.secret"}},
        "measures": {"invoices": {"count": True}},
    },
    {
        "name": "ledger.by_entry",
        "title": "By entry",
        "source": {"register": "ledger.postings", "documents": "ledger.journal_entry"},
        "parameters": {"since": {"type": "date"}, "until": {"type": "date"}},
        "since": "param.since",
        "until": "param.until",
        "columns": {"memo": {"value": "document.memo"}},
        "measures": {
            "opening": {"opening": "base_amount"},
            "debit": {"debit": "base_amount"},
            "closing": {"balance": "base_amount"},
        },
        "filter": "account.code == '1000'",
    },
    {
        "name": "ledger.broken",
        "title": "Broken",
        "source": {"register": "ledger.postings"},
        "columns": {"code": {"value": "account.colour"}},
        "measures": {"closing": {"balance": "base_amount"}},
    },
]  # fmt: skip

ACCOUNTS = [
    ("1000", "Bank", "asset"),
    ("2000", "Loans", "liability"),
    ("3000", "Capital", "equity"),
    ("4000", "Sales", "income"),
    ("5000", "Rent", "expense"),
]
ENTRIES = [
    (date(2025, 12, 20), "start", A, {"1000": "1000.00", "3000": "-1000.00"}),
    (date(2026, 1, 10), "sale", A, {"1000": "250.50", "4000": "-250.50"}),
    (date(2026, 1, 31), "rent", A, {"1000": "-100.00", "5000": "100.00"}),
    (date(2026, 2, 1), "loan", A, {"1000": "500.00", "2000": "-500.00"}),
    (date(2026, 2, 15), "else", B, {"1000": "7.00", "4000": "-7.00"}),
]


def write_books(ctx):
    """Accounts, entries with their postings, customers and invoices; ids by code or name."""
    ids = {}
    for code, name, kind in ACCOUNTS:
        ids[code] = documents.create(ctx, "ledger.account", {"code": code, "name": name, "account_type": kind}).id
    for day, memo, company, amounts in ENTRIES:
        data = {"date": day.isoformat(), "memo": memo}
        entry = documents.create(ctx, "ledger.journal_entry", data, company_id=company)
        add_movements(ctx, entry, [posting(ids[code], amount, day) for code, amount in amounts.items()])
        ids[memo] = entry.id
    for name, country in (("Ada", "DE"), ("Ben", "FR")):
        ids[name] = documents.create(ctx, "parties.party", {"name": name, "country": country, "secret": "x"}).id
    for number, (name, due_on, total) in enumerate(
        [("Ada", "2026-01-15", "100.00"), ("Ada", "2026-03-31", "50.50"), ("Ben", "2025-11-01", "10.00")]
    ):
        lines = [
            {"product": "tea", "quantity": 2, "amount": total},
            {"product": "milk", "quantity": number, "amount": "0.00"},
        ]
        data = {"customer": ids[name], "due_on": due_on, "total": total, "lines": lines}
        invoice = documents.create(ctx, "receivables.invoice", data)
        dimensions = {"customer": ids[name], "invoice": invoice.id, "currency": "EUR"}
        resources = {"amount": Decimal(total)}
        add_movements(ctx, invoice, [Movement(OPEN_ITEMS.name, date(2026, 1, 1), dimensions, resources)])
    return ids


def posting(account, amount, day):
    value = Decimal(amount)
    dimensions = {"account": account, "currency": "EUR"}
    return Movement(POSTINGS.name, day, dimensions, {"base_amount": value, "amount": value})


def add_movements(ctx, document, movements):
    """Write movements for a document that is there already."""
    with ctx.writing(document):
        for movement in movements:
            registers.stage(ctx, document, movement)
        columns = registers.write_columns(ctx, registers.take_staged(ctx, document))
    casts = {
        "company_id": "uuid",
        "occurred_at": "timestamptz",
        "balanced": "boolean",
        "r1": "numeric",
        "r2": "numeric",
    }
    arrays = ", ".join(f"%s::{casts.get(name, 'text')}[]" for name in columns)
    ctx.uow.execute(
        f"INSERT INTO {{t}}.movements (document_id, {', '.join(columns)}) SELECT %s, m.* FROM unnest({arrays}) AS m",
        [document.id, *columns.values()],
    )


@pytest.fixture(scope="module")
def opened(empty_database):
    definitions = [Report.from_data(data) for data in [*STATEMENTS, *OWN]]
    url = empty_database()
    with open_books(
        url,
        types={type.name: type for type in TYPES},
        registers={register.name: register for register in (POSTINGS, OPEN_ITEMS)},
        reports={report.name: report for report in definitions},
    ) as books:
        with books.open() as ctx:
            books.ids = write_books(ctx)
            ctx.uow.commit()
        yield books


@pytest.fixture(params=["as written", "folded in part", "folded"])
def books(opened, request):
    """The same books, whatever is folded."""
    if request.param != "as written":
        opened.fold(3 if request.param == "folded in part" else 100)
    return opened


def run(books, name, companies=None, permissions=None, **parameters):
    return books.ask(reports.run, name, parameters, companies=companies, permissions=permissions)


def values(result, *names):
    return [tuple(row[name] for name in names) for row in result.rows]


def texts(*rows):
    return [tuple(Decimal(cell) if re.fullmatch(r"-?[0-9]+\.[0-9]+", cell) else cell for cell in row) for row in rows]


def test_the_docs_have_six_statements():
    assert len(STATEMENTS) == 6


def test_the_trial_balance_is_zero_and_its_debits_are_its_credits(books):
    result = run(books, "ledger.trial_balance", since="2026-01-01", until="2026-02-28")
    assert values(result, "code", "name", "opening", "debit", "credit", "closing") == texts(
        ("1000", "Bank", "1000.00", "757.50", "100.00", "1657.50"),
        ("2000", "Loans", "0.00", "0.00", "500.00", "-500.00"),
        ("3000", "Capital", "-1000.00", "0.00", "0.00", "-1000.00"),
        ("4000", "Sales", "0.00", "0.00", "257.50", "-257.50"),
        ("5000", "Rent", "0.00", "100.00", "0.00", "100.00"),
    )
    assert result.totals == {"opening": 0, "debit": Decimal("857.50"), "credit": Decimal("857.50"), "closing": 0}


@pytest.mark.parametrize(
    ("since", "until", "opening", "debit", "credit", "closing"),
    [
        (None, "2026-01-30", "0.00", "1250.50", "0.00", "1250.50"),
        ("2026-01-10", "2026-01-10", "1000.00", "250.50", "0.00", "1250.50"),
        ("2026-01-11", "2026-02-01", "1250.50", "500.00", "100.00", "1650.50"),
        ("2026-03-01", "2026-01-01", "1657.50", "0.00", "0.00", "1657.50"),
    ],
)
def test_a_period_is_exact_to_the_day(books, since, until, opening, debit, credit, closing):
    result = run(books, "ledger.trial_balance", since=since, until=until)
    assert values(result, "opening", "debit", "credit", "closing")[0] == texts((opening, debit, credit, closing))[0]


def test_a_company_has_its_own_trial_balance(books):
    result = run(books, "ledger.trial_balance", company_id=B)
    assert values(result, "code", "closing") == texts(("1000", "7.00"), ("4000", "-7.00"))
    permitted = run(books, "ledger.trial_balance", companies=frozenset({B}))
    assert values(permitted, "code", "closing") == values(result, "code", "closing")


def test_a_company_that_may_not_be_read_is_refused(books):
    with pytest.raises(ReportNotPermitted):
        run(books, "ledger.trial_balance", companies=frozenset({B}), company_id=A)


def test_the_general_ledger_runs_from_the_opening_balance(books):
    result = run(books, "ledger.general_ledger", since="2026-01-01", until="2026-02-28", account=books.ids["1000"])
    found = [(line.kind, line.title, line.values.get("memo"), line.values.get("balance")) for line in result.lines]
    assert found == [
        ("heading", "1000 Bank", None, None),
        ("opening", None, None, Decimal("1000.00")),
        ("row", None, "sale", Decimal("1250.50")),
        ("row", None, "rent", Decimal("1150.50")),
        ("row", None, "loan", Decimal("1650.50")),
        ("row", None, "else", Decimal("1657.50")),
        ("total", "1000 Bank", None, Decimal("1657.50")),
    ]
    assert result.rows[1]["debit"] is None
    assert result.rows[1]["credit"] == 100


def test_the_general_ledger_shows_accounts_that_only_have_an_opening_balance(books):
    result = run(books, "ledger.general_ledger", since="2026-03-01")
    headings = [line.title for line in result.lines if line.kind == "heading"]
    assert headings == ["1000 Bank", "2000 Loans", "3000 Capital", "4000 Sales", "5000 Rent"]
    assert (result.rows, result.totals) == ([], {"debit": 0, "credit": 0, "balance": 0})


def test_the_balance_sheet_balances_on_any_day(books):
    for day in ("2025-12-31", "2026-01-10", "2026-01-31", "2026-02-28"):
        sums = {line.name: line.values["balance"] for line in run(books, "ledger.balance_sheet", at=day).results}
        assert sums["assets"] == sums["liabilities_and_equity"]
    assert sums["assets"] == Decimal("1657.50")


def test_the_balance_sheet_has_its_sections_in_order_and_the_result_in_equity(books):
    result = run(books, "ledger.balance_sheet", at="2026-01-31")
    found = [(line.kind, line.title, line.values.get("name"), line.values.get("balance")) for line in result.lines]
    assert found == [
        ("heading", "Assets", None, None),
        ("row", None, "Bank", Decimal("1150.50")),
        ("total", "Assets", None, Decimal("1150.50")),
        ("heading", "Equity", None, None),
        ("row", None, "Result", Decimal("150.50")),
        ("row", None, "Capital", Decimal("1000.00")),
        ("total", "Equity", None, Decimal("1150.50")),
    ]
    assert result.totals == {}


def test_the_income_statement_ends_with_the_net_income(books):
    result = run(books, "ledger.income_statement", since="2026-01-01", until="2026-01-31")
    assert values(result, "name", "amount") == texts(("Sales", "250.50"), ("Rent", "100.00"))
    assert [(line.name, line.values) for line in result.results] == [("net_income", {"amount": Decimal("150.50")})]


def test_ageing_puts_each_invoice_into_its_bucket(books):
    result = run(books, "receivables.ageing", at="2026-03-01")
    names = ("not_due", "days_30", "days_60", "days_90", "older", "total")
    assert values(result, *names) == texts(
        ("50.50", "0.00", "100.00", "0.00", "0.00", "150.50"),
        ("0.00", "0.00", "0.00", "0.00", "10.00", "10.00"),
    )
    assert [result.titles[row["customer"]] for row in result.rows] == ["Ada", "Ben"]
    (line,) = as_json(run(books, "receivables.ageing", customer=books.ids["Ben"], at="2026-03-01"))["rows"]
    assert line["drill_down"] == {
        "report": "receivables.statement_of_account",
        "parameters": {"customer": books.ids["Ben"], "until": "2026-03-01"},
    }


def test_the_statement_of_account_leads_to_the_documents(books):
    result = run(books, "receivables.statement_of_account", customer=books.ids["Ada"])
    assert values(result, "charge", "balance") == texts(("100.00", "100.00"), ("50.50", "150.50"))
    line = next(line for line in as_json(result)["rows"] if line["kind"] == "row")
    assert line["drill_down"] == {"document": line["values"]["document"], "type": "*"}
    assert line["values"]["date"] == "2026-01-01T00:00:00Z"


def test_documents_are_grouped_measured_and_filtered(opened):
    result = run(opened, "receivables.by_country")
    assert values(result, "country", "month", "invoices", "total", "large", "first", "mean") == [
        ("DE", date(2026, 1, 1), 1, 100, 100, date(2026, 1, 15), 100),
        ("DE", date(2026, 3, 1), 1, Decimal("50.50"), 0, date(2026, 3, 31), Decimal("50.50")),
        ("FR", date(2025, 11, 1), 1, 10, 0, date(2025, 11, 1), 10),
    ]
    assert as_json(result)["totals"] == {"invoices": 3, "total": "160.50"}
    assert values(run(opened, "receivables.by_country", country="FR"), "total") == [(10,)]


def test_lines_of_documents_are_rows_too(opened):
    result = run(opened, "receivables.by_product")
    found = [(row["product"], result.titles[row["customer"]], row["quantity"], row["amount"]) for row in result.rows]
    assert sorted(found) == [
        ("milk", "Ada", 1, 0), ("milk", "Ben", 2, 0), ("tea", "Ada", 4, Decimal("150.50")), ("tea", "Ben", 2, 10),
    ]  # fmt: skip


def test_a_limit_cuts_rows_and_not_totals(opened):
    result = run(opened, "receivables.invoices")
    assert values(result, "customer", "total") == texts(("Ada", "100.00"), ("Ada", "50.50"))
    assert result.totals == {"total": Decimal("160.50")}
    assert as_json(result)["rows"][0]["drill_down"] == {
        "list": "receivables.invoice", "parameters": {"day": "2026-01-15"}, "filter": "due_on == param.day",
    }  # fmt: skip


def test_sums_may_depend_on_the_document_that_made_the_movement(books):
    result = run(books, "ledger.by_entry", since="2026-01-01", until="2026-02-01")
    assert values(result, "memo", "opening", "debit", "closing") == texts(
        ("loan", "0.00", "500.00", "500.00"),
        ("rent", "0.00", "0.00", "-100.00"),
        ("sale", "0.00", "250.50", "250.50"),
        ("start", "1000.00", "0.00", "1000.00"),
    )


REPORTS = Permission("report", "*", frozenset({"run"}))
REGISTERS = Permission("register", "*", frozenset({"read"}))


def reading(type, **more):
    return Permission("type", type, frozenset({"read"}), **more)


def test_only_documents_the_caller_may_read_are_counted(opened):
    condition = Permission("type", "receivables.invoice", frozenset({"read"}), condition=parse("total > 20"))
    result = run(
        opened, "receivables.by_country", permissions=permissions_of(REPORTS, condition, reading("parties.party"))
    )
    assert result.totals == {"invoices": 2, "total": Decimal("150.50")}


def test_a_report_compiled_for_a_user_is_not_that_of_the_users_key(opened):
    people_only = reading("receivables.invoice", condition=parse("actor.kind == 'user'"))
    granted = permissions_of(REPORTS, people_only, reading("parties.party"))

    def count(kind):
        with opened.open(permissions=granted) as ctx:
            asking = replace(ctx, actor=Actor("ann", kind, "ann@acme.test"))
            return reports.run(asking, "receivables.by_country", {}).totals["invoices"]

    assert (count("user"), count("key")) == (3, 0)


def test_documents_linked_to_that_may_not_be_read_show_nothing(opened):
    result = run(opened, "receivables.by_country", permissions=permissions_of(REPORTS, reading("receivables.invoice")))
    assert {row["country"] for row in result.rows} == {None}
    result = run(opened, "ledger.trial_balance", permissions=permissions_of(REPORTS, REGISTERS))
    assert {row["code"] for row in result.rows} == {None}


def test_documents_that_may_not_be_read_at_all_are_refused(opened):
    with pytest.raises(ReportNotPermitted):
        run(opened, "receivables.by_country", permissions=permissions_of(REPORTS))


def test_a_masked_field_is_refused_wherever_it_stands(opened):
    hidden = reading("parties.party", mask=frozenset({"secret"}))
    with pytest.raises(FieldMasked) as refused:
        run(opened, "receivables.secrets", permissions=permissions_of(REPORTS, reading("receivables.invoice"), hidden))
    assert refused.value.details["field"] == "secret"


@pytest.mark.parametrize("granted", [(REPORTS,), (REGISTERS,)])
def test_a_report_over_a_register_needs_both_rights(opened, granted):
    with pytest.raises(Forbidden):
        run(opened, "ledger.trial_balance", permissions=permissions_of(*granted))


def test_the_list_of_reports_has_those_that_may_be_run(opened):
    own = Permission("report", "receivables.*", frozenset({"run"}))
    found = [report.name for report in opened.ask(reports.list_reports, permissions=permissions_of(own))]
    assert found == sorted(name for name in opened.catalogue.reports if name.startswith("receivables."))


def test_parameters_are_all_checked_at_once(opened):
    with pytest.raises(ReportParametersInvalid) as refused:
        run(opened, "ledger.income_statement", until="yesterday", wheather="fine")
    found = {(violation.pointer, violation.rule) for violation in refused.value.violations}
    assert found == {("/since", "required"), ("/until", "type"), ("/wheather", "unknown_parameter")}


def test_a_path_that_leads_nowhere_is_told_with_its_place(opened):
    with pytest.raises(ReportUnusable) as refused:
        run(opened, "ledger.broken")
    assert refused.value.violations[0].pointer == "/columns/code/value"


def test_a_report_of_too_many_rows_is_refused(opened, monkeypatch):
    monkeypatch.setattr("kernel.reports.service.REPORT_ROWS_MAX", 2)
    with pytest.raises(ReportTooLarge):
        run(opened, "ledger.general_ledger")
