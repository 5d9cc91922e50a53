"""Past, archive and links of documents over HTTP and from the shell."""

import json

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from kernel.auth.passwords import Passwords
from kernel.auth.service import create_user
from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.http.app import create_app
from kernel.settings import Settings
from sdk.identifiers import new_id
from sdk.values import instant_text
from tests.integration.kernel.house import open_house
from tests.integration.kernel.shipped import CHEAP

ORDERS = "/api/v1/shop/orders"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house")) as opened:
        opened.tenant = opened.make_tenant("past")
        yield opened


@pytest.fixture(scope="module")
def client(house):
    return TestClient(create_app(house.kernel, has_worker=False))


def log_in(house, client, role):
    """Headers of a new user with this role."""
    email = f"{new_id()}@example.org"
    with house.kernel.database.platform() as uow:
        user = create_user(uow, Passwords(64, 1, 1), house.tenant.id, email, house.clock(), password=PASSWORD)
        uow.commit()
    with house.kernel.operate(house.tenant) as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
    answer = client.post("/api/v1/auth/login", json={"tenant": "past", "email": email, "password": PASSWORD})
    return {"authorization": f"Bearer {answer.json()['access_token']}", "user-agent": "browser/1"}


@pytest.fixture(scope="module")
def admin(house, client):
    return log_in(house, client, "kernel.admin")


@pytest.fixture(scope="module")
def clerk(house, client):
    return log_in(house, client, "shop.clerk")


@pytest.fixture
def order(house, client, admin):
    """Created, and renamed a second later."""
    made = client.post(ORDERS, json={"name": "first", "total": "1.00"}, headers=admin).json()
    made["first_at"] = instant_text(house.clock())
    house.clock.advance(seconds=1)
    client.patch(f"{ORDERS}/{made['id']}", json={"name": "second"}, headers={**admin, "if-match": '"1"'})
    return made


def code(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["code"]


def test_a_document_is_read_as_it_was(client, admin, order):
    one = f"{ORDERS}/{order['id']}"
    then = client.get(one, params={"as_of": order["first_at"]}, headers=admin)
    assert (then.json()["name"], then.json()["version"], then.headers["etag"]) == ("first", 1, '"1"')
    assert client.get(one, params={"as_of": order["first_at"][:10]}, headers=admin).json()["name"] == "second"
    assert client.get(one, params={"revision": 1, "fields": "name"}, headers=admin).json() == {
        "id": order["id"], "name": "first",
    }  # fmt: skip
    assert code(client.get(one, params={"as_of": "2020-01-01"}, headers=admin), 404) == "document_not_found"
    items = client.get(f"{one}/revisions", params={"as_of": order["first_at"]}, headers=admin).json()["items"]
    assert [item["version"] for item in items] == [1]


@pytest.mark.parametrize(
    "asked",
    [
        {"as_of": "yesterday"},
        {"as_of": "2026-01-01T00:00:00"},
        {"revision": "0"},
        {"as_of": "2026-01-01", "revision": 1},
    ],
)
def test_a_moment_that_is_none_is_refused(client, admin, order, asked):
    assert code(client.get(f"{ORDERS}/{order['id']}", params=asked, headers=admin), 422) == "invalid_request"


def test_a_revision_is_restored_as_a_new_version(client, admin, order):
    one = f"{ORDERS}/{order['id']}"
    stale = client.post(f"{one}/restore", json={"revision": 1}, headers={**admin, "if-match": '"1"'})
    assert code(stale, 412) == "stale_version"
    answer = client.post(f"{one}/restore", json={"revision": 1}, headers={**admin, "if-match": '"2"'})
    assert (answer.json()["name"], answer.headers["etag"]) == ("first", '"3"')
    assert code(client.post(f"{one}/restore", json={"revision": 9}, headers=admin), 404) == "document_not_found"
    for wrong in ({"revision": "1"}, {"revision": True}, {"revision": 0}, {"version": 1}, {"revision": None}):
        assert code(client.post(f"{one}/restore", json=wrong, headers=admin), 422) == "invalid_request"
    client.post(f"{one}/send", headers=admin)
    assert code(client.post(f"{one}/restore", json={"revision": 2}, headers=admin), 409) == "document_not_editable"


def test_archived_documents_are_listed_when_asked_for(client, admin, order):
    one, only = f"{ORDERS}/{order['id']}", {"filter": f'id == "{order["id"]}"'}
    assert client.post(f"{one}/archive", headers={**admin, "if-match": '"2"'}).json()["archived_at"]

    def listed(**asked):
        return len(client.get(ORDERS, params={**only, **asked}, headers=admin).json()["items"])

    assert [listed(), listed(archived="true"), listed(archived="all"), listed(archived="false")] == [0, 1, 1, 0]
    assert code(client.get(ORDERS, params={"archived": "yes"}, headers=admin), 422) == "invalid_request"
    changed = client.patch(one, json={"name": "x"}, headers={**admin, "if-match": "*"})
    assert code(changed, 409) == "document_archived"
    assert "archived_at" not in client.post(f"{one}/unarchive", headers=admin).json()
    assert listed() == 1


def test_links_are_asked_for_within_bounds(client, admin, order):
    links = f"{ORDERS}/{order['id']}/links"
    found = client.get(links, params={"depth": 2, "direction": "out", "limit": 5}, headers=admin).json()
    node = {"id": order["id"], "type": "shop.order", "title": "second", "state": "draft", "level": 0}
    assert found == {"nodes": [node], "edges": [], "truncated": False}
    assert code(client.get(links, params={"depth": 99}, headers=admin), 422) == "graph_too_large"
    assert code(client.get(links, params={"direction": "up"}, headers=admin), 422) == "invalid_request"


def test_where_somebody_works_from_is_told_to_auditors_only(client, admin, clerk, order):
    revisions = f"{ORDERS}/{order['id']}/revisions"
    (full, *_), (bare, *_) = (client.get(revisions, headers=who).json()["items"] for who in (admin, clerk))
    assert full["request"]["user_agent"] == "browser/1"
    assert "address" in full["request"]
    assert bare["request"].keys() == full["request"].keys() - {"address", "user_agent"}
    assert bare["request"]["request_id"] == full["request"]["request_id"]


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    settings = Settings(database_url=empty_database(), data_dir=tmp_path_factory.mktemp("bos"), **CHEAP)
    cli, runner = build_cli(settings), CliRunner()

    def run(*words, code=0):
        result = runner.invoke(cli, [*words, "--json"], obj=Terminal(settings))
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stdout) if result.stdout else json.loads(result.stderr)

    run("tenant", "create", "acme")
    run("applet", "enable", "parties", "-t", "acme")
    return run


def test_the_shell_reads_restores_archives_and_walks(bos):
    made = bos("doc", "create", "parties.customer", "--set", "code=C1", "--set", "name=First")
    bos("doc", "update", "parties.customer", "C1", "--set", "name=Second")
    assert bos("doc", "get", "parties.customer", "C1", "--revision", "1")["name"] == "First"
    assert bos("doc", "get", "parties.customer", "C1", "--as-of", made["created_at"])["name"] == "First"
    assert bos("doc", "restore", "parties.customer", "C1", "--revision", "1")["version"] == 3
    assert bos("doc", "archive", "parties.customer", "C1")["archived_at"]
    assert bos("doc", "list", "parties.customer")["items"] == []
    assert len(bos("doc", "list", "parties.customer", "--archived", "true")["items"]) == 1
    assert "archived_at" not in bos("doc", "unarchive", "parties.customer", "C1")
    assert [node["title"] for node in bos("doc", "links", "parties.customer", "C1", "--depth", "2")["nodes"]] == [
        "First"
    ]
    bos("doc", "delete", "parties.customer", "C1", "--yes")
    assert "deleted_at" not in bos("doc", "restore", "parties.customer", made["id"])


@pytest.mark.parametrize(
    "words",
    [
        ("get", "parties.customer", "C1", "--as-of", "yesterday"),
        ("get", "parties.customer", "C1", "--as-of", "2026-01-01", "--revision", "1"),
        ("list", "parties.customer", "--archived", "yes"),
        ("links", "parties.customer", "C1", "--direction", "up"),
    ],
)
def test_the_shell_says_what_it_cannot_read(bos, words):
    assert bos("doc", *words, code=1)["code"] == "input_unreadable"


def test_the_shell_verifies_documents_against_their_events(bos):
    report = bos("doc", "verify")
    assert (report["different"], report["differences"]) == (0, [])
    assert report["documents"] > 0
