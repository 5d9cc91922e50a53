"""Northwind Traders moves its books into Bos: two and a half years of real trade, then the first payments."""

import csv
import io
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from beancount import loader

from tests.acceptance.installation import Client, Installation, as_json, shared_data
from tests.acceptance.trust import IN_PROCESS, SANDBOXED, environment
from tests.prerequisites import require

MAPPINGS = Path(__file__).parent / "northwind"
YEARS = ("1996", "1997", "1998")
# The last order is of 1998-05-06; customers pay within 30 days, and it is this day.
TODAY = "1998-06-30"
IMPORTS = (("customers.csv", "customers.json"), ("products.csv", "products.json"), ("orders.csv", "invoices.json"))


@pytest.fixture(scope="module", autouse=True)
def data() -> Path:
    """Without the files there is no story: every step of it is skipped."""
    return shared_data("datasets", "northwind")


@pytest.fixture(scope="module", params=[IN_PROCESS, pytest.param(SANDBOXED, marks=pytest.mark.slow)])
def trust(request: pytest.FixtureRequest) -> str:
    """Where its four applets run: the books are the same to the cent."""
    return str(request.param)


@pytest.fixture(scope="module")
def installation(
    empty_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory, trust: str
) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    names = ("parties", "catalog", "ledger", "receivables")
    return Installation(empty_database(), folder, environment(trust, folder, *names))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return as_json("datasets/expected.json")["northwind"]


@pytest.fixture(scope="module")
def story(trust: str) -> SimpleNamespace:
    """What earlier steps leave for later ones."""
    return SimpleNamespace(paid={})


@pytest.fixture(scope="module")
def nancy(installation: Installation, story: SimpleNamespace) -> Iterator[Client]:
    """The administrator, at a server that was started once the invoices were in."""
    with installation.serve() as server:
        yield server.log_in("northwind", "nancy@northwind.example", story.password)


def import_all(installation: Installation) -> list[dict[str, Any]]:
    folder = shared_data("datasets", "northwind")
    return [installation.ask("import", folder / file, "--mapping", MAPPINGS / mapping) for file, mapping in IMPORTS]


def cents(text: str) -> Decimal:
    """Northwind's amounts carry the noise of floats."""
    return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def receivables_by_file() -> dict[str, Decimal]:
    """What each order comes to, worked out from the files alone."""
    folder = shared_data("datasets", "northwind")
    with (folder / "orders.csv").open() as orders, (folder / "order_details.csv").open() as details:
        totals = {order["order_id"]: cents(order["freight"]) for order in csv.DictReader(orders)}
        for line in csv.DictReader(details):
            gross = cents(line["unit_price"]) * Decimal(line["quantity"])
            totals[line["order_id"]] += cents(str(gross * (1 - cents(line["discount"]))))
    return totals


def amount_of(report: dict[str, Any], name: str, measure: str) -> Decimal:
    """A result of a statement."""
    (result,) = (each for each in report["results"] if each["name"] == name)
    return Decimal(result["values"][measure])


def closing_by_code(client: Client, **parameters: str) -> dict[str, Decimal]:
    rows = client.report("ledger.trial_balance", **parameters)["rows"]
    return {row["values"]["code"]: Decimal(row["values"]["closing"]) for row in rows}


def pay(client: Client, invoice: dict[str, Any], amount: Decimal) -> dict[str, Any]:
    payment = client.post(
        "receivables/payments",
        {
            "customer": invoice["customer"],
            "received_on": "1998-06-15",
            "amount": str(amount),
            "allocations": [{"invoice": invoice["id"], "amount": str(amount)}],
        },
    )
    return client.post(f"receivables/payments/{payment['id']}/post")


def test_a_tenant_keeps_its_books_in_dollars(installation: Installation, story: SimpleNamespace):
    shared_data("datasets", "northwind")
    story.password = installation.create_tenant("northwind", "Northwind Traders", "USD", "nancy@northwind.example")
    listed = installation.ask("tenant", "list")
    assert [(tenant["name"], tenant["currency"]) for tenant in listed] == [("northwind", "USD")]


def test_receivables_bring_what_they_stand_on(installation: Installation):
    # Without approvals: these invoices were agreed to decades ago, and many are above any limit worth having.
    enabled = installation.ask("applet", "enable", "receivables", "--with-required")
    assert enabled["applets"] == ["catalog", "ledger", "parties", "receivables"]


def test_the_standard_chart_is_loaded(installation: Installation):
    chart = installation.ask("doc", "create", "ledger.chart", "--set", "name=Northwind's accounts", "--perform", "load")
    assert chart["accounts_created"] == 68
    assert chart["journals_created"] == 6


def test_customers_products_and_invoices_come_in(installation: Installation, expected: dict[str, Any]):
    reports = import_all(installation)
    assert [report["created"] for report in reports] == [
        expected["customers"],
        expected["products"],
        expected["orders"],
    ]
    assert [report["rejected"] for report in reports] == [0, 0, 0]


def test_everything_is_there_once(nancy: Client, expected: dict[str, Any]):
    assert len(nancy.every("parties/customers")) == expected["customers"] == 91
    assert len(nancy.every("catalog/products")) == expected["products"] == 77
    invoices = nancy.every("receivables/invoices", filter="state == 'posted'")
    assert len(invoices) == expected["orders"] == 830
    assert sum(len(invoice["lines"]) for invoice in invoices) == expected["lines"] == 2155


def test_every_invoice_comes_to_what_its_order_did(nancy: Client):
    invoices = nancy.every("receivables/invoices", fields="reference,total,outstanding")
    assert {each["reference"]: Decimal(each["total"]) for each in invoices} == receivables_by_file()
    assert all(each["outstanding"] == each["total"] for each in invoices)


def test_the_first_order_is_440_dollars_and_its_freight(nancy: Client, expected: dict[str, Any]):
    invoice = nancy.one("receivables/invoices", "reference == '10248'")
    assert invoice["net_total"] == expected["order_10248"] == "440.00"
    assert (invoice["freight"], invoice["total"]) == ("32.38", "472.38")
    assert [line["net"] for line in invoice["lines"]] == ["168.00", "98.00", "174.00"]
    assert invoice["issued_on"] == "1996-07-04"


def test_revenue_is_that_of_the_lines_rounded_each(nancy: Client, expected: dict[str, Any]):
    report = nancy.report("receivables.revenue")
    assert report["totals"]["revenue"] == expected["net_sales_sum_of_rounded_lines"] == "1265793.29"
    assert Decimal(report["totals"]["quantity"]) == expected["units"]


def test_revenue_of_each_year_agrees_in_the_sales_and_in_the_ledger(nancy: Client, expected: dict[str, Any]):
    by_year = expected["rounded_lines_by_year"]
    assert by_year == {"1996": "208083.99", "1997": "617085.35", "1998": "440623.95"}
    account = nancy.one("ledger/accounts", "code == '4100'")["id"]
    for year in YEARS:
        span = {"since": f"{year}-01-01", "until": f"{year}-12-31"}
        assert nancy.report("receivables.revenue", **span)["totals"]["revenue"] == by_year[year]
        turnover = nancy.get("registers/ledger.postings/turnover", **span, **{"where.account": account})
        assert Decimal(turnover["items"][0]["resources"]["base_amount"]) == -Decimal(by_year[year])


def test_the_best_products_are_the_best_products(nancy: Client, expected: dict[str, Any]):
    codes = {product["id"]: product["code"] for product in nancy.every("catalog/products")}
    rows = nancy.report("receivables.revenue_by_product")["rows"]
    revenue = {codes[row["values"]["product"]]: Decimal(row["values"]["revenue"]) for row in rows}
    best = sorted(revenue, key=lambda code: revenue[code], reverse=True)[:5]
    assert best == list(expected["top_products"])
    # The file rounds each product's sum, not each line: a cent a line is what they may differ by.
    assert all(abs(revenue[code] - Decimal(expected["top_products"][code])) < Decimal("0.50") for code in best)


def test_receivables_are_lines_and_freight(nancy: Client, expected: dict[str, Any]):
    closing = closing_by_code(nancy)
    assert -closing["4300"] == Decimal(expected["freight"]) == Decimal("64942.69")
    assert closing["1200"] == Decimal(expected["receivables_before_any_payment"]) == Decimal("1330735.98")
    assert nancy.report("receivables.open_items", at=TODAY)["totals"]["outstanding"] == "1330735.98"


def test_importing_again_changes_nothing(installation: Installation, nancy: Client):
    before = nancy.get("receivables/invoices", sort="-updated_at", limit="1")["items"]
    reports = import_all(installation)
    assert [(report["created"], report["updated"]) for report in reports] == [(0, 0)] * 3
    assert [report["skipped"] for report in reports] == [91, 77, 830]
    assert nancy.get("receivables/invoices", sort="-updated_at", limit="1")["items"] == before
    assert nancy.report("ledger.trial_balance")["totals"]["debit"] == "1330735.98"


def test_bad_rows_are_put_aside_and_good_ones_come_in(installation: Installation, nancy: Client):
    rows = "customer_id,company_name,country\nACME,Acme Corporation,USA\n,Nobody,USA\nALFKI,Known already,Germany\n"
    (installation.folder / "more.csv").write_text(rows + f"LONG,{'x' * 400},USA\nBOND,Bond & Sons,UK\n")
    mapping = MAPPINGS / "customers.json"
    report = installation.ask("import", "more.csv", "--mapping", mapping, "--rejects", "bad.jsonl", code=1)
    assert (report["created"], report["skipped"], report["rejected"]) == (2, 1, 2)
    rejects = [json.loads(line) for line in (installation.folder / "bad.jsonl").read_text().splitlines()]
    assert [
        (each["row"], each["code"], fault["field"], fault["rule"]) for each in rejects for fault in each["violations"]
    ] == [(2, "document_invalid", "/code", "required"), (4, "document_invalid", "/name", "maxLength")]
    assert rejects[0]["values"]["company_name"] == "Nobody"
    assert len(nancy.every("parties/customers")) == 93


def test_a_rehearsal_says_what_would_happen_and_writes_nothing(installation: Installation, nancy: Client):
    orders = "order_id,customer_id,order_date,freight\n90001,ALFKI,1998-05-07,1.00\n"
    orders += "90002,NOBODY,1998-05-07,1.00\n90003,ALFKI,the day before,1.00\n"
    lines = "".join(f"{number},11,14,12,0\n" for number in (90001, 90002, 90003))
    (installation.folder / "orders.csv").write_text(orders)
    (installation.folder / "order_details.csv").write_text("order_id,product_id,unit_price,quantity,discount\n" + lines)
    wanted = ("import", "orders.csv", "--mapping", MAPPINGS / "invoices.json", "--dry-run")
    report = installation.ask(*wanted, code=1)
    assert (report["created"], report["rejected"], report["dry_run"]) == (1, 2, True)
    rejects = [json.loads(line) for line in (installation.folder / report["rejects"]).read_text().splitlines()]
    assert [(each["row"], fault["field"]) for each in rejects for fault in each["violations"]] == [
        (2, "/customer"),
        (3, "/order_date"),
    ]
    assert nancy.get("receivables/invoices", filter="reference >= '90000'")["items"] == []


def test_customers_pay_in_full_and_in_part(nancy: Client, story: SimpleNamespace):
    for reference, share in (("10248", 1), ("10249", 1), ("10250", 2), ("11077", 3)):
        invoice = nancy.one("receivables/invoices", f"reference == '{reference}'")
        amount = cents(str(Decimal(invoice["total"]) / share))
        assert pay(nancy, invoice, amount)["state"] == "posted"
        after = nancy.get(f"receivables/invoices/{invoice['id']}")
        assert Decimal(after["paid"]) == amount
        assert Decimal(after["outstanding"]) == Decimal(invoice["total"]) - amount
        story.paid[reference] = amount
    assert story.paid["10248"] == Decimal("472.38")


def test_nobody_pays_more_than_is_owed(nancy: Client):
    invoice = nancy.one("receivables/invoices", "reference == '10248'")
    payment = {"customer": invoice["customer"], "received_on": "1998-06-16", "amount": "1.00"}
    allocations = [{"invoice": invoice["id"], "amount": "1.00"}]
    created = nancy.post("receivables/payments", {**payment, "allocations": allocations})
    refusal = nancy.refused(f"receivables/payments/{created['id']}/post")
    assert refusal == (409, "allocation_exceeds_outstanding")


def test_receivables_are_what_is_unpaid(nancy: Client, story: SimpleNamespace):
    unpaid = Decimal("1330735.98") - sum(story.paid.values())
    closing = closing_by_code(nancy)
    assert closing["1200"] == unpaid
    assert closing["1020"] == sum(story.paid.values())
    invoices = nancy.every("receivables/invoices", fields="outstanding", filter="outstanding > 0")
    assert sum(Decimal(invoice["outstanding"]) for invoice in invoices) == unpaid
    assert nancy.report("receivables.open_items", at=TODAY)["totals"]["outstanding"] == str(unpaid)
    assert len(invoices) == 828


def test_ageing_and_statements_of_account_agree(nancy: Client, story: SimpleNamespace):
    ageing = nancy.report("receivables.ageing", at=TODAY)
    totals = {name: Decimal(value) for name, value in ageing["totals"].items()}
    assert totals["total"] == Decimal("1330735.98") - sum(story.paid.values())
    buckets = ("unallocated", "not_due", "days_30", "days_60", "days_90", "older")
    assert sum(totals[bucket] for bucket in buckets) == totals["total"]
    # Nothing was sold after 1998-05-06, so by June's end all of it is due.
    assert (totals["not_due"], totals["unallocated"]) == (0, 0)
    for row in ageing["rows"][:3]:
        statement = nancy.report("receivables.statement_of_account", customer=row["values"]["customer"], until=TODAY)
        closing = next(each for each in statement["rows"] if each["kind"] == "total")["values"]
        assert closing["balance"] == row["values"]["total"]
        assert Decimal(closing["charge"]) - Decimal(closing["payment"]) == Decimal(closing["balance"])


def test_the_statement_of_who_paid_shows_invoice_and_payment(nancy: Client):
    customer = nancy.one("parties/customers", "code == 'VINET'")["id"]
    statement = nancy.report("receivables.statement_of_account", customer=customer, until=TODAY)
    of_first = [row["values"] for row in statement["rows"] if row["values"].get("date") in ("1996-07-04", "1998-06-15")]
    assert [(each["charge"], each["payment"]) for each in of_first] == [("472.38", None), (None, "472.38")]


def test_the_trial_balance_is_zero_in_every_year(nancy: Client):
    for year in YEARS:
        totals = nancy.report("ledger.trial_balance", since=f"{year}-01-01", at=f"{year}-12-31")["totals"]
        assert Decimal(totals["closing"]) == Decimal(totals["opening"]) == 0
        assert totals["debit"] == totals["credit"]
    # Amounts are texts, also those that are nothing.
    assert {row["values"]["opening"] for row in nancy.report("ledger.trial_balance")["rows"]} == {"0.00"}
    postings = nancy.get("registers/ledger.postings/balance")["items"][0]["resources"]
    assert Decimal(postings["base_amount"]) == 0


def test_the_statements_agree_with_the_trial_balance(nancy: Client):
    for day in ("1996-12-31", "1997-12-31", TODAY):
        closing = closing_by_code(nancy, at=day)
        income = nancy.report("ledger.income_statement", since="1996-01-01", until=day)
        sheet = nancy.report("ledger.balance_sheet", at=day)
        net_income = amount_of(income, "net_income", "amount")
        assert net_income == -sum(amount for code, amount in closing.items() if code >= "4")
        assets = amount_of(sheet, "assets", "balance")
        assert assets == sum(amount for code, amount in closing.items() if code < "2")
        assert assets == amount_of(sheet, "liabilities_and_equity", "balance") == net_income
    assert net_income == Decimal("1330735.98")


def test_the_books_can_be_taken_elsewhere(installation: Installation, nancy: Client):
    hledger = require("hledger")
    for format in ("hledger", "beancount"):
        out = ("--format", format, "--out", f"books.{format}")
        installation.run("export", "ledger.journal_entry", *out)
    closing = {code: amount for code, amount in closing_by_code(nancy).items() if amount}
    ask = [hledger, "-f", str(installation.folder / "books.hledger"), "balance", "--flat", "--no-total"]
    done = subprocess.run(
        [*ask, "--layout", "bare", "-O", "csv"], check=True, capture_output=True, text=True, timeout=60
    )
    rows = csv.DictReader(io.StringIO(done.stdout))
    assert {code_of(row["account"], " "): Decimal(row["balance"]) for row in rows} == closing
    entries, errors, _ = loader.load_file(str(installation.folder / "books.beancount"))
    assert errors == []
    held: Counter[str] = Counter()
    for posting in (posting for entry in entries for posting in getattr(entry, "postings", ())):
        held[code_of(posting.account, "-")] += posting.units.number
    assert held == closing


def code_of(account: str, separator: str) -> str:
    """The code of the lowest of `1000 Assets:1100 Receivables:1200 Trade receivables`."""
    return account.rsplit(":", maxsplit=1)[-1].split(separator, maxsplit=1)[0]


def test_the_command_says_what_the_server_says(installation: Installation, nancy: Client):
    printed = installation.ask("report", "run", "ledger.trial_balance", "--param", f"at={TODAY}")
    assert printed["rows"] == nancy.report("ledger.trial_balance", at=TODAY)["rows"]


def test_every_event_has_reached_its_applet(nancy: Client):
    nancy.deliver_all()
    assert nancy.get("deliveries", state="dead")["items"] == []


def test_the_totals_are_the_movements(installation: Installation, nancy: Client):
    # After the background has folded whatever it has by now, balances must still be the same to the cent.
    assert closing_by_code(nancy, at="1997-12-31")["4100"] == -Decimal("825169.34")
    assert installation.run("doctor")
