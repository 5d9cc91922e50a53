"""A request that is sent again with its Idempotency-Key takes effect once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from kernel.http.app import create_app
from kernel.http.idempotency import KEY_CHARACTERS_MAX, forget_answers
from sdk import hooks
from tests.integration.kernel.house import open_house
from tests.integration.kernel.limits.conftest import Caller

ORDERS = "/api/v1/shop/orders"
gate = threading.Event()
inside = threading.Event()


@hooks.before_save("shop.order")
def wait_for_the_gate(ctx, document, previous):
    if document["name"] == "slow":
        inside.set()
        assert gate.wait(20)


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house"), wait_for_the_gate=wait_for_the_gate) as opened:
        yield opened


def send(client, key, name="one", method="POST", path=ORDERS, **headers):
    return client.request(method, path, json={"name": name}, headers={"idempotency-key": key, **headers})


@pytest.fixture
def client(caller) -> TestClient:
    return caller.client()


def test_the_second_answer_is_the_first_and_nothing_happens_twice(caller, client):
    first, second = send(client, "k"), send(client, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    for name in ("location", "etag", "content-type"):
        assert second.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert caller.house.orders(caller.tenant) == ["one"]


def test_another_body_method_or_path_under_the_same_key_is_refused(client):
    id = send(client, "k").json()["id"]
    for answer in (
        send(client, "k", "two"),
        send(client, "k", path=f"{ORDERS}/{id}/send"),
        send(client, "k", method="PATCH", path=f"{ORDERS}/{id}", **{"if-match": '"1"'}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_patch_and_a_delete_may_be_sent_again(client):
    id = send(client, "create").json()["id"]
    patched = [send(client, "p", "new", "PATCH", f"{ORDERS}/{id}", **{"if-match": '"1"'}) for _ in range(2)]
    assert [answer.json()["version"] for answer in patched] == [2, 2]
    headers = {"idempotency-key": "d", "if-match": '"2"'}
    deleted = [client.delete(f"{ORDERS}/{id}", headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in deleted] == [(204, b"")] * 2


def test_a_request_that_failed_may_be_sent_again_corrected(client):
    refused = client.post(ORDERS, json={"name": 7}, headers={"idempotency-key": "k"})
    assert refused.status_code == 422
    assert send(client, "k").status_code == 201


def test_duplicates_at_the_same_moment_wait_and_get_the_same_answer(caller, client):
    gate.clear()
    inside.clear()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(send, client, "k", "slow") for _ in range(4)]
        assert inside.wait(20)
        gate.set()
        bodies = {answer.result().content for answer in answers}
    assert len(bodies) == 1
    assert caller.house.orders(caller.tenant) == ["slow"]


def test_after_a_day_the_key_is_free_again(caller, client):
    house = caller.house
    send(client, "k")
    house.clock.advance(hours=23, minutes=59)
    assert send(client, "k").headers["idempotency-replayed"] == "true"
    house.clock.advance(minutes=1)
    assert send(client, "k", "other").status_code == 201
    assert house.orders(caller.tenant) == ["one", "other"]


def test_old_answers_are_forgotten(caller, client):
    send(client, "old")
    send(client, "older")
    caller.house.clock.advance(hours=24)
    send(client, "new")
    with caller.house.kernel.database.transaction(caller.tenant) as uow:
        assert [forget_answers(uow, caller.house.clock(), 1) for _ in range(3)] == [1, 1, 0]
        uow.commit()
    assert caller.house.rows(caller.tenant, "SELECT key FROM {t}.idempotency") == [("new",)]


def test_a_key_belongs_to_who_sent_it_and_to_their_tenant(house, app, caller, client):
    send(client, "k", "mine")
    same_tenant = Caller(house, caller.tenant, app).client()
    other_tenant = Caller(house, house.make_tenant("stranger"), app).client()
    for other in (same_tenant, other_tenant):
        answer = send(other, "k", "theirs")
        assert answer.status_code == 201
        assert answer.json()["name"] == "theirs"


def test_a_token_that_may_less_is_not_told_what_another_was_answered(caller, client):
    assert send(client, "k").status_code == 201
    narrow = caller.client(scopes=["shop.order:read"])
    refused = send(narrow, "k")
    assert (refused.status_code, refused.json().get("code")) == (403, "permission_denied")
    equal = [caller.client(scopes=["shop.order:create", "shop.order:read"]) for _ in range(2)]
    answers = [send(each, "narrow") for each in equal]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]


def test_another_process_gives_the_same_answer(house, caller, client):
    elsewhere = caller.client(create_app(house.kernel, has_worker=False))
    assert send(elsewhere, "k").content == send(client, "k").content


def test_what_was_answered_is_not_readable_in_the_database(caller, client):
    send(client, "k", "a very secret name")
    dump = str(caller.house.rows(caller.tenant, "SELECT i::text FROM {t}.idempotency i"))
    assert b"a very secret name".hex() not in dump


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * (KEY_CHARACTERS_MAX + 1)])
def test_a_key_that_is_none_is_refused(client, key):
    answer = client.post(ORDERS, json={"name": "one"}, headers={"idempotency-key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header")


def test_reading_takes_no_notice_of_a_key(caller, client):
    for _ in range(2):
        assert client.get(ORDERS, headers={"idempotency-key": "k"}).status_code == 200
    assert caller.house.rows(caller.tenant, "SELECT count(*) FROM {t}.idempotency") == [(0,)]
