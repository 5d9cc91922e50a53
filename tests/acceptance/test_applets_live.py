"""Applets come and go while two servers run: nothing is restarted, nothing is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.acceptance.installation import Client, Installation, Server
from tests.acceptance.package import install_package
from tests.acceptance.trust import IN_PROCESS, SANDBOXED, environment

LARGE, SMALL = "12000.00", "90.00"


@pytest.fixture(scope="module", params=[IN_PROCESS, SANDBOXED])
def trust(request: pytest.FixtureRequest) -> str:
    """Where approvals runs: nobody in the story notices."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, trust: str) -> Path:
    """A folder of installed packages that both servers know, empty when they start."""
    return tmp_path_factory.mktemp("site-packages")


@pytest.fixture(scope="module")
def installation(
    empty_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory, site: Path, trust: str
) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    given = {"PYTHONPATH": str(site), **environment(trust, folder, "approvals")}
    installation = Installation(empty_database(), folder, given)
    installation.admin = installation.create_tenant("acme", "Acme Ltd", "EUR", "ada@acme.example")
    installation.ask("applet", "enable", "approvals", "--with-required")
    installation.ask("doc", "create", "ledger.chart", "--set", "name=Ours", "--perform", "load")
    installation.ask("doc", "create", "parties.customer", "--set", "code=C1", "--set", "name=Corner Shop")
    return installation


@pytest.fixture(scope="module")
def servers(installation: Installation) -> Iterator[tuple[Server, Server]]:
    with installation.serve() as first, installation.serve() as second:
        yield first, second


@pytest.fixture(scope="module")
def ada(servers: tuple[Server, Server], installation: Installation) -> Client:
    """The administrator, at the first server."""
    return servers[0].log_in("acme", "ada@acme.example", installation.admin)


@pytest.fixture(scope="module")
def ada_elsewhere(servers: tuple[Server, Server], ada: Client) -> Client:
    """The same person with the same token, at the second server."""
    return Client(servers[1].url, ada.token)


@pytest.fixture(scope="module")
def log_in(installation: Installation, servers: tuple[Server, Server]) -> Callable[..., Client]:
    """Make a user with these roles, and log in at the first server."""

    def log_in(name: str, *roles: str) -> Client:
        email = f"{name}@acme.example"
        granted = [part for role in roles for part in ("--role", role)]
        password = installation.ask("user", "create", email, *granted)["password"]
        return servers[0].log_in("acme", email, password)

    return log_in


@pytest.fixture(scope="module")
def carl(log_in: Callable[..., Client]) -> Client:
    """Writes invoices and enters payments."""
    return log_in("carl", "receivables.clerk")


@pytest.fixture(scope="module")
def mia(log_in: Callable[..., Client]) -> Client:
    """Answers for receivables, and approves."""
    return log_in("mia", "receivables.manager", "approvals.approver")


@pytest.fixture(scope="module")
def story(trust: str) -> SimpleNamespace:
    """What earlier steps leave for later ones."""
    return SimpleNamespace()


def write_invoice(client: Client, price: str) -> dict[str, Any]:
    customer = client.one("parties/customers", "code == 'C1'")["id"]
    lines = [{"description": "Shelves", "quantity": "1", "unit_price": price}]
    return client.post("receivables/invoices", {"customer": customer, "issued_on": "2026-03-02", "lines": lines})


def post_of(invoice: dict[str, Any]) -> str:
    return f"receivables/invoices/{invoice['id']}/post"


def state_of(client: Client, applet: str) -> dict[str, Any]:
    """What the list of applets says of one; empty when it does not know it."""
    return next((each for each in client.get("applets")["items"] if each["name"] == applet), {})


def test_an_invoice_within_the_limit_is_posted(carl: Client):
    posted = carl.post(post_of(write_invoice(carl, SMALL)))
    assert (posted["state"], posted["total"]) == ("posted", SMALL)


def test_an_invoice_above_the_limit_is_not(carl: Client, ada: Client, story: SimpleNamespace):
    story.first, story.second, story.third = (write_invoice(carl, LARGE) for _ in range(3))
    status, code = carl.refused(post_of(story.first))
    # Whether its request is there already is a race between the clerk and the worker; it is refused either way.
    assert (status, code) in [(409, "approval_missing"), (409, "approval_pending")]
    ada.deliver_all()
    assert carl.refused(post_of(story.first)) == (409, "approval_pending")


def test_a_request_waits_for_each_of_them(mia: Client, story: SimpleNamespace):
    requests = mia.get("approvals/requests", sort="id")["items"]
    assert [request["document"] for request in requests] == [
        story.first["id"],
        story.second["id"],
        story.third["id"],
    ]
    assert {(request["state"], request["amount"]) for request in requests} == {("pending", LARGE)}
    story.requests = {request["document"]: request for request in requests}


def test_without_approvals_it_is_posted_at_once(ada: Client, carl: Client, story: SimpleNamespace):
    assert ada.disable("approvals") == {"state": "disabled", "applets": ["approvals"]}
    assert carl.post(post_of(story.first))["state"] == "posted"


def test_the_type_of_a_disabled_applet_is_not_there(ada: Client):
    answer = ada.send("GET", "approvals/requests")
    assert answer.status == 404
    assert "/api/v1/approvals/requests" not in ada.get("openapi.json")["paths"]


def test_enabling_it_brings_the_rule_back(ada: Client, carl: Client, story: SimpleNamespace):
    assert ada.enable("approvals") == {"state": "enabled", "applets": ["approvals"]}
    assert carl.refused(post_of(story.second)) == (409, "approval_pending")
    assert "/api/v1/approvals/requests" in ada.get("openapi.json")["paths"]


def test_no_document_was_lost(mia: Client, story: SimpleNamespace):
    requests = {request["document"]: request for request in mia.get("approvals/requests")["items"]}
    assert requests == story.requests


def test_whoever_wrote_it_cannot_approve_it(ada: Client):
    invoice = write_invoice(ada, LARGE)
    ada.deliver_all()
    request = ada.one("approvals/requests", "document == param.invoice", **{"param.invoice": invoice["id"]})
    refusal = ada.refused(f"approvals/requests/{request['id']}/approve")
    assert refusal == (403, "self_approval_refused")


def test_a_clerk_cannot_approve(carl: Client, story: SimpleNamespace):
    request = story.requests[story.second["id"]]
    status, _ = carl.refused(f"approvals/requests/{request['id']}/approve")
    assert status in (403, 404)


def test_what_is_approved_is_posted(mia: Client, carl: Client, story: SimpleNamespace):
    request = story.requests[story.second["id"]]
    approved = mia.post(f"approvals/requests/{request['id']}/approve", {"comment": "They always pay."})
    assert (approved["state"], approved["comment"]) == ("approved", "They always pay.")
    story.posted = carl.post(post_of(story.second))
    assert story.posted["state"] == "posted"


def test_what_is_rejected_is_not(mia: Client, carl: Client, story: SimpleNamespace):
    request = story.requests[story.third["id"]]
    assert mia.post(f"approvals/requests/{request['id']}/reject")["state"] == "rejected"
    assert carl.refused(post_of(story.third)) == (409, "approval_rejected")


def test_the_other_server_follows_with_its_next_request(ada: Client, ada_elsewhere: Client):
    waiting = write_invoice(ada, LARGE)
    status, _ = ada_elsewhere.refused(post_of(waiting))
    assert status == 409
    ada.disable("approvals")
    assert state_of(ada_elsewhere, "approvals")["state"] == "disabled"
    assert ada_elsewhere.post(post_of(waiting))["state"] == "posted"
    ada_elsewhere.enable("approvals")
    status, code = ada.refused(post_of(write_invoice(ada, LARGE)))
    assert (status, code) in [(409, "approval_missing"), (409, "approval_pending")]


def test_a_payment_received_is_told(ada: Client, carl: Client, story: SimpleNamespace):
    payment = pay(carl, story.posted, LARGE)
    ada.deliver_all()
    told = ada.one("kernel/notifications", "document_id == param.id", **{"param.id": payment["id"]})
    assert told["title"] == "C1 paid 12000.00 EUR"
    assert (told["role"], told["document_type"]) == ("receivables.manager", "receivables.payment")
    assert told["created_by"] == "applet:approvals"


def pay(client: Client, invoice: dict[str, Any], amount: str) -> dict[str, Any]:
    payment = client.post(
        "receivables/payments",
        {
            "customer": invoice["customer"],
            "received_on": "2026-03-09",
            "amount": amount,
            "allocations": [{"invoice": invoice["id"], "amount": amount}],
        },
    )
    return client.post(f"receivables/payments/{payment['id']}/post")


def test_an_applet_installed_meanwhile_is_offered(site: Path, ada: Client, ada_elsewhere: Client):
    assert list(site.iterdir()) == []
    assert state_of(ada, "loyalty") == {}
    install_package(site)
    for client in (ada, ada_elsewhere):
        offered = state_of(client, "loyalty")
        assert (offered["state"], offered["version"], offered["fits"]) == ("available", "1.0.0", True)
        assert offered["author"] == "Somebody else"


def test_once_enabled_its_hooks_are_called_in_both_servers(ada: Client, ada_elsewhere: Client):
    assert ada.enable("loyalty") == {"state": "enabled", "applets": ["loyalty"]}
    for client in (ada, ada_elsewhere):
        assert client.post("loyalty/cards", {"points": 1500})["tier"] == "gold"
        assert client.post("loyalty/cards", {"points": 15})["tier"] == "blue"


def test_it_hears_of_what_other_applets_do(ada: Client, carl: Client):
    invoice = carl.post(post_of(write_invoice(carl, SMALL)))
    pay(carl, invoice, SMALL)
    ada.deliver_all()
    card = ada.one("loyalty/cards", "customer == param.customer", **{"param.customer": invoice["customer"]})
    assert (card["points"], card["tier"], card["created_by"]) == (90, "blue", "applet:loyalty")


def test_what_it_stands_on_cannot_be_taken_away(ada: Client):
    assert ada.refused("applets/receivables/disable") == (409, "applet_in_use")


def test_once_disabled_it_is_called_no_more(ada: Client, ada_elsewhere: Client, carl: Client):
    assert ada_elsewhere.disable("loyalty") == {"state": "disabled", "applets": ["loyalty"]}
    assert ada.send("GET", "loyalty/cards").status == 404
    pay(carl, carl.post(post_of(write_invoice(carl, SMALL))), SMALL)
    ada.deliver_all()
    ada.enable("loyalty")
    assert len(ada.get("loyalty/cards")["items"]) == 5
    ada.disable("loyalty")


def test_neither_server_was_started_anew(servers: tuple[Server, Server], ada: Client):
    assert [server.process.poll() for server in servers] == [None, None]
    assert ada.get("deliveries", state="dead")["items"] == []
