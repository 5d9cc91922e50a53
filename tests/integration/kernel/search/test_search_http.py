"""Search over HTTP."""

import pytest
from fastapi.testclient import TestClient

from kernel.auth import service
from kernel.auth.passwords import Passwords
from kernel.http.app import create_app
from tests.integration.kernel.search.den import make_den

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def den(dens):
    den = make_den(dens)
    den.people("Corner Shop", "Corner Café")
    den.put("den.paper", {"subject": "Corner case"})
    den.refresh()
    return den


@pytest.fixture(scope="module")
def client(dens, den):
    with dens.database.platform() as uow:
        cheap = Passwords(memory_kib=64, passes=1, lanes=1)
        service.create_user(uow, cheap, den.tenant.id, "ada@example.com", dens.clock(), password=PASSWORD)
        uow.commit()
    with den.operate() as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": "ada@example.com", "role": "den.clerk"})
    http = TestClient(create_app(dens, has_worker=False))
    given = {"tenant": den.tenant.name, "email": "ada@example.com", "password": PASSWORD}
    token = http.post("/api/v1/auth/login", json=given).json()["access_token"]
    http.headers["authorization"] = f"Bearer {token}"
    return http


def test_a_page_says_what_was_found_where_and_how_complete_it_is(client, den):
    answer = client.get("/api/v1/search", params={"q": "café"}).json()
    (hit,) = answer["items"]
    assert {name: hit[name] for name in ("type", "title", "highlights")} == {
        "type": "den.person",
        "title": "Corner Café",
        "highlights": [{"field": "name", "text": "Corner Café", "marks": [[7, 11]]}],
    }
    assert (answer["cursor"], answer["is_complete"]) == (None, True)


def test_parameters_narrow_a_search(client, den):
    asked = {"q": "corner", "types": "den.paper", "company": den.company, "archived": "all", "limit": 1}
    assert [hit["number"] for hit in client.get("/api/v1/search", params=asked).json()["items"]] == ["P-0001"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "search_text_invalid"),
        ({"q": "\x00"}, "search_text_invalid"),
        ({"q": "corner", "types": "den.papre"}, "search_type_unknown"),
        ({"q": "corner", "company": "x"}, "invalid_request"),
        ({"q": "corner", "archived": "perhaps"}, "invalid_request"),
        ({"q": "corner", "cursor": "x"}, "cursor_invalid"),
        ({"q": "corner", "limit": 100_000}, "page_size_exceeded"),
        ({"question": "corner"}, "invalid_request"),
    ],
)
def test_what_cannot_be_asked_is_refused(client, asked, code):
    assert client.get("/api/v1/search", params=asked).json()["code"] == code


def test_a_search_takes_a_token(dens):
    assert TestClient(create_app(dens, has_worker=False)).get("/api/v1/search", params={"q": "x"}).status_code == 401
