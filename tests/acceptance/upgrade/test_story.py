"""An upgrade that renames, adds, splits and changes states, while everybody goes on working; and back again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.upgrade.release import CUSTOM, line_of, write_custom_applet, write_next_release
from bench.upgrade.traffic import Entry, between, open_traffic, percentile
from tests.acceptance.installation import Installation
from tests.acceptance.upgrade.site import INVOICES, Site, open_site, shown

CLIENTS = 20


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SimpleNamespace(invoices=100, before=300, written=200), id="100_invoices_each"),
        pytest.param(
            SimpleNamespace(invoices=10_000, before=4_000, written=10_000),
            id="10000_invoices_each",
            marks=pytest.mark.slow,
        ),
    ],
)
def size(request: pytest.FixtureRequest) -> SimpleNamespace:
    """invoices: of each customer. before: answers before the upgrade. written: answers A has by 2.0."""
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, size: SimpleNamespace) -> Path:
    return tmp_path_factory.mktemp("upgrade")


@pytest.fixture(scope="module")
def site(empty_database: Callable[..., str], folder: Path, size: SimpleNamespace) -> Iterator[Site]:
    # A client that has work for a minute must not be told to come again.
    environment = {"BOS_RATE_LIMIT_PER_MINUTE": "0"}
    with open_site(Installation(empty_database(), folder, environment), folder, size.invoices) as opened:
        yield opened


@pytest.fixture(scope="module")
def story(site: Site) -> SimpleNamespace:
    """What earlier steps leave for later ones."""
    return SimpleNamespace(
        before={customer.name: customer.read_invoices() for customer in site.all},
        balances={customer.name: customer.trial_balance() for customer in site.all},
    )


def test_the_plan_names_the_custom_applet_the_field_and_the_line(site: Site, story: SimpleNamespace):
    site.installation.run("applet", "add", write_next_release(site.folder / "receivables-2"), "--trust")
    made = site.a.plan("upgrade", "receivables", "2.0.0")
    assert made["applicable"] is False
    blocking = [each for each in made["findings"] if each["severity"] == "blocks"]
    (found,) = [each for each in blocking if each.get("applet") == CUSTOM]
    line = line_of(site.folder / "dunning-1", '"reference"')
    assert found["where"].endswith(line)
    assert "reference" in found["subject"]
    assert "reference" in found["message"]
    assert site.a.client.refused(f"applets/plans/{made['digest']}/apply") == (409, "plan_blocked")
    # The command says the same, and that it cannot be done.
    text = site.installation.run("applet", "plan", "upgrade", "receivables@2.0.0", "--tenant", "a", code=1)
    assert line in text
    assert made["digest"] in text
    assert {customer.version() for customer in site.all} == {"1.0.0"}


def test_with_the_custom_applet_mended_the_plan_can_be_applied(site: Site, story: SimpleNamespace):
    mended = site.folder / "dunning-2"
    write_custom_applet(mended, version="2.0.0", field="customer_reference", range=">=2")
    site.installation.run("applet", "add", mended, "--trust")
    made = site.a.plan("upgrade", all_upgrades=True)
    assert [finding for finding in made["findings"] if finding["severity"] == "blocks"] == []
    assert {move["applet"]: move["to_version"] for move in made["moves"]} == {"receivables": "2.0.0", CUSTOM: "2.0.0"}
    assert {customer.version() for customer in site.all} == {"1.0.0"}
    story.plan = made


def test_it_is_applied_and_rolled_back_while_twenty_clients_write_and_no_request_fails(
    site: Site, story: SimpleNamespace, size: SimpleNamespace
):
    with open_traffic(site.port, site.folder / "traffic.log", site.clients(CLIENTS)) as traffic:
        traffic.wait_for(size.before)
        switched = timed(lambda: site.a.apply(story.plan))
        assert [customer.version() for customer in site.all] == ["2.0.0", "1.0.0", "1.0.0"]
        check_balances(site)
        traffic.wait_for(size.written, tenant="a", since=switched.until)
        check_next_version(site, story)
        check_balances(site)
        returned = timed(lambda: site.a.apply(site.a.plan("rollback", "receivables")))
        traffic.wait_for(size.before // 4, since=returned.until)
        entries = traffic.stop()
    assert [f"{each.tenant} {each.step}: {each.status} {each.answer}" for each in entries if each.is_failed] == []
    print_latencies(entries, switched, returned)
    print(f"rollback after {size.written} answers by 2.0: {returned.until - returned.since:.2f} s")
    story.entries = entries


def test_one_dot_zero_reads_every_document_and_none_is_lost(site: Site, story: SimpleNamespace):
    assert {customer.version() for customer in site.all} == {"1.0.0"}
    for customer in site.all:
        customer.client.deliver_all()
        now = customer.read_invoices()
        written = {each.id for each in story.entries if (each.tenant, each.step) == (customer.name, "create")}
        assert now.keys() == story.before[customer.name].keys() | written
        assert [shown(now[id]) for id in customer.invoices] == [
            shown(story.before[customer.name][id]) for id in customer.invoices
        ]
        assert {invoice["state"] for invoice in now.values()} <= {"draft", "posted"}
        assert not {"customer_reference", "channel", "subject", "body"} & {n for one in now.values() for n in one}


def test_every_invoice_that_was_posted_was_told_of_once(site: Site, story: SimpleNamespace):
    for customer in (site.a, site.b):
        posted = [id for id, invoice in customer.read_invoices().items() if invoice["state"] == "posted"]
        letters = customer.client.every("dunning/letters")
        assert sorted(letter["invoice"] for letter in letters) == sorted(posted)
        quoted = {letter["invoice"]: letter["text"] for letter in letters}
        assert quoted[customer.invoices[7]] == "Your reference: REF-7"


def test_the_books_are_those_that_were_written(site: Site, story: SimpleNamespace):
    for customer in site.all:
        invoices = customer.read_invoices().values()
        owed = sum(float(invoice["outstanding"]) for invoice in invoices if invoice["state"] == "posted")
        open_items = customer.client.report("receivables.open_items")["totals"]
        assert float(open_items["outstanding"]) == pytest.approx(owed)
        guards = customer.client.get("applets/guards")["items"]
        assert {guard["state"] for guard in guards} == {"holds"}
    check_balances(site)


def test_what_two_dot_zero_wrote_comes_back_with_it_and_balances_stay_what_they_are(site: Site):
    balance, before = site.a.trial_balance(), site.a.read_invoices()
    site.a.apply(site.a.plan("upgrade", all_upgrades=True))
    wanted = {
        "customer": site.a.parties[0], "issued_on": "2026-03-02", "channel": "partner", "subject": "Sample",
        "customer_reference": "OURS", "lines": [{"description": "Part", "unit_price": "0.00"}],
    }  # fmt: skip
    id = site.a.client.post(INVOICES, wanted)["id"]
    path = f"{INVOICES}/{id}"
    assert site.a.trial_balance() == balance
    # From another process: the server follows with its next request.
    site.installation.run("applet", "rollback", "receivables", "--yes", "--tenant", "a")
    old = site.a.client.get(path)
    assert (old["reference"], old["memo"], "channel" in old) == ("OURS", "Sample", False)
    assert site.a.trial_balance() == balance
    site.a.apply(site.a.plan("upgrade", all_upgrades=True))
    new = site.a.client.get(path)
    assert {name: new[name] for name in ("channel", "subject", "customer_reference")} == {
        "channel": "partner", "subject": "Sample", "customer_reference": "OURS",
    }  # fmt: skip
    site.a.apply(site.a.plan("rollback", "receivables"))
    site.a.client.send("DELETE", path, If_Match="*")
    assert {id: shown(one) for id, one in site.a.read_invoices().items()} == {
        id: shown(one) for id, one in before.items()
    }


def test_a_customer_who_is_pinned_stays_where_they_are(site: Site):
    pinned = site.b.client.post("applets/receivables/pin")
    assert pinned == {"name": "receivables", "version": "1.0.0", "pinned_to": "1.0.0"}
    assert site.b.plan("upgrade", all_upgrades=True)["moves"] == []
    assert site.b.client.post("applets/receivables/unpin")["pinned_to"] is None
    assert site.b.plan("upgrade", all_upgrades=True)["moves"] != []


def check_balances(site: Site) -> None:
    for customer in site.all:
        totals = customer.trial_balance()["totals"]
        assert totals["debit"] == totals["credit"]


def check_next_version(site: Site, story: SimpleNamespace) -> None:
    """What 1.0 has written reads as 2.0 has it, and is found so, while B and C are as they were."""
    now = site.a.read_invoices()
    for number, id in enumerate(site.a.invoices):
        invoice = now[id]
        assert (invoice["customer_reference"], invoice["channel"]) == (f"REF-{number}", "direct")
        assert (invoice["subject"], invoice["body"]) == (f"Order {number}", "as agreed: by telephone")
        assert (invoice["state"], invoice["version"]) == ("issued", story.before["a"][id]["version"])
        assert not {"reference", "memo"} & invoice.keys()
    assert site.a.client.one(INVOICES, "customer_reference == 'REF-7'")["id"] == site.a.invoices[7]
    assert site.a.client.get(INVOICES, filter="state == 'posted'")["items"] == []
    for other in (site.b, site.c):
        assert other.client.one(INVOICES, "reference == 'REF-7'")["state"] == "posted"


def timed(verb: Callable[[], Any]) -> SimpleNamespace:
    since = time.time()
    verb()
    return SimpleNamespace(since=since, until=time.time())


def print_latencies(entries: list[Entry], switched: SimpleNamespace, returned: SimpleNamespace) -> None:
    """Side by side, of everybody and of each tenant."""
    windows = {
        "before": (0.0, switched.since),
        "switch": (switched.since, switched.until),
        "on 2.0": (switched.until, returned.since),
        "rollback": (returned.since, returned.until),
        "after": (returned.until, float("inf")),
    }
    print(f"\n{'p95 in ms':<12}" + "".join(f"{name:>24}" for name in windows))
    for tenant in ("", "a", "b", "c"):
        mine = [entry for entry in entries if tenant in ("", entry.tenant)]
        found = [between(mine, *window) for window in windows.values()]
        cells = [f"{percentile(each, 0.95) * 1000:.0f} ({len(each)} answers)" for each in found]
        print(f"{tenant or 'all':<12}" + "".join(f"{cell:>24}" for cell in cells))
