"""Sessions, resets and the record of events, as users and administrators meet them."""

import psycopg
import pytest

from kernel.auth.errors import TokenKeyOverlap
from kernel.auth.token_keys import RELOAD_EVERY
from kernel.auth.token_rotation import rotate_token_key
from kernel.auth.tokens import Claims, sign_access_token
from tests.integration.kernel.auth.conftest import PASSWORD, codes


def test_one_ends_all_other_sessions_of_ones_own(people):
    before = people.tokens["bob"]
    people.enter("bob")
    assert people.send("bob", "DELETE", "/auth/sessions").json() == {"ended": 1}
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    people.tokens["bob"] = before
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "session_revoked")]


def test_an_administrator_lists_and_ends_the_sessions_of_a_user(people):
    path = f"/users/{people.ids['bob']}/sessions"
    people.enter("bob")
    first, second = people.send("ann", "GET", path).json()["items"]
    assert {"address", "user_agent", "methods", "authenticated_at", "used_at"} <= first.keys()
    assert "refresh" not in str(first)
    assert people.send("ann", "DELETE", f"{path}/{second['id']}").status_code == 204
    assert codes(people.send("ann", "DELETE", f"{path}/{second['id']}")) == [(404, "session_unknown")]
    assert people.send("ann", "DELETE", path).json() == {"ended": 1}
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "session_revoked")]
    assert people.events("bob")[:2] == ["sessions.revoked", "session.revoked"]


def test_nobody_else_sees_or_ends_them(people, own_people):
    path = f"/users/{people.ids['ann']}/sessions"
    assert (
        codes(people.send("bob", "GET", path), people.send("bob", "DELETE", path)) == [(403, "permission_denied")] * 2
    )
    assert (
        codes(own_people.send("ann", "GET", path), own_people.send("ann", "DELETE", path))
        == [(404, "user_unknown")] * 2
    )


def test_a_password_is_reset_by_a_token_once(people):
    made = people.send("ann", "POST", f"/users/{people.ids['bob']}/password-reset").json()
    assert made["token"].startswith("bosp_")
    body = {"token": made["token"], "password": "quite another phrase"}
    assert people.post("/auth/password/reset", body).status_code == 204
    assert codes(people.post("/auth/password/reset", body)) == [(401, "reset_token_invalid")]
    assert codes(people.send("bob", "GET", "/auth/me"), people.log_in("bob")) == [
        (401, "session_revoked"), (401, "invalid_credentials"),
    ]  # fmt: skip
    assert people.log_in("bob", "quite another phrase").status_code == 200


def test_a_reset_token_ends_with_the_next_one_with_a_day_and_with_a_change(people):
    path = f"/users/{people.ids['bob']}/password-reset"
    replaced = people.send("ann", "POST", path).json()["token"]
    overtaken = people.send("ann", "POST", path).json()["token"]
    people.send("ann", "PATCH", f"/users/{people.ids['bob']}", {"password": "a phrase quite anew"})
    late = people.send("ann", "POST", path).json()["token"]
    people.clock.advance(24 * 60 * 60 + 1)
    for token in (replaced, overtaken, late, "x", "bosc_x"):
        answer = people.post("/auth/password/reset", {"token": token, "password": "quite another phrase"})
        assert codes(answer) == [(401, "reset_token_invalid")]


def test_a_weak_password_leaves_the_reset_token_as_it_is(people):
    token = people.send("ann", "POST", f"/users/{people.ids['bob']}/password-reset").json()["token"]
    weak = people.post("/auth/password/reset", {"token": token, "password": "Password1234"})
    assert (codes(weak), weak.json()["violations"][0]["rule"]) == ([(422, "password_too_weak")], "password_common")
    body = {"token": token, "password": "quite another phrase"}
    assert people.post("/auth/password/reset", body).status_code == 204


def test_a_reset_leaves_second_factors_where_they_are(people):
    people.add_app("bob")
    token = people.send("ann", "POST", f"/users/{people.ids['bob']}/password-reset").json()["token"]
    people.post("/auth/password/reset", {"token": token, "password": "quite another phrase"})
    assert codes(people.log_in("bob", "quite another phrase")) == [(401, "second_factor_required")]


@pytest.mark.parametrize("password", ["{tenant}-{tenant}-2026", "{email}", "bob-bob-bob-1999"])
def test_a_password_made_of_ones_own_names_is_refused(people, password):
    new = password.format(tenant=people.tenant.name, email=people.email("bob"))
    answer = people.send("bob", "POST", "/auth/password", {"current": PASSWORD, "new": new})
    assert codes(answer) == [(422, "password_too_weak")]


def test_what_happened_is_read_by_administrators_and_of_oneself(people):
    people.send("ann", "PATCH", f"/users/{people.ids['bob']}", {"state": "suspended"})
    people.send("ann", "PATCH", f"/users/{people.ids['bob']}", {"state": "active"})
    people.enter("bob")
    bob = people.ids["bob"]
    listed = people.send("ann", "GET", "/auth/events", user_id=bob).json()["items"]
    assert [event["type"] for event in listed] == [
        "session.opened", "user.resumed", "user.suspended", "session.opened", "user.created",
    ]  # fmt: skip
    assert (listed[1]["actor_id"], listed[0]["actor_id"]) == (people.ids["ann"], None)
    assert (listed[0]["address"], listed[0]["detail"]) == ("198.51.100.1", {"methods": ["password"]})
    assert people.send("bob", "GET", "/auth/events", user_id=bob).json()["items"] == listed
    refused = [people.send("bob", "GET", "/auth/events"), people.send("bob", "GET", "/auth/events", user_id="x")]
    assert codes(*refused) == [(403, "permission_denied")] * 2


def test_events_come_page_by_page_and_from_ones_own_tenant_only(people, own_people):
    pages, cursor = [], None
    while cursor is not None or not pages:
        more = {"cursor": cursor} if cursor else {}
        page = own_people.send("ann", "GET", "/auth/events", limit=2, **more).json()
        pages.append(page["items"])
        cursor = page["cursor"]
    listed = [event for page in pages for event in page]
    assert [event["type"] for event in listed] == ["session.opened", "user.created"] * 2
    assert {event["user_id"] for event in listed} == set(own_people.ids.values())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {p}.auth_events SET type = 'x'",
        "DELETE FROM {p}.auth_events",
        "UPDATE {p}.users SET tenant_id = tenant_id",
        "UPDATE {p}.users SET email = email",
        "UPDATE {p}.sessions SET user_id = user_id",
        "UPDATE {p}.api_keys SET scopes = scopes",
        "DELETE FROM {p}.users",
        "SELECT token_secret FROM {p}.installation",
    ],
)
def test_the_login_of_requests_has_no_right_to(people, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        people.do(lambda uow: uow.execute(statement))


def test_tokens_of_two_keys_are_good_while_one_takes_over(people):
    old, old_secret = people.tokens["bob"], people.kernel.token_keys.current(people.clock())
    until = rotate_token_key(people.kernel)
    people.clock.advance(RELOAD_EVERY.total_seconds())
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    people.tokens["bob"] = people.post("/auth/refresh", {"refresh_token": old["refresh_token"]}).json()
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    with pytest.raises(TokenKeyOverlap):
        rotate_token_key(people.kernel)
    claims = Claims(people.ids["bob"], people.tenant.name, old["session_id"])
    people.tokens["bob"] = {"access_token": sign_access_token(old_secret, claims, people.clock(), 10_000)}
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    people.clock.now = until
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "token_invalid")]


def test_a_key_that_leaked_is_worth_nothing_as_soon_as_processes_hear_of_it(people):
    refresh_token = people.tokens["bob"]["refresh_token"]
    assert rotate_token_key(people.kernel, is_leaked=True) is None
    people.clock.advance(RELOAD_EVERY.total_seconds())
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "token_invalid")]
    people.tokens["bob"] = people.post("/auth/refresh", {"refresh_token": refresh_token}).json()
    assert people.send("bob", "GET", "/auth/me").status_code == 200


def test_a_token_with_another_tenant_or_user_than_its_session_is_refused(people, own_people):
    secret = people.kernel.token_keys.current(people.clock())
    good = Claims(people.ids["bob"], people.tenant.name, people.tokens["bob"]["session_id"])
    for claims in (
        Claims(good.user_id, own_people.tenant.name, good.session_id),
        Claims(people.ids["ann"], good.tenant, good.session_id),
        Claims(good.user_id, good.tenant, own_people.tokens["bob"]["session_id"]),
    ):
        people.tokens["bob"] = {"access_token": sign_access_token(secret, claims, people.clock(), 900)}
        assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "token_invalid")]
