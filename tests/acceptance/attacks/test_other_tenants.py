"""The administrator of one tenant after what another tenant has: by id, by question, by every credential."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.attacks.caller import without_ids
from tests.acceptance.attacks.north import BAIT, CALLBACK, KEY
from tests.acceptance.attacks.world import MARK, PASSWORD

ITEMS = "/api/v1/vault/items"
NOBODYS = "01890000-0000-7000-8000-00000000dead"

# What is told of an id of another tenant is what is told of an id nobody has. {id}: the id; the kind it is of.
BY_ID = [
    ("GET", "/api/v1/vault/items/{id}", "item"),
    ("GET", "/api/v1/vault/items/{id}?as_of=2026-03-20", "item"),
    ("GET", "/api/v1/vault/items/{id}?revision=1", "item"),
    ("GET", "/api/v1/vault/items/{id}/revisions", "item"),
    ("GET", "/api/v1/vault/items/{id}/links", "item"),
    ("PATCH", "/api/v1/vault/items/{id}", "item"),
    ("DELETE", "/api/v1/vault/items/{id}", "item"),
    ("POST", "/api/v1/vault/items/{id}/send", "item"),
    ("POST", "/api/v1/vault/items/{id}/restore", "item"),
    ("POST", "/api/v1/vault/items/{id}/archive", "item"),
    ("POST", "/api/v1/vault/items/{id}/unarchive", "item"),
    ("GET", "/api/v1/kernel/companies/{id}", "company"),
    ("GET", "/api/v1/kernel/roles/{id}", "role"),
    ("GET", "/api/v1/kernel/settings/{id}", "setting"),
    ("GET", "/api/v1/kernel/custom_fields/{id}", "custom_field"),
    ("GET", "/api/v1/kernel/export-templates/{id}", "template"),
    ("PATCH", "/api/v1/kernel/export-templates/{id}", "template"),
    ("GET", "/api/v1/kernel/notifications/{id}", "notification"),
    ("DELETE", "/api/v1/kernel/retention_rules/{id}", "retention_rule"),
    ("GET", "/api/v1/permissions/explain?type=vault.item&action=read&id={id}", "item"),
    ("GET", "/api/v1/privacy/subjects/vault.guest/{id}", "guest"),
    ("POST", "/api/v1/privacy/erasures", "guest"),
    ("GET", "/api/v1/audit/proof/{id}", "event"),
    ("GET", "/api/v1/audit/trail/{id}", "item"),
    ("GET", "/api/v1/events?aggregate_id={id}", "item"),
    ("GET", "/api/v1/registers/vault.stock/balance?where.item={id}", "item"),
    ("GET", "/api/v1/registers/vault.stock/movements?where.item={id}", "item"),
    ("GET", "/api/v1/registers/vault.stock/balance?company_id={id}", "company"),
    ("GET", "/api/v1/reports/vault.items?company_id={id}", "company"),
    ("GET", "/api/v1/search?q=aurora&company={id}", "company"),
    ("GET", "/api/v1/exports/{id}", "export"),
    ("GET", "/api/v1/exports/{id}/file", "export"),
    ("POST", "/api/v1/exports/{id}/cancel", "export"),
    ("GET", "/api/v1/imports/{id}", "import"),
    ("GET", "/api/v1/imports/{id}/rejects", "import"),
    ("POST", "/api/v1/imports/{id}/cancel", "import"),
    ("GET", "/api/v1/users/{id}", "user"),
    ("PATCH", "/api/v1/users/{id}", "user"),
    ("GET", "/api/v1/users/{id}/sessions", "user"),
    ("DELETE", "/api/v1/users/{id}/sessions", "user"),
    ("DELETE", "/api/v1/users/{id}/factors", "user"),
    ("POST", "/api/v1/users/{id}/password-reset", "user"),
    ("DELETE", "/api/v1/users/{me}/sessions/{id}", "session"),
    ("DELETE", "/api/v1/auth/sessions/{id}", "session"),
    ("GET", "/api/v1/auth/events?user_id={id}", "user"),
    ("DELETE", "/api/v1/api-keys/{id}", "key"),
    ("DELETE", "/api/v1/oauth/clients/{id}", "client"),
    ("POST", "/api/v1/oauth/clients/{id}/rotate-secret", "client"),
    ("DELETE", "/api/v1/oauth/consents/{id}", "client"),
]  # fmt: skip
# Bodies of those that have one, with an id in it.
BODIES = {
    "PATCH": {"name": "mine now"},
    "erasures": {"subject_type": "vault.guest", "subject_id": "{id}", "dry_run": True},
}
# Links to documents of another tenant, at the top, in lines, to any type, to a company, in a grant.
LINKS = [
    (ITEMS, {"name": "x", "owner": "{item}"}, 422, "link_broken"),
    (ITEMS, {"name": "x", "guest": "{guest}"}, 422, "link_broken"),
    (ITEMS, {"name": "x", "anything": "{role}"}, 422, "link_broken"),
    (ITEMS, {"name": "x", "lines": [{"item": "{item}"}]}, 422, "link_broken"),
    (ITEMS, {"name": "x", "company_id": "{company}"}, 422, "company_required"),
    ("/api/v1/vault/loans", {"shelf": "x", "company_id": "{company}"}, 422, "company_required"),
    ("/api/v1/kernel/grants", {"actor_id": "x", "role": "own", "companies": ["{company}"]}, 422, "link_broken"),
    ("/api/v1/kernel/grants", {"actor_id": "x", "role": MARK}, 422, "role_unknown"),
    ("/api/v1/kernel/roles", {"name": "heir", "title": "x", "inherits": [MARK]}, 422, "role_invalid"),
    ("/api/v1/exports", {"template": MARK}, 404, "template_unknown"),
    ("/api/v1/oauth/clients", {"name": "x", "kind": "confidential", "redirect_uris": [], "user_id": "{user}",
                               "scopes": ["*"], "grant_types": ["client_credentials"]}, 404, "user_unknown"),
    ("/api/v1/api-keys", {"name": "x", "user_id": "{user}", "scopes": ["*"]}, 404, "user_unknown"),
]  # fmt: skip
# Questions that would find something of north's, had they reached it. They find only what south has.
QUESTIONS = [
    (ITEMS, {"q": BAIT}),
    (ITEMS, {"filter": "contains(name, param.x)", "param.x": BAIT}),
    (ITEMS, {"filter": "total == 77001"}),
    (ITEMS, {"filter": "state == 'sent'"}),
    (ITEMS, {"sort": "-total", "fields": "name,secret,pin,total"}),
    (ITEMS, {"archived": "all", "limit": "500"}),
    (ITEMS, {"deleted": "true"}),
    ("/api/v1/search", {"q": BAIT}),
    ("/api/v1/search", {"q": "auror", "types": "vault.item,vault.guest", "archived": "all"}),
    ("/api/v1/events", {"limit": "500"}),
    ("/api/v1/events", {"type": "vault.item.sent"}),
    ("/api/v1/events", {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}),
    ("/api/v1/deliveries", {}),
    ("/api/v1/deliveries", {"state": "dead"}),
    ("/api/v1/audit/seals", {}),
    ("/api/v1/audit/verify", {}),
    ("/api/v1/auth/events", {"limit": "500"}),
    ("/api/v1/auth/sessions", {}),
    ("/api/v1/users", {"limit": "500"}),
    ("/api/v1/users", {"cursor": "a@north.example"}),
    ("/api/v1/api-keys", {}),
    ("/api/v1/oauth/clients", {}),
    ("/api/v1/oauth/consents", {}),
    ("/api/v1/oauth/providers", {}),
    ("/api/v1/exports", {}),
    ("/api/v1/imports", {}),
    ("/api/v1/limits", {}),
    ("/api/v1/applets", {}),
    ("/api/v1/privacy/retention", {}),
    ("/api/v1/openapi.json", {}),
    ("/api/v1/reports/vault.items", {}),
    ("/api/v1/reports/vault.items", {"format": "csv", "like": BAIT}),
    ("/api/v1/registers/vault.stock/balance", {"group_by": "item,shelf"}),
    ("/api/v1/registers/vault.stock/movements", {}),
    ("/api/v1/kernel/companies", {"archived": "all"}),
    ("/api/v1/kernel/settings", {}),
    ("/api/v1/kernel/custom_fields", {}),
    ("/api/v1/kernel/notifications", {}),
    ("/api/v1/kernel/grants", {"limit": "500"}),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def north_stays(world):
    """Whatever this file does, the other tenant is afterwards as it was."""
    before = world.fingerprint(world.north)
    yield
    after = world.fingerprint(world.north)
    # What north's own people have done here: they have logged in, and used a client.
    assert {name for name in before if before[name] != after[name]} <= {"sessions", "oauth_grants", "users"}


@pytest.mark.parametrize(("method", "path", "kind"), BY_ID)
def test_an_id_of_another_tenant_is_an_id_nobody_has(world, attacker, method, path, kind):
    told = []
    for id in (world.only[kind], NOBODYS):
        body = BODIES.get(path.rpartition("/")[2]) or BODIES.get(method) or ({} if method == "POST" else None)
        given = {} if body is None else {"json": json.loads(json.dumps(body).replace("{id}", id))}
        filled = path.replace("{id}", id).replace("{me}", world.users["south", "admin"])
        answer = attacker.send(method, filled, headers={"if-match": "*"}, **given)
        told.append(without_ids(answer, id))
    assert told[0] == told[1]
    assert told[0][0] in (404, 422, 200)


@pytest.mark.parametrize(("path", "body", "status", "code"), LINKS)
def test_nothing_is_linked_with_what_another_tenant_has(world, attacker, path, body, status, code):
    text = json.dumps(body)
    for kind, id in world.only.items():
        text = text.replace("{" + kind + "}", id)
    attacker.avoided = () if MARK in text else (MARK,)
    assert attacker.refusal("POST", path, json=json.loads(text)) == (status, code)
    attacker.avoided = (MARK,)


@pytest.mark.parametrize(("path", "question"), QUESTIONS)
def test_no_question_finds_what_another_tenant_has(world, attacker, path, question):
    answer = attacker.send("GET", path, params=question)
    assert answer.status_code == 200, answer.text
    ids = [id for kind, id in world.only.items() if id in answer.text]
    assert (ids, "77001" in answer.text) == ([], False)


def test_a_document_with_the_same_id_is_ones_own(world, attacker):
    shared = world.shared["item"]
    assert attacker.good("GET", f"{ITEMS}/{shared}")["name"] == "first"
    assert [event["version"] for event in attacker.good("GET", f"{ITEMS}/{shared}/revisions")["items"]] == [1]
    titles = attacker.good("GET", ITEMS)["titles"]
    assert titles == {world.shared["guest"]: "Ada"}


def test_what_is_kept_in_memory_is_kept_for_one_tenant(world, attacker):
    """Catalogues, permissions, settings, titles, compiled lists: in turns, warm on both sides, same ids, same texts."""
    north = world.caller(world.north, "admin")
    for _ in range(3):
        for path in (ITEMS, f"{ITEMS}/{world.shared['item']}", "/api/v1/reports/vault.items", "/api/v1/openapi.json"):
            assert MARK in json.dumps(north.good("GET", path))
            attacker.good("GET", path)
        assert north.good("GET", "/api/v1/search", params={"q": BAIT})["items"] != []
        assert attacker.good("GET", "/api/v1/search", params={"q": BAIT})["items"] == []


def test_a_cursor_of_another_tenant_leads_through_ones_own_rows_only(world, attacker):
    north = world.caller(world.north, "admin")
    cursor = north.good("GET", ITEMS, params={"limit": "1"})["cursor"]
    answer = attacker.send("GET", ITEMS, params={"limit": "1", "cursor": cursor})
    assert answer.status_code in (200, 422)
    events = north.good("GET", "/api/v1/events", params={"limit": "1"})["cursor"]
    attacker.send("GET", "/api/v1/events", params={"limit": "500", "cursor": events})


def test_an_idempotency_key_of_another_tenant_is_nobodys_here(world, attacker):
    body = {"name": f"{BAIT} mine", "code": "north"}
    for caller in (attacker, world.caller(world.south, "clerk")):
        answer = caller.send("POST", ITEMS, json=body, headers={"idempotency-key": KEY})
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) in ((201, None), (409, None))
        body["code"] = "clerk"


def test_numbers_of_one_tenant_do_not_move_those_of_another(world, attacker):
    before = int(attacker.good("POST", ITEMS, json={"name": "before"})["number"][2:])
    world.caller(world.north, "admin").good("GET", ITEMS)
    with world.kernel.operate(world.north) as ctx:
        assert ctx.documents.get("vault.item", world.only["item"]).number == "V-00004"
    assert int(attacker.good("POST", ITEMS, json={"name": "after"})["number"][2:]) == before + 1


@pytest.mark.parametrize("key", ["id", "code", "owner", "number"])
def test_an_import_neither_finds_nor_changes_what_another_tenant_has(world, attacker, key):
    value = {"id": world.only["item"], "code": "north-only", "owner": world.only["item"], "number": "V-00004"}[key]
    given = {"type": "vault.item", "format": "jsonl", "on_existing": "update"}
    if key == "code":
        given["key"] = "code"
    row = json.dumps({"name": "imported", key: value})
    answer = attacker.send(
        "POST", "/api/v1/imports", params=given, content=row, headers={"content-type": "application/x-ndjson"}
    )
    if answer.status_code < 400:
        world.work(world.south)
        done = attacker.good("GET", f"/api/v1/imports/{answer.json()['id']}")
        attacker.send("GET", f"/api/v1/imports/{answer.json()['id']}/rejects")
        assert (done["state"], done["counts"].get("updated", 0)) == ("done", 0)


def test_an_export_of_both_holds_ones_own(world, attacker):
    made = attacker.good(
        "POST", "/api/v1/exports", json={"type": "vault.item", "format": "jsonl", "filter": "total > 0"}
    )
    world.work(world.south)
    file = attacker.send("GET", f"/api/v1/exports/{made['id']}/file").text
    assert world.shared["item"] in file
    assert world.only["item"] not in file


# North's credentials against south, and those of south as if they were north's.
def test_a_log_in_is_for_the_tenant_it_names(world, attacker):
    for tenant, email, status in (
        ("south", "admin@north.example", 401), ("north", "admin@south.example", 401), ("north",
        "nobody@nowhere.example", 401),
        ("NORTH", "admin@north.example", 401), ("north ", "admin@north.example", 401), ("nort",
        "admin@north.example", 401),
        ("north' OR 'a'='a", "admin@south.example", 401),
    ):  # fmt: skip
        body = {"tenant": tenant, "email": email, "password": PASSWORD}
        assert attacker.refusal("POST", "/api/v1/auth/login", json=body) == (status, "invalid_credentials")


def test_a_client_of_another_tenant_gets_nothing_for_our_users(world, attacker):
    for client, secret in ((world.only["robot"], "wrong"), (world.only["client"], world.secrets["robot"])):
        form = {"grant_type": "client_credentials"}
        assert attacker.http.post("/oauth/token", data=form, auth=(client, secret)).status_code == 401
    form = {"grant_type": "client_credentials"}
    token = attacker.http.post("/oauth/token", data=form, auth=(world.only["robot"], world.secrets["robot"])).json()
    other = {"authorization": f"Bearer {token['access_token']}"}
    found = attacker.http.get(ITEMS, headers=other).json()["items"]
    assert {item["id"] for item in found} >= {world.only["item"]}
    # A resource server of south's learns nothing of north's tokens, and cannot end them.
    ours = attacker.good(
        "POST", "/api/v1/oauth/clients",
        json={"name": "x", "kind": "confidential", "redirect_uris": [CALLBACK], "scopes": ["vault.item:read"],
              "may_introspect": True},
    )  # fmt: skip
    auth = (ours["id"], ours["secret"])
    said = attacker.http.post("/oauth/introspect", data={"token": token["access_token"]}, auth=auth)
    assert (said.status_code, said.json()) == (200, {"active": False})
    attacker.http.post("/oauth/revoke", data={"token": token["access_token"]}, auth=auth)
    assert attacker.http.get(ITEMS, headers=other).status_code == 200


def test_limits_and_usage_are_ones_own(attacker):
    answer = attacker.send("GET", "/api/v1/limits").text
    assert "77001" not in answer
