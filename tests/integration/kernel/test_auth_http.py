"""Log-in, users and API keys as a client sees them."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from kernel.auth import api as auth
from kernel.auth import service
from kernel.auth.passwords import Passwords
from kernel.http.edge import Edge
from kernel.permissions import api as permissions
from kernel.telemetry.metrics import Metrics
from sdk.identifiers import new_id

CHEAP = Passwords(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def client(kernel):
    cost = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1}
    quick = replace(kernel, settings=kernel.settings.model_copy(update=cost))
    app = FastAPI(openapi_url=None)
    app.add_middleware(Edge, metrics=Metrics(), body_bytes_max=100_000)
    app.include_router(auth.router(quick))
    app.include_router(permissions.router(quick))
    with TestClient(app) as made:
        yield made


class People:
    """Users of one tenant: what each sends, by email without the domain."""

    def __init__(self, kernel, client, tenant):
        self.kernel, self.client, self.tenant = kernel, client, tenant
        self.tokens, self.ids = {}, {}

    def add(self, name, *roles):
        with self.kernel.database.platform() as uow:
            user = service.create_user(
                uow, CHEAP, self.tenant.id, f"{name}@acme.test", self.kernel.clock(), password=PASSWORD
            )
            uow.commit()
        with self.kernel.operate(self.tenant) as ctx:
            for role in roles:
                ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        self.ids[name] = user.id
        self.tokens[name] = self.log_in(name).json()["access_token"]

    def log_in(self, name, password=PASSWORD):
        body = {"tenant": self.tenant.name, "email": f"{name}@acme.test", "password": password}
        return self.client.post("/auth/login", json=body)

    def send(self, name, method, path, body=None, **parameters):
        headers = {"authorization": f"Bearer {self.tokens[name]}"}
        return self.client.request(method, path, json=body, params=parameters, headers=headers)


@pytest.fixture
def people(kernel, client, tenant):
    made = People(kernel, client, tenant)
    made.add("ann", "kernel.admin")
    made.add("bob", "kernel.member")
    return made


def codes(*answers):
    return [(answer.status_code, answer.json().get("code")) for answer in answers]


def test_logging_in_refreshing_and_out_again(people):
    tokens = people.log_in("ann").json()
    assert set(tokens) == {"access_token", "refresh_token", "session_id", "expires_in_s", "token_type"}
    refreshed = people.client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200
    people.tokens["ann"] = refreshed.json()["access_token"]
    assert people.send("ann", "POST", "/auth/logout").status_code == 204
    assert codes(people.send("ann", "GET", "/auth/me")) == [(401, "session_revoked")]


def test_wrong_credentials_are_a_problem_that_says_nothing_more(people):
    answer = people.log_in("ann", "wrong password!")
    assert codes(answer) == [(401, "invalid_credentials")]
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "wrong password!" not in answer.text


def test_a_log_in_that_lacks_something_is_told_what_without_repeating_the_password(people):
    answer = people.client.post("/auth/login", json={"tenant": "acme", "pasword": PASSWORD})
    pointers = {violation["pointer"] for violation in answer.json()["violations"]}
    assert (answer.status_code, pointers) == (422, {"/email", "/password", "/pasword"})
    assert PASSWORD not in answer.text


def test_me_says_who_where_and_with_which_roles(people):
    me = people.send("ann", "GET", "/auth/me").json()
    assert (me["actor"]["email"], me["tenant"]["name"], me["roles"]) == (
        "ann@acme.test", people.tenant.name, ["kernel.admin"],
    )  # fmt: skip


def test_ones_sessions_are_listed_and_ended_one_by_one(people):
    other = people.log_in("bob").json()
    listed = people.send("bob", "GET", "/auth/sessions").json()["items"]
    assert other["session_id"] in {session["id"] for session in listed}
    assert len(listed) == 2
    path = f"/auth/sessions/{other['session_id']}"
    assert codes(people.send("ann", "DELETE", path)) == [(404, "session_unknown")]
    assert people.send("bob", "DELETE", path).status_code == 204
    assert len(people.send("bob", "GET", "/auth/sessions").json()["items"]) == 1


def test_one_changes_ones_own_password(people):
    body = {"current": PASSWORD, "new": "another good password"}
    assert people.send("bob", "POST", "/auth/password", body).status_code == 204
    assert codes(people.log_in("bob")) == [(401, "invalid_credentials")]
    assert people.log_in("bob", "another good password").status_code == 200


def test_an_administrator_creates_users_and_reads_them(people):
    made = people.send("ann", "POST", "/users", {"email": "Kim@acme.test", "name": "Kim", "password": PASSWORD})
    assert (made.status_code, made.json()["email"], made.json()["state"]) == (201, "kim@acme.test", "active")
    assert "password" not in made.text
    assert people.send("ann", "GET", f"/users/{made.json()['id']}").json() == made.json()
    assert codes(people.send("ann", "POST", "/users", {"email": "kim@acme.test"})) == [(409, "email_taken")]
    first = people.send("ann", "GET", "/users", limit=2).json()
    rest = people.send("ann", "GET", "/users", cursor=first["cursor"]).json()
    emails = [user["email"][:3] for page in (first, rest) for user in page["items"]]
    assert (emails, rest["cursor"]) == (["ann", "bob", "kim"], None)


def test_a_member_administers_nobody_but_may_read_themselves(people):
    ann, bob = people.ids["ann"], people.ids["bob"]
    refused = [
        people.send("bob", "GET", "/users"),
        people.send("bob", "POST", "/users", {"email": "x@acme.test"}),
        people.send("bob", "GET", f"/users/{ann}"),
        people.send("bob", "PATCH", f"/users/{bob}", {"name": "Bobby"}),
        people.send("bob", "GET", "/api-keys", user_id=ann),
        people.send("bob", "POST", "/api-keys", {"name": "x", "scopes": ["*"], "user_id": ann}),
    ]
    assert codes(*refused) == [(403, "permission_denied")] * 6
    assert people.send("bob", "GET", f"/users/{bob}").json()["email"] == "bob@acme.test"


def test_suspending_and_resuming_a_user(people):
    path = f"/users/{people.ids['bob']}"
    assert people.send("ann", "PATCH", path, {"state": "suspended"}).json()["state"] == "suspended"
    assert codes(people.send("bob", "GET", "/auth/me"), people.log_in("bob")) == [
        (401, "session_revoked"), (403, "user_suspended"),
    ]  # fmt: skip
    changed = people.send(
        "ann", "PATCH", path, {"state": "active", "name": "Bob B.", "password": "a phrase quite anew"}
    )
    assert (changed.json()["state"], changed.json()["name"]) == ("active", "Bob B.")
    assert people.log_in("bob", "a phrase quite anew").status_code == 200
    assert codes(people.send("ann", "PATCH", f"/users/{people.ids['ann']}", {"state": "suspended"})) == [
        (409, "own_suspension")
    ]


def test_who_may_administer_users_cannot_become_an_administrator_by_it(kernel, people):
    with kernel.operate(people.tenant) as ctx:
        permissions = [{"type": "kernel.user", "actions": ["*"]}, {"type": "kernel.api_key", "actions": ["*"]}]
        ctx.documents.create("kernel.role", {"name": "clerk", "title": "Clerk", "permissions": permissions})
        ctx.documents.create("kernel.grant", {"actor_id": "next@acme.test", "role": "kernel.admin"})
    people.add("kim", "clerk")
    people.add("lou")
    ann, lou = people.ids["ann"], people.ids["lou"]
    refused = [
        people.send("kim", "PATCH", f"/users/{ann}", {"password": "kim knows this"}),
        people.send("kim", "PATCH", f"/users/{ann}", {"state": "suspended"}),
        people.send("kim", "POST", "/api-keys", {"name": "x", "scopes": ["*"], "user_id": ann}),
        people.send("kim", "POST", "/users", {"email": "next@acme.test", "password": "kim knows this"}),
    ]
    assert codes(*refused) == [(403, "user_too_powerful")] * 4
    assert people.send("kim", "PATCH", f"/users/{lou}", {"name": "Lou"}).status_code == 200


def test_a_key_works_until_it_is_revoked_and_makes_no_keys(people):
    made = people.send("bob", "POST", "/api-keys", {"name": "ci", "scopes": ["kernel.company:read"]})
    assert made.status_code == 201
    people.tokens["robot"] = made.json()["secret"]
    assert people.send("robot", "GET", "/auth/me").json()["actor"]["kind"] == "key"
    refused = [
        people.send("robot", "POST", "/api-keys", {"name": "more", "scopes": ["*"]}),
        people.send("robot", "GET", "/api-keys"),
        people.send("robot", "GET", "/auth/sessions"),
        people.send("robot", "POST", "/auth/logout"),
    ]
    assert codes(*refused) == [(403, "log_in_required")] * 4
    (listed,) = people.send("bob", "GET", "/api-keys").json()["items"]
    assert (listed["name"], listed["scopes"]) == ("ci", ["kernel.company:read"])
    assert "secret" not in listed
    assert people.send("bob", "DELETE", f"/api-keys/{made.json()['id']}").status_code == 204
    assert codes(people.send("robot", "GET", "/auth/me")) == [(401, "key_revoked")]


def test_an_administrators_key_makes_no_keys_for_others_and_sets_no_passwords(people):
    made = people.send("ann", "POST", "/api-keys", {"name": "ci", "scopes": ["*"]}).json()
    people.tokens["robot"] = made["secret"]
    refused = [
        people.send("robot", "POST", "/api-keys", {"name": "x", "scopes": ["*"], "user_id": people.ids["bob"]}),
        people.send("robot", "PATCH", f"/users/{people.ids['ann']}", {"password": "the key knows this"}),
        people.send("robot", "PATCH", f"/users/{people.ids['bob']}", {"password": "the key knows this"}),
    ]
    assert codes(*refused) == [(403, "log_in_required")] * 3
    assert people.send("robot", "PATCH", f"/users/{people.ids['bob']}", {"name": "Bob B."}).status_code == 200
    assert people.send("ann", "GET", "/api-keys", user_id=people.ids["bob"]).json()["items"] == []


def test_an_administrator_makes_and_revokes_keys_for_others(people):
    bob = people.ids["bob"]
    made = people.send("ann", "POST", "/api-keys", {"name": "x", "scopes": ["*"], "user_id": bob}).json()
    assert made["user_id"] == bob
    assert people.send("ann", "GET", "/api-keys", user_id=bob).json()["items"][0]["id"] == made["id"]
    assert people.send("ann", "DELETE", f"/api-keys/{made['id']}", user_id=bob).status_code == 204


@pytest.mark.parametrize("body", [{"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}])
def test_a_key_with_bad_scopes_is_refused(people, body):
    assert codes(people.send("ann", "POST", "/api-keys", body)) == [(422, "scopes_invalid")]


def test_users_of_other_tenants_are_not_there(people, new_tenant, kernel, client):
    others = People(kernel, client, new_tenant())
    others.add("eve", "kernel.admin")
    for id in (people.ids["bob"], new_id(), "x"):
        assert codes(others.send("eve", "GET", f"/users/{id}")) == [(404, "user_unknown")]
    assert codes(others.send("eve", "PATCH", f"/users/{people.ids['bob']}", {"name": "x"})) == [(404, "user_unknown")]


def test_permissions_are_explained_to_oneself_and_to_auditors(people):
    mine = people.send("bob", "GET", "/permissions/explain", action="delete", type="kernel.company").json()
    assert mine["allowed"] is False
    his = people.send(
        "ann", "GET", "/permissions/explain", action="read", type="kernel.company", actor_id="bob@acme.test"
    ).json()
    assert (his["allowed"], his["because"][0]["role"]) == (True, "kernel.member")
    refused = [
        people.send(
            "bob", "GET", "/permissions/explain", action="read", type="kernel.company", actor_id="ann@acme.test"
        ),
        people.send("bob", "GET", "/permissions/explain", type="kernel.company"),
        people.send("bob", "GET", "/permissions/explain", action="read", type="kernel.nothing"),
    ]
    assert codes(*refused) == [
        (403, "permission_denied"), (422, "explanation_incomplete"), (404, "document_type_unknown"),
    ]  # fmt: skip
