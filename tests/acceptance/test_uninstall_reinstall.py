"""Receivables are taken away from a company at work, and brought back: to the row what they were."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests.acceptance.installation import Client, Installation, Server

# Everything receivables hold, as a hash of each row; that a movement was folded meanwhile is no property of it.
_OURS = "d.type LIKE 'receivables.%'"
HELD = {
    "documents": f"SELECT md5(d::text) FROM t_acme.documents d WHERE {_OURS}",
    "links": f"SELECT md5(l::text) FROM t_acme.links l JOIN t_acme.documents d ON d.id = l.from_id WHERE {_OURS}",
    "keys": "SELECT md5(d::text) FROM t_acme.keys d WHERE d.type LIKE 'receivables.%'",
    "movements": "SELECT md5((to_jsonb(m) - 'folded')::text) FROM t_acme.movements m"
    " WHERE register LIKE 'receivables.%'",
    "series": "SELECT md5(s::text) FROM t_acme.series s WHERE name LIKE 'receivables.%'",
}
INVOICES = 8


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Server]:
    installation.admin = installation.create_tenant("acme", "Acme Ltd", "EUR", "ada@acme.example")
    installation.ask("applet", "enable", "receivables", "--with-required")
    installation.ask("doc", "create", "ledger.chart", "--set", "name=Ours", "--perform", "load")
    with installation.serve() as server:
        yield server


@pytest.fixture(scope="module")
def ada(server: Server, installation: Installation) -> Client:
    """The administrator."""
    return server.log_in("acme", "ada@acme.example", installation.admin)


@pytest.fixture(scope="module")
def rows(installation: Installation) -> Callable[[], dict[str, list[str]]]:
    """The hashes of all rows receivables hold, sorted."""

    def rows() -> dict[str, list[str]]:
        with psycopg.connect(installation.environment["BOS_DATABASE_URL"]) as connection:
            return {name: sorted(row[0] for row in connection.execute(sql)) for name, sql in HELD.items()}

    return rows


@pytest.fixture(scope="module")
def story() -> SimpleNamespace:
    """What earlier steps leave for later ones."""
    return SimpleNamespace()


def trial_balance(client: Client) -> Any:
    return client.report("ledger.trial_balance", at="2026-12-31")["rows"]


def guards(installation: Installation) -> dict[str, str]:
    return {row["guard"]: row["state"] for row in installation.ask("applet", "guards")}


def plan_uninstall(client: Client, **options: bool) -> Any:
    return client.post("applets/plans", {"verb": "uninstall", "name": "receivables", **options})


def test_a_month_of_business(ada: Client, story: SimpleNamespace):
    story.customers = [
        ada.post("parties/customers", {"code": code, "name": name})["id"]
        for code, name in (("C1", "Corner Shop"), ("C2", "Village Store"), ("C3", "Drafter"), ("C4", "Nobody"))
    ]
    story.invoices = []
    for number in range(INVOICES):
        lines = [{"description": "Shelves", "quantity": "2", "unit_price": f"{10 + number}.50"}]
        data = {"customer": story.customers[number % 2], "issued_on": "2026-03-02", "lines": lines}
        made = ada.post("receivables/invoices", data)
        story.invoices.append(ada.post(f"receivables/invoices/{made['id']}/post"))
    ada.post("receivables/invoices", {**data, "customer": story.customers[2]})
    first = story.invoices[0]
    allocations = [{"invoice": first["id"], "amount": "5.00"}]
    payment = {"customer": first["customer"], "received_on": "2026-03-20", "amount": "9.00", "allocations": allocations}
    made = ada.post("receivables/payments", payment)
    ada.post(f"receivables/payments/{made['id']}/post")


def test_every_guard_holds(ada: Client, installation: Installation):
    assert [row["sentences"] for row in ada.get("applets/guards")["items"]] == [[], [], []]
    assert guards(installation) == {
        "totals_equal_movements": "holds",
        "postings_sum_to_zero": "holds",
        "open_items_equal_control_account": "holds",
    }


def test_the_plan_names_the_entries_that_link_to_its_documents(ada: Client, installation: Installation):
    plan = plan_uninstall(ada)
    assert not plan["applicable"]
    blocking = [finding for finding in plan["findings"] if finding["severity"] == "blocks"]
    assert {(finding["rule"], finding["subject"]) for finding in blocking} == {
        ("documents_linked", "ledger.journal_entry receivables.invoice"),
        ("documents_linked", "ledger.journal_entry receivables.payment"),
    }
    assert blocking[0]["details"]["count"] == INVOICES
    installation.run("applet", "uninstall", "receivables", "--yes", code=1)


def test_it_is_uninstalled_with_stubs_and_an_archive(
    ada: Client, installation: Installation, rows: Callable[[], Any], story: SimpleNamespace
):
    story.balance, story.rows = trial_balance(ada), rows()
    assert [name for name, found in story.rows.items() if not found and name != "keys"] == []
    installation.run(
        "applet", "uninstall", "receivables", "--keep-stubs", "--export", "receivables.archive", "--yes"
    )  # fmt: skip
    assert (installation.folder / "receivables.archive").stat().st_size > 1_000
    assert rows() == story.rows
    assert ada.send("GET", "receivables/invoices").status == 404


def test_the_books_stand_as_they_stood(ada: Client, installation: Installation, story: SimpleNamespace):
    assert trial_balance(ada) == story.balance
    assert guards(installation) == {"totals_equal_movements": "holds", "postings_sum_to_zero": "holds"}


def test_entries_still_say_what_they_were_made_for(ada: Client, story: SimpleNamespace):
    invoice = story.invoices[0]
    page = ada.get("ledger/journal-entries", filter=f"source == '{invoice['id']}'")
    assert page["items"][0]["source"] == invoice["id"]
    assert page["titles"][invoice["id"]] == invoice["number"]


def test_the_others_go_on_working(ada: Client, story: SimpleNamespace):
    ada.change(f"parties/customers/{story.customers[0]}", name="Corner Shop Ltd", phone="12 34")
    ada.change(f"parties/customers/{story.customers[1]}", payment_terms_days=10)
    bank, sales = (ada.one("ledger/accounts", f"code == '{code}'")["id"] for code in ("1020", "4100"))
    journal = ada.one("ledger/journals", "code == 'GEN'")["id"]
    story.entry = {
        "journal": journal, "posted_on": "2026-04-01",
        "lines": [{"account": bank, "amount": "3.00"}, {"account": sales, "amount": "-3.00"}],
    }  # fmt: skip
    made = ada.post("ledger/journal-entries", story.entry)
    assert ada.post(f"ledger/journal-entries/{made['id']}/post")["state"] == "posted"


def test_nothing_new_links_to_what_is_away(ada: Client, story: SimpleNamespace):
    data = {**story.entry, "source": story.invoices[0]["id"]}
    answer = ada.send("POST", "ledger/journal-entries", data)
    assert (answer.status, answer.code) == (422, "link_uninstalled")
    assert answer.body["violations"][0]["pointer"] == "/source"


def test_what_it_needs_to_come_back_is_kept_for_it(ada: Client, story: SimpleNamespace):
    first, _, drafter, nobody = story.customers
    codes = {id: ada.send("DELETE", f"parties/customers/{id}", If_Match="*") for id in (first, drafter, nobody)}
    # The ledger's entries name the first as well, receivables alone the third.
    assert (codes[first].status, codes[first].code) == (409, "document_linked")
    assert (codes[drafter].status, codes[drafter].code) == (409, "document_held")
    assert "receivables" in codes[drafter].body["detail"]
    assert codes[nobody].status == 204


def test_it_is_not_purged_before_its_time(installation: Installation):
    installation.run("applet", "purge", "receivables", "--yes", code=1)


def test_it_comes_back_equal_by_hash(ada: Client, rows: Callable[[], Any], story: SimpleNamespace):
    ada.enable("receivables")
    assert rows() == story.rows
    names = [one["name"] for one in ada.get("parties/customers", sort="code")["items"]]
    assert names == ["Corner Shop Ltd", "Village Store", "Drafter"]


def test_and_goes_on_where_it_was(ada: Client, installation: Installation, story: SimpleNamespace):
    first = story.invoices[0]
    assert ada.get(f"receivables/invoices/{first['id']}")["outstanding"] == "16.00"
    allocations = [{"invoice": first["id"], "amount": "16.00"}]
    payment = {"customer": first["customer"], "received_on": "2026-05-01", "amount": "16.00"}
    made = ada.post("receivables/payments", {**payment, "allocations": allocations})
    assert ada.post(f"receivables/payments/{made['id']}/post")["number"] == "PAY-2026-00002"
    assert ada.get(f"receivables/invoices/{first['id']}")["outstanding"] == "0.00"
    assert set(guards(installation).values()) == {"holds"}
    assert json.loads(installation.run("doc", "verify", "--json"))["different"] == 0


def test_in_the_end_it_is_purged(ada: Client, installation: Installation, story: SimpleNamespace):
    installation.environment["BOS_APPLET_RETENTION_DAYS"] = "0"
    story.balance = trial_balance(ada)
    installation.run("applet", "uninstall", "receivables", "--keep-stubs", "--yes")
    counted = installation.ask("applet", "purge", "receivables", "--dry-run")
    # Eight invoices and two payments have entries; the draft is nobody's.
    assert (counted["documents"], counted["stubs"], counted["dry_run"]) == (1, INVOICES + 2, True)
    done = installation.ask("applet", "purge", "receivables", "--yes")
    assert {**done, "dry_run": True} == counted


def test_the_books_know_what_they_were_made_for_still(
    ada: Client, installation: Installation, rows: Callable[[], Any], story: SimpleNamespace
):
    assert [name for name, found in rows().items() if found] == ["series"]
    assert trial_balance(ada) == story.balance
    invoice = story.invoices[0]
    page = ada.get("ledger/journal-entries", filter=f"source == '{invoice['id']}'")
    assert page["titles"][invoice["id"]] == invoice["number"]
    assert ada.get(f"kernel/stubs/{invoice['id']}")["document_type"] == "receivables.invoice"
    assert json.loads(installation.run("doc", "verify", "--json"))["different"] == 0
    assert {row["name"]: row["state"] for row in ada.get("applets")["items"]}["receivables"] == "available"


def test_and_what_they_link_to_may_go_now(ada: Client, story: SimpleNamespace):
    assert ada.send("DELETE", f"parties/customers/{story.customers[2]}", If_Match="*").status == 204
