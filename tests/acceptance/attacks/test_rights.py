"""People of one tenant after more than they were given: fields nobody may set, rights nobody may hand out."""

from __future__ import annotations

import json

import pytest

ITEMS = "/api/v1/vault/items"
OTHER = "01890000-0000-7000-8000-00000000beef"

# Fields a caller may not set; with each what it is sent as. None of them is ever stored.
PROTECTED = [
    {"id": OTHER}, {"version": 99}, {"state": "sent"}, {"number": "V-99999"}, {"created_at": "2000-01-01T00:00:00Z"},
    {"created_by": "operator"}, {"updated_at": "2000-01-01T00:00:00Z"}, {"updated_by": "operator"},
    {"deleted_at": "2000-01-01T00:00:00Z"}, {"archived_at": "2000-01-01T00:00:00Z"}, {"schema_version": 99},
    {"stamp": "forged"}, {"double": "99.00"}, {"tenant_id": OTHER}, {"tenant": "north"}, {"_id": 1}, {"data": {}},
    {"lines": [{"sealed": "forged"}]}, {"lines": [{"text": "x", "id": OTHER}]}, {"__proto__": {"state": "sent"}},
    {"constructor": {"prototype": {}}}, {"pin": {"$sealed": "AAAA"}}, {"pin": ["x"]}, {"x-encrypted": False},
    {"company_id": OTHER},
]  # fmt: skip
# The computed field is not refused but computed: what was sent for it is gone.
COMPUTED = ("double",)
# What is sent back as it had been read, times loosely, is no attempt; a type says what the path says anyway.
PASSED_OVER_BY_CHANGES = ("created_at", "updated_at")
# Routes whose bodies name more than they may.
MORE_THAN_ASKED = [
    ("PATCH", "/api/v1/users/{clerk}", {"tenant_id": "{north}"}),
    ("PATCH", "/api/v1/users/{clerk}", {"id": OTHER}),
    ("PATCH", "/api/v1/users/{clerk}", {"password_hash": "x"}),
    ("PATCH", "/api/v1/users/{clerk}", {"email": "x@south.example"}),
    ("POST", "/api/v1/users", {"email": "m@south.example", "tenant_id": "{north}"}),
    ("POST", "/api/v1/users", {"email": "m@south.example", "password_hash": "x"}),
    ("POST", "/api/v1/users", {"email": "m@south.example", "roles": ["kernel.admin"]}),
    ("POST", "/api/v1/api-keys", {"name": "x", "scopes": ["*"], "secret": "mine"}),
    ("POST", "/api/v1/api-keys", {"name": "x", "scopes": ["*"], "tenant_id": "{north}"}),
    ("POST", "/api/v1/oauth/clients", {"name": "x", "redirect_uris": [], "scopes": ["*"], "tenant_id": "{north}"}),
    ("POST", "/api/v1/oauth/clients", {"name": "x", "redirect_uris": [], "scopes": ["*"], "secret": "mine"}),
    ("POST", "/api/v1/privacy/erasures", {"subject_type": "vault.guest", "subject_id": OTHER, "force": True}),
    ("POST", "/api/v1/exports", {"type": "vault.item", "path": "/tmp/attack"}),
    ("POST", "/api/v1/exports", {"type": "vault.item", "actor": "operator"}),
    ("POST", "/api/v1/auth/step-up", {"password": "x", "user_id": OTHER}),
    ("POST", "/api/v1/auth/login", {"tenant": "south", "email": "admin@south.example", "password": "x",
    "scopes": ["*"]}),
    ("POST", "/api/v1/kernel/erasures", {"subject_type": "vault.guest", "subject_id": OTHER}),
    ("POST", "/api/v1/kernel/limits", {"users": 1000}),
    ("PATCH", "/api/v1/limits", {"users": 1000}),
    ("POST", "/api/v1/kernel/roles", {"name": "kernel.admin", "title": "x"}),
    ("POST", "/api/v1/kernel/roles", {"name": "vault.clerk", "title": "x"}),
]  # fmt: skip
EVERYTHING = [{"type": "*", "actions": ["*"]}]
# What somebody who may manage roles, grants, users and keys tries in order to be more than that.
ESCALATIONS = [
    ("grant of administrator", "POST", "/api/v1/kernel/grants", {"actor_id": "{registrar}", "role": "kernel.admin"}),
    ("grant to all", "POST", "/api/v1/kernel/grants", {"actor_id": "registrar@south.example", "role": "kernel.admin"}),
    ("grant of auditor", "POST", "/api/v1/kernel/grants", {"actor_id": "{registrar}", "role": "kernel.auditor"}),
    ("grant of clerk", "POST", "/api/v1/kernel/grants", {"actor_id": "{registrar}", "role": "vault.clerk"}),
    ("role of everything", "POST", "/api/v1/kernel/roles", {"name": "r", "title": "r", "permissions": EVERYTHING}),
    ("role by inheritance", "POST", "/api/v1/kernel/roles", {"name": "r", "title": "r", "inherits": ["kernel.admin"]}),
    ("role without the mask", "POST", "/api/v1/kernel/roles",
     {"name": "r", "title": "r", "permissions": [{"type": "vault.item", "actions": ["read"]}]}),
    ("role with a pattern", "POST", "/api/v1/kernel/roles",
     {"name": "r", "title": "r", "permissions": [{"type": "vault.*", "actions": ["read"]}]}),
    ("role of a register", "POST", "/api/v1/kernel/roles",
     {"name": "r", "title": "r", "permissions": [{"register": "*", "actions": ["read"]}]}),
    ("more for a role that is granted", "PATCH", "/api/v1/kernel/roles/{role}", {"permissions": EVERYTHING}),
    ("heir of a role that is granted", "PATCH", "/api/v1/kernel/roles/{role}", {"inherits": ["kernel.auditor"]}),
    ("key of an administrator", "POST", "/api/v1/api-keys", {"name": "x", "scopes": ["*"], "user_id": "{admin}"}),
    ("password of an administrator", "PATCH", "/api/v1/users/{admin}", {"password": "correct horse battery 2"}),
    ("suspending an administrator", "PATCH", "/api/v1/users/{admin}", {"state": "suspended"}),
    ("reset of an administrator", "POST", "/api/v1/users/{admin}/password-reset", {}),
    ("factors of an administrator", "DELETE", "/api/v1/users/{admin}/factors", None),
    ("sessions of an administrator", "DELETE", "/api/v1/users/{admin}/sessions", None),
    ("a client for an administrator", "POST", "/api/v1/oauth/clients",
     {"name": "x", "kind": "confidential", "redirect_uris": [], "scopes": ["*"], "grant_types": ["client_credentials"],
      "user_id": "{admin}"}),
    ("a user before the grant", "POST", "/api/v1/users", {"email": "coming@south.example",
    "password": "correct horse 1"}),
    ("settings of second factors", "POST", "/api/v1/kernel/settings", {"applet": "kernel", "values": {}}),
    ("a custom field", "POST", "/api/v1/kernel/custom_fields",
     {"document_type": "vault.item", "name": "custom_x", "title": "x", "kind": "text"}),
    ("the event log", "GET", "/api/v1/events", None),
    ("the audit", "GET", "/api/v1/audit/verify", None),
    ("an applet", "POST", "/api/v1/applets/vault/disable", {}),
    ("an erasure", "POST", "/api/v1/privacy/erasures", {"subject_type": "vault.guest", "subject_id": OTHER}),
]  # fmt: skip
# A clerk who may not see `secret` and no closed items; none of these tells them.
HIDDEN = [
    {"filter": "secret == 'deep'"}, {"filter": "startswith(secret, 'd')"}, {"filter": "secret is not None"},
    {"filter": "concat(name, secret) == 'xdeep'"}, {"sort": "secret"}, {"fields": "secret,name"}, {"q": "deep"},
    {"filter": "code == 'closed'"}, {"filter": "code != 'x' or True"}, {"archived": "all",
    "filter": "code == 'closed'"},
    {"filter": "any(line.sealed == 'x' for line in lines)"},
]  # fmt: skip


@pytest.fixture(scope="module")
def registrar(world):
    return world.caller(world.south, "registrar")


@pytest.fixture(scope="module")
def clerk(world):
    return world.caller(world.south, "clerk")


@pytest.fixture(scope="module")
def item(attacker):
    return attacker.good("POST", ITEMS, json={"name": "plain", "total": "1"})


@pytest.fixture(scope="module")
def closed(attacker):
    """What the clerk must not learn of."""
    return attacker.good("POST", ITEMS, json={"name": "hush", "code": "closed", "secret": "deep"})


@pytest.fixture(scope="module")
def masked(attacker):
    return attacker.good("POST", ITEMS, json={"name": "masked", "secret": "deep"})


@pytest.fixture(scope="module")
def names(world):
    people = {name: world.users["south", name] for name in ("admin", "clerk", "registrar")}
    return {**people, "north": world.north.id, "role": world.shared["role"]}


def filled(value, names):
    text = json.dumps(value)
    for name, id in names.items():
        text = text.replace("{" + name + "}", id)
    return json.loads(text)


@pytest.mark.parametrize("extra", PROTECTED)
def test_a_protected_field_is_set_neither_by_a_new_document_nor_by_a_change(attacker, item, extra):
    before = attacker.good("GET", f"{ITEMS}/{item['id']}")
    name = next(iter(extra))
    passed = 200 if name in PASSED_OVER_BY_CHANGES else 422
    made = attacker.send("POST", ITEMS, json={"name": "mass", **extra})
    changed = attacker.send("PATCH", f"{ITEMS}/{item['id']}", json=extra, headers={"if-match": "*"})
    bulk = attacker.send("POST", f"{ITEMS}/bulk", json=[{"name": "mass", **extra}])
    if name in COMPUTED:
        assert made.json().get(name) != extra[name]
    else:
        assert (made.status_code, changed.status_code, bulk.status_code) == (422, passed, 422), made.text
    assert attacker.good("GET", f"{ITEMS}/{item['id']}") == before


@pytest.mark.parametrize("extra", PROTECTED)
def test_an_import_sets_no_protected_field(world, attacker, extra):
    row = json.dumps({"name": "imported", **extra})
    given = {"type": "vault.item", "format": "jsonl"}
    kind = {"content-type": "application/x-ndjson"}
    job = attacker.good("POST", "/api/v1/imports", params=given, content=row, headers=kind)["id"]
    world.work(world.south)
    done = attacker.good("GET", f"/api/v1/imports/{job}")
    assert done["state"] == "done"
    if done["counts"]["created"]:
        (made,) = attacker.good("GET", ITEMS, params={"filter": "name == 'imported'", "limit": "1"})["items"]
        for name, value in extra.items():
            assert made.get(name) != value, name
        attacker.send("DELETE", f"{ITEMS}/{made['id']}", headers={"if-match": "*"})


def test_a_document_is_of_the_type_of_its_path(attacker):
    made = attacker.good("POST", ITEMS, json={"name": "x", "type": "kernel.grant", "role": None})
    assert made["type"] == "vault.item"


@pytest.mark.parametrize(("method", "path", "body"), MORE_THAN_ASKED)
def test_a_body_says_nothing_that_was_not_asked(attacker, names, method, path, body):
    answer = attacker.send(method, filled(path, names), json=filled(body, names), headers={"if-match": "*"})
    assert answer.status_code in (404, 405, 422), answer.text


@pytest.mark.parametrize(("what", "method", "path", "body"), ESCALATIONS, ids=[each[0] for each in ESCALATIONS])
def test_nobody_hands_out_more_than_they_have(attacker, registrar, names, what, method, path, body):
    if what == "a user before the grant":
        attacker.good(
            "POST", "/api/v1/kernel/grants", json={"actor_id": "coming@south.example", "role": "kernel.admin"}
        )
    given = {} if body is None else {"json": filled(body, names)}
    answer = registrar.send(method, filled(path, names), headers={"if-match": "*"}, **given)
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("question", HIDDEN)
def test_what_is_hidden_is_told_by_no_question(clerk, closed, masked, question):
    answer = clerk.send("GET", ITEMS, params=question)
    assert answer.status_code in (200, 403, 422), answer.text
    assert "deep" not in answer.text.replace("'deep'", "").replace("xdeep", "")
    if answer.status_code == 200:
        ids = [item["id"] for item in answer.json()["items"]]
        assert closed["id"] not in ids
        assert (masked["id"] in ids) <= ("sort" in question or "fields" in question or "True" in str(question))


@pytest.mark.parametrize("path", ["", "/revisions", "/links", "?revision=1", "?as_of=2026-03-20"])
def test_what_a_condition_hides_is_as_if_it_were_not_there(clerk, closed, path):
    seen = clerk.send("GET", f"{ITEMS}/{closed['id']}{path}")
    nothing = clerk.send("GET", f"{ITEMS}/{OTHER}{path}")
    assert (
        (seen.status_code, seen.json()["code"])
        == (nothing.status_code, nothing.json()["code"])
        == (404, "document_not_found")
    )


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_what_a_condition_hides_is_neither_changed_nor_deleted(clerk, closed, method):
    given = {"json": {"name": "mine"}} if method == "PATCH" else {}
    assert clerk.refusal(method, f"{ITEMS}/{closed['id']}", headers={"if-match": "*"}, **given)[0] in (403, 404)


def test_a_masked_field_is_neither_read_nor_set_nor_exported(world, clerk, masked):
    one = f"{ITEMS}/{masked['id']}"
    for path in (one, f"{one}/revisions", f"{one}?revision=1", f"{one}/links"):
        assert "deep" not in clerk.send("GET", path).text
    assert clerk.refusal("PATCH", one, json={"secret": "mine"}, headers={"if-match": "*"})[0] in (403, 422)
    for asked in ({"fields": ["name", "secret"]}, {"filter": "secret == 'deep'"}, {"sort": ["secret"]}, {}):
        answer = clerk.send("POST", "/api/v1/exports", json={"type": "vault.item", "format": "jsonl", **asked})
        if answer.status_code == 201:
            world.work(world.south)
            file = clerk.send("GET", f"/api/v1/exports/{answer.json()['id']}/file").text
            assert "deep" not in file
            assert "closed" not in file.replace('"code":"document', "")


SCOPES = [["vault.item:read"], ["vault.guest:*"], ["register:vault.stock:read"], []]


@pytest.mark.parametrize("scopes", SCOPES)
def test_a_key_does_no_more_than_its_scopes(world, attacker, item, scopes):
    if not scopes:
        assert attacker.refusal("POST", "/api/v1/api-keys", json={"name": "x", "scopes": scopes})[0] == 422
        return
    answer = attacker.send("POST", "/api/v1/api-keys", json={"name": "x", "scopes": scopes})
    if answer.status_code == 422:
        return
    key = world.guest(answer.json()["secret"])
    tries = [
        ("PATCH", f"{ITEMS}/{item['id']}", {"name": "mine"}), ("DELETE", f"{ITEMS}/{item['id']}", None),
        ("POST", "/api/v1/kernel/grants", {"actor_id": "x", "role": "kernel.admin"}),
        ("POST", "/api/v1/api-keys", {"name": "y", "scopes": ["*"]}), ("POST", "/api/v1/users",
        {"email": "y@south.example"}),
        ("POST", "/api/v1/auth/step-up", {"password": "correct horse battery"}), ("GET", "/api/v1/events", None),
        ("POST", "/api/v1/auth/password", {"old_password": "x", "new_password": "correct horse battery 3"}),
        ("POST", "/api/v1/oauth/clients", {"name": "y", "redirect_uris": [], "scopes": ["*"]}),
        ("POST", "/api/v1/auth/mfa/totp", {}), ("POST", "/api/v1/applets/vault/disable", {}),
        ("GET", "/api/v1/users", None), ("GET", "/api/v1/audit/verify", None),
    ]  # fmt: skip
    for method, path, body in tries:
        given = {} if body is None else {"json": body}
        assert key.send(method, path, headers={"if-match": "*"}, **given).status_code in (403, 404, 422), path
