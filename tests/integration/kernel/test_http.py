"""Bos over HTTP: what is answered, and what is never answered."""

from __future__ import annotations

import io
import itertools
import logging
import re
import threading

import orjson
import pytest
import structlog
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from kernel.auth.passwords import Passwords
from kernel.auth.service import create_user
from kernel.http.app import create_app
from kernel.http.bodies import JSON_DEPTH_MAX
from kernel.telemetry.logs import FIELDS, configure_logs
from kernel.telemetry.metrics import Metrics
from sdk import errors, hooks
from sdk.identifiers import new_id
from tests.integration.kernel.house import open_house

PASSWORD = "correct horse battery"
ORDERS = "/api/v1/shop/orders"
_numbers = itertools.count(1)


@hooks.before_save("shop.order")
def disturb(ctx, document, previous):
    name = document["name"]
    if name == "bug":
        raise ValueError("the text of a bug")
    if name == "refuse":
        raise errors.Conflict("refused by the shop")
    if name == "deferred":
        with ctx.kernel.database.owner() as owner:
            owner.execute("CREATE TABLE public.broken (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
            owner.execute("GRANT INSERT ON public.broken TO PUBLIC")
        ctx.uow.execute("INSERT INTO public.broken VALUES (1), (1)")
    if name == "slow":
        ctx.uow.execute("SET LOCAL statement_timeout = 10")
        ctx.uow.execute("SELECT pg_sleep(10)")


@hooks.after_save("shop.order")
def disconnect(ctx, document, previous):
    if document["name"] == "kill":
        ctx.uow.after_commit(lambda: pytest.fail("it was committed"))
        with ctx.kernel.database.owner() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [ctx.uow.connection.info.backend_pid])


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(
        empty_database(), tmp_path_factory.mktemp("house"), disturb=disturb, disconnect=disconnect
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def metrics():
    return Metrics()


@pytest.fixture(scope="module")
def client(house, metrics):
    with TestClient(create_app(house.kernel, has_worker=False, metrics=metrics)) as client:
        yield client


@pytest.fixture
def tenant(house):
    return house.make_tenant(f"web{next(_numbers)}")


def log_in(house, client, tenant, *roles):
    """Headers of a new user with these roles."""
    email = f"{new_id()}@example.org"
    with house.kernel.database.platform() as uow:
        user = create_user(uow, Passwords(64, 1, 1), tenant.id, email, house.clock(), password=PASSWORD)
        uow.commit()
    for role in roles:
        with house.kernel.operate(tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
    body = {"tenant": tenant.name, "email": email, "password": PASSWORD}
    answer = client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def admin(house, client, tenant):
    return log_in(house, client, tenant, "kernel.admin")


def problem(answer, status, code):
    """The problem of this status and code."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body = answer.json()
    assert (body["code"], body["type"], body["status"]) == (code, f"/errors/{code}", status)
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def create(client, headers, **fields):
    answer = client.post(ORDERS, json={"name": "x", **fields}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_document_is_created_read_changed_and_deleted(client, admin):
    answer = client.post(ORDERS, json={"name": "first", "total": "1250"}, headers=admin)
    assert answer.status_code == 201
    order = answer.json()
    assert (order["name"], order["total"], order["version"], order["state"]) == ("first", "1250.00", 1, "draft")
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"{ORDERS}/{order['id']}"

    one = f"{ORDERS}/{order['id']}"
    assert client.get(one, headers=admin).json() == order
    changed = client.patch(one, json={"total": None, "name": "second"}, headers={**admin, "if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert "total" not in changed.json()

    assert client.delete(one, headers={**admin, "if-match": '"2"'}).status_code == 204
    problem(client.get(one, headers=admin), 404, "document_not_found")
    restored = client.post(f"{one}/restore", headers=admin)
    assert (restored.status_code, restored.json()["version"]) == (200, 4)


def test_an_action_is_performed_and_refused_in_another_state(client, admin):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    sent = client.post(f"{one}/send", headers={**admin, "if-match": '"1"'})
    assert (sent.status_code, sent.json()["state"], sent.headers["etag"]) == (200, "sent", '"2"')
    problem(client.post(f"{one}/send", headers=admin), 409, "action_not_allowed")
    problem(client.post(f"{one}/sned", headers=admin), 404, "action_unknown")
    problem(client.post(f"{one}/send", json={"why": 1}, headers={**admin, "if-match": '"1"'}), 412, "stale_version")


def test_a_list_shows_each_document_as_it_is_shown_alone(client, admin):
    """Although the text PostgreSQL stores is passed on there, and read and written again here."""
    made = [create(client, admin, name=name, total="7") for name in ('"quoted\\"', "größer 🐂", "\u0001\x7f")]
    sent = client.post(f"{ORDERS}/{made[0]['id']}/send", headers=admin).json()
    items = client.get(ORDERS, headers=admin).json()["items"]
    shown = {item["id"]: item for item in items}
    for order in made:
        alone = client.get(f"{ORDERS}/{order['id']}", headers=admin).json()
        assert (shown[order["id"]], shown[order["id"]]["name"]) == (alone, order["name"])
    assert (shown[sent["id"]]["state"], shown[sent["id"]]["version"]) == ("sent", 2)


def test_a_list_is_filtered_sorted_and_paged(client, admin):
    for number in range(5):
        create(client, admin, name=f"n{number}", total=f"{number}.5")
    query = {"filter": "total > param.least", "param.least": "1", "sort": "-name", "limit": "2", "fields": "name,total"}
    answer = client.get(ORDERS, params=query, headers=admin)
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert [item["name"] for item in first["items"]] == ["n4", "n3"]
    assert set(first["items"][0]) == {"id", "name", "total"}
    rest = client.get(ORDERS, params={**query, "cursor": first["cursor"]}, headers=admin).json()
    assert ([item["name"] for item in rest["items"]], rest["cursor"], rest["titles"]) == (["n2", "n1"], None, {})
    assert len(client.get(ORDERS, params={"q": "n3"}, headers=admin).json()["items"]) == 1
    assert client.get(ORDERS, params={"deleted": "true"}, headers=admin).json()["items"] == []


@pytest.mark.parametrize("past", [{}, {"revision": "1"}])
def test_a_field_there_is_none_of_is_refused_and_one_without_a_value_left_out(client, admin, past):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    for path in (ORDERS, one):
        answer = client.get(path, params={"fields": "nmae,name,\0", **(past if path == one else {})}, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        violations = answer.json()["violations"]
        assert [v["rule"] for v in violations] == ["unknown_field", "unknown_field"]
        assert violations[0]["expected"] == "name"
    answer = client.get(one, params={"fields": "total,name,deleted_at", **past}, headers=admin)
    assert answer.json().keys() == {"id", "name"}


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwiYiIsImMiXQ", "e30", "%00", "WzFd", "WyJ4Il0"])
def test_a_tampered_cursor_is_refused(client, admin, cursor):
    create(client, admin)
    answer = client.get(ORDERS, params={"cursor": cursor}, headers=admin)
    assert answer.status_code == 422, answer.text


def test_a_misspelt_parameter_lists_nothing(client, admin):
    body = problem(client.get(ORDERS, params={"fliter": "x"}, headers=admin), 422, "invalid_request")
    assert body["violations"] == [
        {
            "pointer": "/fliter",
            "rule": "unknown_parameter",
            "message": "there is no parameter fliter",
            "expected": "filter",
        }
    ]


def test_many_are_created_at_once_or_none(client, admin):
    good = client.post(f"{ORDERS}/bulk", json=[{"name": "a"}, {"name": "b"}], headers=admin)
    assert (good.status_code, len(good.json()["created"])) == (201, 2)
    bad = [{"name": "c"}, {"nam": "d"}]
    body = problem(client.post(f"{ORDERS}/bulk", json=bad, headers=admin), 422, "document_invalid")
    assert {violation["pointer"] for violation in body["violations"]} == {"/1/name", "/1/nam"}
    kept = client.post(f"{ORDERS}/bulk", json={"items": bad, "keep_good": True}, headers=admin).json()
    assert ([item["index"] for item in kept["created"]], [item["index"] for item in kept["rejected"]]) == ([0], [1])
    assert len(client.get(ORDERS, headers=admin).json()["items"]) == 3
    problem(client.post(f"{ORDERS}/bulk", json={"itms": []}, headers=admin), 422, "invalid_request")


def test_revisions_tell_who_changed_what(client, admin):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    client.patch(one, json={"name": "y"}, headers={**admin, "if-match": '"1"'})
    newest, oldest = client.get(f"{one}/revisions", headers=admin).json()["items"]
    assert (newest["event"], newest["version"], newest["diff"]) == ("shop.order.updated", 2, {"name": "y"})
    assert oldest["event"] == "shop.order.created"


def test_a_version_known_already_is_not_sent_again(client, admin):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    answer = client.get(one, headers={**admin, "if-none-match": 'W/"1"'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')
    assert client.get(one, headers={**admin, "if-none-match": '"2"'}).status_code == 200


def test_a_change_says_which_version_it_is_of(client, admin):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    problem(client.patch(one, json={"name": "y"}, headers=admin), 428, "version_required")
    problem(client.delete(one, headers=admin), 428, "version_required")
    problem(client.patch(one, json={"name": "y"}, headers={**admin, "if-match": '"7"'}), 412, "stale_version")
    problem(client.patch(one, json={"name": "y"}, headers={**admin, "if-match": "1"}), 400, "invalid_header")
    assert client.patch(one, json={"name": "y"}, headers={**admin, "if-match": "*"}).status_code == 200


def test_of_parallel_changes_of_one_version_one_wins(client, admin):
    one = f"{ORDERS}/{create(client, admin)['id']}"
    statuses: list[int] = []

    def change(number):
        answer = client.patch(one, json={"name": f"n{number}"}, headers={**admin, "if-match": '"1"'})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 9


@pytest.mark.parametrize("name", ["deferred", "kill"])
def test_failed_commit_is_not_a_success(house, client, tenant, admin, name):
    answer = client.post(ORDERS, json={"name": name}, headers=admin)
    assert answer.status_code >= 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert house.orders(tenant) == []
    # The pool has recovered from the lost connection.
    create(client, admin)


def test_a_connection_lost_at_the_commit_is_told_as_such(client, admin):
    answer = client.post(ORDERS, json={"name": "kill"}, headers=admin)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    # Which of them is a matter of when the backend notices that it is to end.
    assert answer.json()["code"] in ("commit_uncertain", "database_unavailable")


def test_a_statement_that_takes_too_long_is_given_up(client, admin):
    """In a hook too: no bug of the applet."""
    problem(client.post(ORDERS, json={"name": "slow"}, headers=admin), 503, "statement_too_slow")


@pytest.mark.parametrize(("name", "status", "code"), [("bug", 500, "hook_failed"), ("refuse", 409, "conflict")])
def test_an_applets_error_is_told_and_its_bug_hidden(client, admin, name, status, code):
    body = problem(client.post(ORDERS, json={"name": name}, headers=admin), status, code)
    assert "the text of a bug" not in str(body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"), (b"", "document_invalid"), (b"[]", "invalid_request"), (b"null", "invalid_request"),
        (b'{"name": "x", "total": 1.5}', "document_invalid"), (b'{"name": "x", "total": "1.555"}', "document_invalid"),
        (b'{"name": "x", "id": "y"}', "document_invalid"), (b'{"name": "x", "company_id": 5}', "invalid_request"),
        (b'{"name": "x", "nope": 1}', "document_invalid"),
        (b'{"a":' * (JSON_DEPTH_MAX + 1) + b"1" + b"}" * (JSON_DEPTH_MAX + 1), "json_too_deep"),
        (b"[" * 200_000, "malformed_json"), (b'{"name": 1e999}', "malformed_json"),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused_in_so_many_words(house, client, tenant, admin, body, code):
    answer = client.post(ORDERS, content=body, headers={**admin, "content-type": "application/json"})
    assert problem(answer, 400 if code in ("malformed_json", "json_too_deep") else 422, code)
    assert house.orders(tenant) == []


def test_a_malformed_body_is_told_with_its_position(client, admin):
    answer = client.post(ORDERS, content=b'{"name":\n  x}', headers={**admin, "content-type": "application/json"})
    assert problem(answer, 400, "malformed_json")["detail"].endswith("at line 2, column 3.")


def test_a_text_with_a_nul_character_is_refused(client, admin):
    answer = client.post(ORDERS, json={"name": "a\0b"}, headers=admin)
    assert answer.status_code == 422, answer.text


def test_of_a_member_given_twice_the_last_value_counts(client, admin):
    body = b'{"name": "first", "name": "last"}'
    answer = client.post(ORDERS, content=body, headers={**admin, "content-type": "application/json"})
    assert answer.json()["name"] == "last"


def test_a_body_of_another_kind_or_too_large_is_refused(house, client, admin):
    problem(
        client.post(ORDERS, content=b"name=x", headers={**admin, "content-type": "text/plain"}),
        415,
        "unsupported_media_type",
    )
    large = b'"' + b"x" * house.kernel.settings.body_bytes_max + b'"'
    problem(client.post(ORDERS, content=large, headers=admin), 413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "route_unknown"),
        ("GET", "/api/v1/shop/ordes", 404, "collection_unknown"),
        ("GET", "/api/v1/nope/orders", 404, "collection_unknown"),
        ("PUT", ORDERS, 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("GET", ORDERS + "/not-an-id", 404, "document_not_found"),
        ("GET", ORDERS + "/", 404, "route_unknown"),
        ("POST", "/api/v1/deliveries/x/retry", 422, "invalid_request"),
        ("POST", "/api/v1/deliveries/4711/retry", 404, "delivery_unknown"),
    ],
)
def test_what_is_not_there_is_a_problem_too(client, admin, method, path, status, code):
    problem(client.request(method, path, headers=admin), status, code)


def test_a_misspelt_collection_is_told_with_the_nearest(client, admin):
    body = problem(client.get("/api/v1/shop/ordes", headers=admin), 404, "collection_unknown")
    assert "shop/orders" in body["detail"]


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer ", "bos_x"])
def test_without_valid_credentials_nothing_is_answered(client, tenant, header):
    answer = client.get(ORDERS, headers={"authorization": header} if header else {})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"


def test_who_was_granted_nothing_may_nothing(house, client, tenant):
    nobody = log_in(house, client, tenant)
    assert client.get(ORDERS, headers=nobody).status_code == 403
    assert client.post(ORDERS, json={"name": "x"}, headers=nobody).status_code == 403


def test_masked_fields_are_neither_shown_nor_taken(house, client, tenant, admin):
    order = create(client, admin, secret="hidden")
    clerk = log_in(house, client, tenant, "shop.clerk")
    assert "secret" not in client.get(f"{ORDERS}/{order['id']}", headers=clerk).json()
    assert "secret" not in client.get(ORDERS, headers=clerk).json()["items"][0]
    assert "secret" not in client.get(ORDERS, params={"fields": "secret"}, headers=clerk).json()["items"][0]
    problem(client.post(ORDERS, json={"name": "x", "secret": "y"}, headers=clerk), 422, "document_invalid")


def test_who_may_write_and_not_read_is_told_no_more_than_what_came_of_it(house, client, tenant):
    sender = log_in(house, client, tenant, "shop.letterbox")
    answer = client.post(ORDERS, json={"name": "x"}, headers=sender)
    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "type", "version", "state"}
    problem(client.get(f"{ORDERS}/{answer.json()['id']}", headers=sender), 403, "permission_denied")


def test_one_tenant_sees_nothing_of_another(house, client, admin):
    order = create(client, admin)
    stranger = log_in(house, client, house.make_tenant(f"web{next(_numbers)}"), "kernel.admin")
    problem(client.get(f"{ORDERS}/{order['id']}", headers=stranger), 404, "document_not_found")
    assert client.get(ORDERS, headers=stranger).json()["items"] == []


def test_a_disabled_applet_is_gone_with_the_next_request(house, client, tenant, admin):
    create(client, admin)
    house.set_applet(tenant, "disabled")
    problem(client.get(ORDERS, headers=admin), 404, "collection_unknown")
    house.set_applet(tenant, "enabled")
    assert len(client.get(ORDERS, headers=admin).json()["items"]) == 1


def test_a_request_id_and_a_trace_are_answered_and_stored(house, client, tenant, admin):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = {**admin, "x-request-id": "order-42", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = client.post(ORDERS, json={"name": "x"}, headers=given)
    assert answer.headers["x-request-id"] == "order-42"
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", answer.headers["traceparent"])
    ((request,),) = house.rows(tenant, "SELECT request FROM {t}.events WHERE type = 'shop.order.created'")
    assert (request["request_id"], request["trace_id"]) == ("order-42", trace)


@pytest.mark.parametrize("given", ["x" * 65, "a b", "<script>", "a\u00e4"])
def test_a_request_id_that_cannot_stand_in_a_log_line_is_replaced(client, given):
    answer = client.get("/healthz", headers={"x-request-id": given.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])


def test_machines_are_told_how_it_is(client, admin, metrics):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    client.get(ORDERS, headers=admin)
    client.get("/api/v1/events", headers=admin)
    text = client.get("/metrics").text
    assert 'bos_http_requests_total{method="GET",route="/api/v1/{applet}/{collection}",status="200"}' in text
    assert 'route="/api/v1/events",status="200"' in text
    assert "/shop/orders" not in text


def test_events_and_deliveries_are_listed(client, admin):
    order = create(client, admin)
    page = client.get("/api/v1/events", params={"aggregate_id": order["id"], "limit": 1}, headers=admin).json()
    (event,) = page["items"]
    assert (event["type"], event["aggregate_id"], event["version"]) == ("shop.order.created", order["id"], 1)
    assert client.get("/api/v1/deliveries", params={"state": "dead"}, headers=admin).json() == {
        "items": [],
        "cursor": None,
    }
    problem(client.get("/api/v1/deliveries", params={"state": "done"}, headers=admin), 422, "invalid_request")
    problem(client.get("/api/v1/events", params={"since": "yesterday"}, headers=admin), 422, "invalid_request")


def test_the_description_is_valid_openapi_and_knows_the_tenants_types(client, admin):
    answer = client.get("/api/v1/openapi.json", headers=admin)
    description = answer.json()
    OpenAPIV31SpecValidator(description).validate()
    assert description["openapi"] == "3.1.0"
    paths = description["paths"]
    assert {
        "/api/v1/shop/orders",
        "/api/v1/shop/orders/{id}/send",
        "/api/v1/kernel/roles",
        "/api/v1/auth/login",
    } <= set(paths)
    assert paths["/api/v1/shop/orders"]["post"]["operationId"] == "shop.order.create"
    assert description["components"]["schemas"]["shop.order.input"]["required"] == ["name"]
    answers = [operation["responses"] for item in paths.values() for operation in item.values()]
    assert all("500" in responses and "default" not in responses for responses in answers)
    # Nobody is left to guess what a success looks like.
    successes = [responses[status] for responses in answers for status in ("200", "201") if status in responses]
    assert all(success.get("content") for success in successes)


def test_older_tools_are_given_openapi_30(client, admin):
    description = client.get("/api/v1/openapi.json", params={"version": "3.0"}, headers=admin).json()
    OpenAPIV30SpecValidator(description).validate()
    assert "/api/v1/shop/orders" in description["paths"]


def test_before_log_in_only_the_fixed_routes_are_described(client, tenant):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/auth/login" in paths
    assert not [path for path in paths if "shop" in path]


def test_a_disabled_applet_leaves_the_description(house, client, tenant, admin):
    assert "/api/v1/shop/orders" in client.get("/api/v1/openapi.json", headers=admin).json()["paths"]
    house.set_applet(tenant, "disabled")
    assert "/api/v1/shop/orders" not in client.get("/api/v1/openapi.json", headers=admin).json()["paths"]


def test_the_documentation_needs_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/docs/")
        assert client.get(address).status_code == 200


def test_each_request_is_one_line_of_the_log_without_its_secrets(client, tenant, admin):
    config, stream = structlog.get_config(), io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs("api", stream=stream)
    try:
        answer = client.post(ORDERS, json={"name": "refuse"}, headers=admin)
        client.get("/healthz")
        client.get("/api/v1/auth/sessions", headers=admin)
    finally:
        structlog.configure(**config)
        logging.getLogger().handlers[:], logging.getLogger().level = handlers, level
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    line, without_documents = [line for line in lines if line["event"] == "request.finished"]
    assert tuple(line) == FIELDS
    assert (line["tenantId"], line["requestId"]) == (tenant.id, answer.headers["x-request-id"])
    assert line["traceId"] == answer.headers["traceparent"].split("-")[1]
    assert (line["status"], line["service"], line["level"]) == (409, "api", "info")
    assert line["data"] == {"method": "POST", "path": ORDERS, "code": "conflict"}
    assert 0 < line["duration"] < 60
    assert line["userId"]
    assert (without_documents["tenantId"], without_documents["userId"]) == (tenant.id, line["userId"])
    assert admin["authorization"].removeprefix("Bearer ") not in stream.getvalue()


def test_an_answer_is_plain_json_bytes(client, admin):
    answer = client.get(ORDERS, headers=admin)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert orjson.loads(answer.content) == {"items": [], "titles": {}, "cursor": None}
