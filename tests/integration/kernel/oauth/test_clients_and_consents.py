"""Who may register clients, what clients learn of tokens, and how users take back what they allowed."""

import pyotp
import pytest

from tests.integration.kernel.oauth.site import CALLBACK, PASSWORD, query_of


@pytest.fixture(scope="module")
def program(site):
    return site.register(scopes=["shop.order:*", "openid"])


def pointers(answer):
    return answer.status_code, answer.json()["code"], {each["pointer"] for each in answer.json()["violations"]}


def test_a_client_is_registered_listed_and_deleted(site, visit):
    program = site.register(name="Till")
    listed = site.send("admin", "GET", "/oauth/clients").json()["items"]
    (found,) = [client for client in listed if client["id"] == program.id]
    assert (found["name"], found["kind"], found["redirect_uris"]) == ("Till", "confidential", [CALLBACK])
    assert (found["created_by"], "secret" in found, "secret_hash" in found) == (site.ids["admin"], False, False)
    token = program.exchange(visit(program)["code"]).json()["access_token"]
    assert site.send("admin", "DELETE", f"/oauth/clients/{program.id}").status_code == 204
    assert site.get("/api/v1/auth/me", token).json()["code"] == "session_revoked"
    assert program.post("/oauth/token", grant_type="refresh_token").json()["error"] == "invalid_client"
    again = site.send("admin", "DELETE", f"/oauth/clients/{program.id}")
    assert (again.status_code, again.json()["code"]) == (404, "oauth_client_unknown")


def test_a_secret_is_changed(site):
    program = site.register()
    old = program.secret
    answer = site.send("admin", "POST", f"/oauth/clients/{program.id}/rotate-secret")
    program.secret = answer.json()["secret"]
    assert program.introspect("x") == {"active": False}
    program.secret = old
    assert program.introspect("x")["error"] == "invalid_client"


def test_a_public_client_has_no_secret_to_change(site):
    public = site.register(kind="public")
    answer = site.send("admin", "POST", f"/oauth/clients/{public.id}/rotate-secret")
    assert (answer.status_code, answer.json()["code"]) == (409, "oauth_client_public")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"redirect_uris": ["http://program.example/back"]}, "/redirect_uris/0"),
        ({"redirect_uris": ["https://program.example/back#part"]}, "/redirect_uris/0"),
        ({"redirect_uris": ["https://*.example/back"]}, "/redirect_uris/0"),
        ({"redirect_uris": ["https://a;script-src 'unsafe-inline'/"]}, "/redirect_uris/0"),
        ({"redirect_uris": ["https://user@program.example/"]}, "/redirect_uris/0"),
        ({"redirect_uris": ["javascript:alert(1)"], "kind": "public"}, "/redirect_uris/0"),
        ({"redirect_uris": ["com.example.app:/back"]}, "/redirect_uris/0"),
        ({"redirect_uris": []}, "/redirect_uris"),
        ({"grant_types": ["password"]}, "/grant_types"),
        ({"grant_types": []}, "/grant_types"),
        ({"grant_types": ["refresh_token"], "redirect_uris": []}, "/grant_types"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "/user_id"),
        ({"kind": "public", "may_introspect": True}, "/may_introspect"),
        ({"scopes": ["order read"]}, "/scopes/0"),
        ({"scopes": []}, "/scopes"),
        ({"resources": ["stock"]}, "/resources/0"),
        ({"name": "Till\u202elive"}, "/name"),
    ],
)
def test_a_client_that_is_not_sound_is_refused(site, fields, pointer):
    body = {"name": "Program", "redirect_uris": [CALLBACK], "scopes": ["shop.order:read"], **fields}
    status, code, found = pointers(site.send("admin", "POST", "/oauth/clients", body))
    assert (status, code) == (422, "oauth_client_invalid")
    assert pointer in found


def test_an_app_may_have_a_scheme_of_its_own(site, visit, browser):
    app = site.register(kind="public", redirect_uris=["com.example.app:/back"])
    page = browser.open(app.address(redirect_uri="com.example.app:/back"))
    assert "form-action 'self' com.example.app:;" in page.headers["content-security-policy"]


def test_only_administrators_register_clients(site):
    body = {"name": "Mine", "redirect_uris": [CALLBACK], "scopes": ["*"]}
    answers = [site.send("ann", "POST", "/oauth/clients", body), site.send("ann", "GET", "/oauth/clients")]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(403, "permission_denied")] * 2


def test_registering_takes_a_fresh_proof(site):
    site.log_in("admin")
    site.clock.advance(seconds=601)
    body = {"name": "Late", "redirect_uris": [CALLBACK], "scopes": ["*"]}
    headers = {"authorization": f"Bearer {site.tokens['admin']}"}
    answer = site.http.post("/api/v1/oauth/clients", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")


def test_clients_of_another_tenant_are_not_there(site, program):
    other = site.house.make_tenant("other")
    mine, site.tenant = site.tenant, other
    try:
        site.add("chief", "kernel.admin")
        assert site.send("chief", "GET", "/oauth/clients").json() == {"items": []}
        answer = site.send("chief", "DELETE", f"/oauth/clients/{program.id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "oauth_client_unknown")
    finally:
        site.tenant = mine


def test_users_of_another_tenant_cannot_log_in_for_a_client(site, browser, program):
    page = browser.log_in(browser.open(program.address()), "chief@other.example", PASSWORD)
    assert (page.status, page.left_to) == (401, None)


@pytest.fixture(scope="module")
def robot(site):
    site.add("machine", "shop.clerk")
    return site.register(
        grant_types=["client_credentials"], redirect_uris=[], user_id=site.ids["machine"], scopes=["shop.order:*"]
    )


def test_a_client_acts_by_its_own_credentials(site, robot):
    answer = robot.post("/oauth/token", grant_type="client_credentials", scope="shop.order:read").json()
    assert ("refresh_token" in answer, answer["scope"]) == (False, "shop.order:read")
    me = site.get("/api/v1/auth/me", answer["access_token"]).json()["actor"]
    assert (me["email"], me["kind"]) == (site.email("machine"), "key")
    assert site.get("/api/v1/shop/orders", answer["access_token"]).status_code == 200


def test_credentials_give_no_scope_that_was_not_registered(robot):
    answer = robot.post("/oauth/token", grant_type="client_credentials", scope="shop.order:read *")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_nobody_makes_a_client_that_acts_as_somebody_more_powerful(site):
    site.add("clerk", "kernel.member")
    with site.kernel.operate(site.tenant) as ctx:
        role = {
            "name": "client_keeper", "title": "Clients",
            "permissions": [{"type": "kernel.oauth_client", "actions": ["*"]}],
        }  # fmt: skip
        ctx.documents.create("kernel.role", role)
        ctx.documents.create("kernel.grant", {"actor_id": site.ids["clerk"], "role": "client_keeper"})
    body = {
        "name": "Ladder", "grant_types": ["client_credentials"], "scopes": ["*"], "user_id": site.ids["admin"],
    }  # fmt: skip
    answer = site.send("clerk", "POST", "/oauth/clients", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "user_too_powerful")


def test_introspection_tells_what_a_token_is_worth(site, visit, program):
    tokens = program.exchange(visit(program, scope="shop.order:read")["code"]).json()
    told, now = program.introspect(tokens["access_token"]), int(site.clock().timestamp())
    expected = {
        "active": True, "client_id": program.id, "sub": site.ids["ann"], "username": site.email("ann"), "tid": "acme",
        "scope": "shop.order:read", "aud": site.url, "iss": site.url, "exp": now + 900, "iat": now,
        "token_type": "Bearer",
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    assert program.introspect(tokens["refresh_token"])["active"] is True
    rotated = program.refresh(tokens["refresh_token"]).json()
    assert program.introspect(tokens["refresh_token"]) == {"active": False}
    assert program.introspect(rotated["refresh_token"])["active"] is True


def test_a_client_learns_of_others_tokens_only_where_that_was_granted(site, visit, program):
    token = program.exchange(visit(program)["code"]).json()["access_token"]
    curious, service = site.register(), site.register(may_introspect=True)
    assert curious.introspect(token) == {"active": False}
    assert service.introspect(token)["client_id"] == program.id


@pytest.mark.parametrize("token", ["", "x", "boso_x", "ey.J.x", "é" * 40])
def test_introspecting_nonsense_says_inactive(program, token):
    answer = program.post("/oauth/introspect", token=token)
    if token:
        assert (answer.status_code, answer.json()) == (200, {"active": False})
    else:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_public_client_does_not_introspect(site):
    answer = site.register(kind="public").post("/oauth/introspect", token="x")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_a_session_token_is_not_introspected(site, program):
    site.log_in("ann")
    assert program.introspect(site.tokens["ann"]) == {"active": False}


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(site, visit, program, kind):
    tokens = program.exchange(visit(program)["code"]).json()
    answer = program.post("/oauth/revoke", token=tokens[kind], token_type_hint=kind)
    assert (answer.status_code, answer.content) == (200, b"")
    assert site.get("/api/v1/auth/me", tokens["access_token"]).json()["code"] == "session_revoked"
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_revoking_what_is_unknown_or_anothers_changes_nothing(site, visit, program):
    tokens, other = program.exchange(visit(program)["code"]).json(), site.register()
    answers = [other.post("/oauth/revoke", token=token) for token in (tokens["refresh_token"], "boso_x", "ey.x")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert program.refresh(tokens["refresh_token"]).status_code == 200


def test_users_see_what_they_allowed_and_take_it_back(site, visit):
    program = site.register(name="Ledger app", scopes=["shop.order:*", "openid"])
    tokens = program.exchange(visit(program, "bob", scope="shop.order:read")["code"]).json()
    visit(program, "bob", scope="openid")
    listed = site.send("bob", "GET", "/oauth/consents").json()["items"]
    (found,) = [each for each in listed if each["client_id"] == program.id]
    assert (found["client_name"], found["scopes"]) == ("Ledger app", ["openid", "shop.order:read"])
    assert program.id not in str(site.send("ann", "GET", "/oauth/consents").json())
    path = f"/oauth/consents/{program.id}"
    assert site.send("ann", "DELETE", path).json()["code"] == "consent_unknown"
    assert site.send("bob", "DELETE", path).status_code == 204
    assert site.get("/api/v1/auth/me", tokens["access_token"]).json()["code"] == "session_revoked"
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert site.send("bob", "DELETE", path).json()["code"] == "consent_unknown"


@pytest.mark.parametrize("how", ["password", "factors"])
def test_what_ends_a_users_sessions_because_they_were_not_safe_ends_what_programs_have(site, visit, program, how):
    site.add(how, "shop.clerk")
    tokens = program.exchange(visit(program, how)["code"]).json()
    assert site.get("/api/v1/auth/me", tokens["access_token"]).status_code == 200
    path = f"/users/{site.ids[how]}"
    if how == "password":
        assert site.send("admin", "PATCH", path, {"password": "quite another phrase"}).status_code == 200
    else:
        assert site.send("admin", "DELETE", f"{path}/factors").status_code == 200
    assert site.get("/api/v1/auth/me", tokens["access_token"]).json().get("code") == "session_revoked"
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_what_happened_is_on_record(site, visit, program):
    code = visit(program)["code"]
    program.exchange(code)
    program.exchange(code)
    with site.kernel.database.platform() as uow:
        rows = uow.execute(
            "SELECT type, detail->>'client_id' FROM {p}.auth_events WHERE user_id = %s ORDER BY id DESC LIMIT 2",
            [site.ids["ann"]],
        ).fetchall()
    assert rows == [("oauth.token_reused", program.id), ("oauth.allowed", program.id)]


def test_a_second_factor_is_asked_for_where_there_is_one(site, browser, program):
    site.add("tess", "shop.clerk")
    made = site.send("tess", "POST", "/auth/mfa/totp", {"name": "phone"}).json()
    totp = pyotp.TOTP(made["secret"])
    headers = {"authorization": f"Bearer {site.tokens['tess']}"}
    at = int(site.clock().timestamp())
    confirmed = site.http.post(
        f"/api/v1/auth/mfa/totp/{made['id']}/confirm", json={"code": totp.at(at)}, headers=headers
    )
    assert confirmed.status_code == 200, confirmed.text
    recovery = confirmed.json()["recovery_codes"]
    site.clock.advance(seconds=60)
    page = browser.open(program.address())
    page = browser.log_in(page, site.email("tess"), PASSWORD)
    assert (page.status, "authenticator" in page.text) == (401, True)
    page = browser.log_in(page, site.email("tess"), PASSWORD, code="000000")
    assert (page.status, page.left_to) == (401, None)
    good = totp.at(int(site.clock().timestamp()))
    page = browser.log_in(page, site.email("tess"), PASSWORD, code=f"{good[:3]} {good[3:]}")
    assert "code" in query_of(browser.allow(page).left_to)
    again = browser.open(program.address(state="again"))
    assert browser.log_in(again, site.email("tess"), PASSWORD, code=good).status == 401
    page = browser.log_in(again, site.email("tess"), PASSWORD, code=recovery[0])
    assert "code" in query_of(browser.allow(page).left_to)


def test_guessing_passwords_on_the_page_is_slowed_down(site, browser, program):
    site.add("gus", "shop.clerk")
    page = browser.open(program.address())
    for _ in range(11):
        answer = browser.log_in(page, site.email("gus"), "wrong wrong wrong")
    answer = browser.log_in(page, site.email("gus"), PASSWORD)
    assert (answer.status, "Too many attempts" in answer.text) == (401, True)


def test_whoever_must_have_a_second_factor_adds_it_first(site, browser, program):
    with site.kernel.operate(site.tenant) as ctx:
        values = {"second_factor_roles": ["kernel.auditor"]}
        ctx.documents.create("kernel.setting", {"applet": "kernel", "values": values})
    site.add("vic", "kernel.auditor")
    page = browser.log_in(browser.open(program.address()), site.email("vic"), PASSWORD)
    assert (page.status, "takes a second factor" in page.text) == (401, True)
