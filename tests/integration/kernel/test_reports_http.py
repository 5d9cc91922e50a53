"""Registers and reports as a client sees them."""

import csv
import io
from dataclasses import fields, replace

import pytest
from fastapi import FastAPI
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from kernel.auth import api as auth
from kernel.auth import service
from kernel.auth.passwords import Passwords
from kernel.http.edge import Edge
from kernel.main import Kernel
from kernel.registers import api as registers
from kernel.reports import api as reports
from kernel.telemetry.metrics import Metrics
from sdk.reports import Report
from tests.integration.kernel.books import POSTINGS, open_books
from tests.integration.kernel.test_reports import OPEN_ITEMS, STATEMENTS, TYPES, write_books

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def books(empty_database):
    definitions = [Report.from_data(data) for data in STATEMENTS]
    with open_books(
        empty_database(),
        types={type.name: type for type in TYPES},
        registers={register.name: register for register in (POSTINGS, OPEN_ITEMS)},
        reports={report.name: report for report in definitions},
    ) as opened:
        with opened.open() as ctx:
            opened.ids = write_books(ctx)
            ctx.uow.commit()
        yield opened


@pytest.fixture(scope="module")
def client(books):
    class BookKernel(Kernel):
        """Whoever logs in has the books' catalogue and may do everything."""

        def context(self, uow, identity, request=None):
            return replace(self.operator_context(uow), runtime=books.runtime, actor=identity.actor)

    given = [field.name for field in fields(books.kernel) if field.init]
    kernel = BookKernel(**{name: getattr(books.kernel, name) for name in given})
    with kernel.database.platform() as uow:
        cheap = Passwords(memory_kib=64, passes=1, lanes=1)
        service.create_user(uow, cheap, books.tenant.id, "ada@books.test", kernel.clock(), password=PASSWORD)
        uow.commit()
    app = FastAPI(openapi_url=None)
    app.add_middleware(Edge, metrics=Metrics(), body_bytes_max=100_000)
    for room in (auth, registers, reports):
        app.include_router(room.router(kernel))
    with TestClient(app) as made:
        given = {"tenant": "books", "email": "ada@books.test", "password": PASSWORD}
        logged_in = made.post("/auth/login", json=given)
        assert logged_in.status_code == 200, logged_in.text
        made.headers["authorization"] = f"Bearer {logged_in.json()['access_token']}"
        yield made


def test_registers_are_listed_with_what_they_are_made_of(client):
    found = client.get("/registers").json()["items"]
    assert [register["name"] for register in found] == ["ledger.postings", "receivables.open_items"]
    assert found[0]["dimensions"][0] == {"name": "account", "title": "Account", "link": "ledger.account"}
    assert (found[0]["balanced"], found[0]["non_negative"]) == ("base_amount", None)


def test_a_balance_has_amounts_as_text(client, books):
    url = "/registers/ledger.postings/balance"
    parameters = {"at": "2026-01-31", "group_by": "account", "where.account": [books.ids["1000"], books.ids["5000"]]}
    assert client.get(url, params=parameters).json()["items"] == [
        {"dimensions": {"account": books.ids["1000"]}, "resources": {"base_amount": "1150.50", "amount": "1150.5"}},
        {"dimensions": {"account": books.ids["5000"]}, "resources": {"base_amount": "100.00", "amount": "100"}},
    ]


def test_a_turnover_may_be_open_at_an_end(client, books):
    url = "/registers/ledger.postings/turnover"
    (found,) = client.get(url, params={"since": "2026-02-01", "where.account": books.ids["1000"]}).json()["items"]
    assert found["resources"]["base_amount"] == "507.00"


def test_movements_come_page_by_page(client, books):
    url, seen, cursor = "/registers/ledger.postings/movements", [], None
    while True:
        page = client.get(url, params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        seen += [(item["document_id"], item["resources"]["base_amount"]) for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert len(seen) == 10
    assert seen[:2] == [(books.ids["start"], "1000.00"), (books.ids["start"], "-1000.00")]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/registers/ledger.nothing/balance", 404, "register_unknown"),
        ("/registers/ledger.postings/balance?at=now", 422, "invalid_register_query"),
        ("/registers/ledger.postings/balance?group_by=colour", 422, "unknown_dimension"),
        ("/registers/ledger.postings/balance?where.colour=red", 422, "unknown_dimension"),
        ("/registers/ledger.postings/movements?limit=501", 422, "invalid_register_query"),
        ("/registers/ledger.postings/movements?cursor=x", 422, "cursor_invalid"),
        ("/reports/ledger.nothing", 404, "report_unknown"),
        ("/reports/ledger.income_statement", 422, "report_parameters_invalid"),
        ("/reports/ledger.trial_balance?format=pdf", 422, "report_format_unknown"),
        ("/reports/ledger.trial_balance?filter=1", 422, "report_parameters_invalid"),
    ],
)
def test_what_cannot_be_answered_is_told(client, url, status, code):
    answer = client.get(url)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_reports_are_listed_with_their_parameters(client):
    found = {report["name"]: report for report in client.get("/reports").json()["items"]}
    assert len(found) == 6
    assert [(p["name"], p["required"], p["default"]) for p in found["ledger.income_statement"]["parameters"]] == [
        ("since", True, None), ("until", False, "today"), ("company_id", False, None),
    ]  # fmt: skip


def test_a_report_is_json_unless_asked_otherwise(client):
    found = client.get("/reports/ledger.trial_balance", params={"until": "2026-01-31"}).json()
    assert found["totals"] == {"opening": "0.00", "debit": "1350.50", "credit": "1350.50", "closing": "0.00"}
    assert found["rows"][0]["values"]["closing"] == "1150.50"
    assert found["rows"][0]["drill_down"]["report"] == "ledger.general_ledger"


def test_a_report_is_a_file_when_asked(client):
    url = "/reports/ledger.income_statement?since=2026-01-01&until=2026-01-31"
    answer = client.get(f"{url}&format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger.income_statement.csv"'
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["Account", "Name", "Amount"],
        ["Income", "", ""],
        ["4000", "Sales", "250.50"],
        ["Total Income", "", "250.50"],
        ["Expenses", "", ""],
        ["5000", "Rent", "100.00"],
        ["Total Expenses", "", "100.00"],
        ["Net income", "", "150.50"],
    ]
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(f"{url}&format=xlsx").content))
    assert book.get_sheet_by_index(0).to_python()[2] == ["4000", "Sales", 250.5]
