"""From a program's link to its tokens, over HTTP, with a browser that only knows forms."""

import json
from urllib.parse import urlsplit

import pytest
from joserfc import jwk, jwt

from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.site import CALLBACK, PASSWORD, VERIFIER, challenge_of, query_of


@pytest.fixture(scope="module")
def program(site):
    return site.register(scopes=["shop.order:*", "openid", "profile", "email"])


def test_a_user_lets_a_program_act_for_them(site, browser, program):
    page = browser.open(program.address(scope="shop.order:read openid"))
    assert (page.status, "Program" in page.text, "Acme" in page.text) == (200, True, True)
    page = browser.log_in(page, site.email("ann"), PASSWORD)
    assert "read: Order" in page.text
    assert "know which user you are" in page.text
    assert site.email("ann") in page.text
    page = browser.allow(page)
    assert page.left_to.startswith(CALLBACK + "?")
    back = query_of(page.left_to)
    assert (back["state"], back["iss"], set(back)) == ("st/ate", site.url, {"code", "state", "iss"})

    answer = program.exchange(back["code"])
    tokens = answer.json()
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 900, "shop.order:read openid")
    me = site.get("/api/v1/auth/me", tokens["access_token"]).json()
    assert (me["actor"]["email"], me["actor"]["kind"], me["tenant"]["name"]) == (site.email("ann"), "user", "acme")


def test_the_token_may_do_what_its_scopes_say_and_no_more(site, visit, program):
    token = program.exchange(visit(program, scope="shop.order:read")["code"]).json()["access_token"]
    site.house.create(site.tenant, "for the list")
    assert site.get("/api/v1/shop/orders", token).status_code == 200
    headers = {"authorization": f"Bearer {token}"}
    refused = site.http.post("/api/v1/shop/orders", json={"name": "x"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_a_token_does_nothing_that_takes_a_log_in(site, visit, program):
    token = program.exchange(visit(program)["code"]).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    answers = [
        site.http.get("/api/v1/auth/sessions", headers=headers),
        site.http.get("/api/v1/oauth/consents", headers=headers),
        site.http.post("/api/v1/api-keys", json={"name": "x", "scopes": ["*"]}, headers=headers),
    ]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(403, "log_in_required")] * 3


def test_the_vector_of_rfc_7636_holds():
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_an_id_token_says_who_and_verifies_with_the_published_keys(site, visit, program):
    answer = program.exchange(visit(program, scope="openid profile email", nonce="n-0S6")["code"]).json()
    keys = jwk.KeySet.import_key_set(site.http.get("/oauth/jwks").json())
    claims = jwt.decode(answer["id_token"], keys, algorithms=["RS256"]).claims
    now = int(site.clock().timestamp())
    expected = {
        "iss": site.url, "aud": program.id, "azp": program.id, "sub": site.ids["ann"], "nonce": "n-0S6", "iat": now,
        "exp": now + 300, "auth_time": now, "name": "Ann", "email": site.email("ann"), "email_verified": False,
        "tid": "acme",
    }  # fmt: skip
    assert {name: claims[name] for name in expected} == expected
    told = site.get("/oauth/userinfo", answer["access_token"]).json()
    headers = {"authorization": f"Bearer {answer['access_token']}"}
    assert site.http.post("/oauth/userinfo", headers=headers).json() == told
    assert told == {name: claims[name] for name in ("sub", "tid", "name", "email", "email_verified")}


def test_published_keys_hold_nothing_private(site):
    answer = site.http.get("/oauth/jwks")
    assert [set(key) for key in answer.json()["keys"]] == [{"kty", "n", "e", "use", "alg", "kid"}]


def test_without_openid_there_is_no_id_token_and_no_userinfo(site, visit, program):
    answer = program.exchange(visit(program, scope="shop.order:read")["code"]).json()
    assert "id_token" not in answer
    refused = site.get("/oauth/userinfo", answer["access_token"])
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


def test_userinfo_refuses_as_rfc_6750_says(site):
    nothing = site.http.get("/oauth/userinfo")
    assert (nothing.status_code, nothing.headers["www-authenticate"]) == (401, "Bearer")
    wrong = site.get("/oauth/userinfo", "made.up.token")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_token")


def test_a_user_refuses(browser, site, program):
    page = browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    back = query_of(browser.submit(page, decision="deny").left_to)
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "st/ate", site.url)


def test_somebody_else_may_log_in_instead(browser, site, program):
    page = browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    page = browser.submit(page, decision="leave")
    page = browser.log_in(page, site.email("bob"), PASSWORD)
    assert site.email("bob") in page.text


def test_each_authorization_asks_for_the_log_in_anew(browser, site, program, visit):
    visit(program)
    page = browser.open(program.address(state="another"))
    assert "password" in page.fields


def test_a_log_in_is_for_one_request_only(browser, site, program):
    browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    page = browser.open(program.address(scope="shop.order:update"))
    assert "password" in page.fields


def test_a_public_client_needs_no_secret(site, visit):
    public = site.register(kind="public")
    answer = public.exchange(visit(public)["code"])
    assert (public.secret, answer.status_code) == (None, 200)


def test_an_apps_loopback_address_may_have_any_port(site, browser):
    app = site.register(kind="public", redirect_uris=["http://127.0.0.1/back"])
    back = "http://127.0.0.1:49152/back"
    page = browser.log_in(browser.open(app.address(redirect_uri=back)), site.email("ann"), PASSWORD)
    assert "form-action 'self' http://127.0.0.1:49152;" in page.headers["content-security-policy"]
    left_to = browser.allow(page).left_to
    assert left_to.startswith(back + "?")
    assert app.exchange(query_of(left_to)["code"], redirect_uri=back).status_code == 200


def test_pages_allow_no_script_no_frame_and_no_store(browser, site, program):
    page = browser.open(program.address())
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (page.headers["x-frame-options"], page.headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.answer.text


def test_the_cookie_is_for_this_host_and_no_script(browser, program):
    cookie = browser.open(program.address()).headers["set-cookie"].lower()
    assert cookie.startswith("bos_oauth=")
    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/"))


def test_what_a_client_is_called_cannot_become_markup(site, browser):
    sly = site.register(name="<script>alert(1)</script>")
    page = browser.open(sly.address())
    assert "<script>" not in page.answer.text
    assert "<script>alert(1)</script>" in page.text


def test_both_discovery_documents_say_where_everything_is(site):
    one, other = (
        site.http.get(f"/.well-known/{name}") for name in ("oauth-authorization-server", "openid-configuration")
    )
    told = one.json()
    assert told == other.json()
    assert (told["issuer"], told["code_challenge_methods_supported"]) == (site.url, ["S256"])
    assert told["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "introspection_endpoint"):
        assert urlsplit(told[name]).netloc == urlsplit(site.url).netloc
    assert "max-age=300" in one.headers["cache-control"]


def test_the_host_a_request_names_does_not_become_the_issuer(site):
    answer = site.http.get("/.well-known/openid-configuration", headers={"host": "evil.example"})
    assert "evil" not in json.dumps(answer.json())


def test_two_tabs_do_not_disturb_each_others_forms(site, program):
    browser = Browser(site)
    first = browser.open(program.address(state="one"))
    second = browser.open(program.address(state="two"))
    assert site.email("ann") in browser.log_in(first, site.email("ann"), PASSWORD).text
    assert second.fields["csrf"] != first.fields["csrf"]
    browser.close()
