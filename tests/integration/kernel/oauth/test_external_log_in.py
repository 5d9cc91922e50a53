"""Logging in at one Bos with the identity another one vouches for: two installations on two sockets."""

import pytest

from kernel.oauth.keys import rotate_keys
from kernel.oauth.records import Server
from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.site import PASSWORD, open_site, query_of


@pytest.fixture(scope="module")
def provider(empty_database, tmp_path_factory):
    with open_site(empty_database(), tmp_path_factory.mktemp("provider"), "identity") as site:
        site.add("admin", "kernel.admin")
        site.add("ann")
        site.add("stranger")
        yield site


@pytest.fixture(scope="module")
def here(empty_database, tmp_path_factory, provider):
    folder = tmp_path_factory.mktemp("here")
    with open_site(empty_database(), folder, "acme", oidc_private_addresses=True) as site:
        site.add("admin", "kernel.admin")
        site.add("ann", "shop.clerk")
        registered = provider.register(
            name="Acme's Bos", redirect_uris=[f"{site.url}/oauth/callback"], scopes=["openid", "profile", "email"]
        )
        body = {
            "name": "identity", "title": "The Identity", "issuer": provider.url, "client_id": registered.id,
            "client_secret": registered.secret,
        }  # fmt: skip
        added = site.send("admin", "POST", "/oauth/providers", body)
        assert added.status_code == 201, added.text
        site.client_at_provider = registered
        link = {"subject": provider.ids["ann"], "user_id": site.ids["ann"]}
        assert site.send("admin", "POST", "/oauth/providers/identity/links", link).status_code == 204
        yield site


@pytest.fixture
def browser(here, provider):
    opened = Browser(here, provider)
    yield opened
    opened.close()


def prove(browser, provider, page, name="ann"):
    """At the provider: log in and allow."""
    return browser.allow(browser.log_in(page, provider.email(name), PASSWORD))


def test_a_linked_user_gets_a_session(here, provider, browser):
    page = browser.open(f"{here.url}/oauth/login/acme/identity")
    assert "Acme's Bos" in page.text
    assert str(page.answer.url).startswith(provider.url)
    page = prove(browser, provider, page)
    tokens = page.answer.json()
    me = here.get("/api/v1/auth/me", tokens["access_token"]).json()
    assert (me["actor"]["email"], me["roles"]) == (here.email("ann"), ["shop.clerk"])
    sessions = here.get("/api/v1/auth/sessions", tokens["access_token"]).json()["items"]
    (found,) = [session for session in sessions if session["id"] == tokens["session_id"]]
    assert found["methods"] == ["oidc"]
    assert page.headers["cache-control"] == "no-store"


def test_what_is_sent_to_the_provider_is_a_code_flow_with_pkce_and_nonce(here, browser):
    browser.open(f"{here.url}/oauth/login/acme/identity")
    sent = query_of(browser.trail[0])
    assert (sent["response_type"], sent["code_challenge_method"], sent["scope"]) == (
        "code", "S256", "openid profile email",
    )  # fmt: skip
    assert sent["redirect_uri"] == f"{here.url}/oauth/callback"
    assert [len(sent[name]) for name in ("state", "nonce", "code_challenge")] == [43, 43, 43]


def test_the_consent_page_offers_the_provider_and_goes_on_after_it(here, provider, browser):
    program = here.register(scopes=["shop.order:read"])
    page = browser.open(program.address())
    page = browser.open(here.url + page.links["Log in with The Identity"])
    page = prove(browser, provider, page)
    assert here.email("ann") in page.text
    back = query_of(browser.allow(page).left_to)
    assert program.exchange(back["code"]).status_code == 200


def test_a_long_request_survives_the_way_there_and_back(here, provider, browser):
    program = here.register(scopes=["shop.order:read"])
    page = browser.open(program.address(state="s" * 1_500))
    page = prove(browser, provider, browser.open(here.url + page.links["Log in with The Identity"]))
    assert len(query_of(browser.allow(page).left_to)["state"]) == 1_500


def test_a_stranger_is_not_let_in_and_no_user_is_made(here, provider, browser):
    page = prove(browser, provider, browser.open(f"{here.url}/oauth/login/acme/identity"), "stranger")
    assert (page.status, "no user here belongs to you" in page.text) == (403, True)


def test_an_answer_is_good_once_and_in_the_browser_that_asked(here, provider, browser):
    prove(browser, provider, browser.open(f"{here.url}/oauth/login/acme/identity"))
    callback = browser.trail[-1]
    assert browser.open(callback).status == 401
    other = Browser(here, provider)
    assert other.open(callback).status == 401
    other.open(f"{here.url}/oauth/login/acme/identity")
    page = other.open(callback)
    assert (page.status, "began in another browser" in page.text) == (401, True)
    other.close()


def test_a_refusal_at_the_provider_is_told(here, provider, browser):
    page = browser.log_in(browser.open(f"{here.url}/oauth/login/acme/identity"), provider.email("ann"), PASSWORD)
    page = browser.submit(page, decision="deny")
    assert (page.status, "you or it refused" in page.text) == (401, True)


@pytest.mark.parametrize("said", ["&iss=https://other.example", ""])
def test_an_answer_of_another_issuer_is_refused(here, browser, said):
    browser.open(f"{here.url}/oauth/login/acme/identity")
    state = query_of(browser.trail[0])["state"]
    page = browser.open(f"{here.url}/oauth/callback?code=x&state={state}{said}")
    assert (page.status, "another provider answered" in page.text) == (401, True)


def test_keys_the_provider_changed_are_fetched_anew(here, provider, browser):
    prove(browser, provider, browser.open(f"{here.url}/oauth/login/acme/identity"))
    headers = provider.http.get("/oauth/jwks").json()["keys"]
    rotate(provider)
    assert len(provider.http.get("/oauth/jwks").json()["keys"]) == len(headers) + 1
    here.clock.advance(seconds=30)
    page = prove(browser, provider, browser.open(f"{here.url}/oauth/login/acme/identity"))
    assert page.answer.json()["token_type"] == "Bearer"


def rotate(site):
    with site.kernel.database.platform() as uow:
        rotate_keys(uow, Server.of(site.kernel), site.clock())
        uow.commit()


def test_a_suspended_user_is_not_let_in(here, provider, browser):
    here.add("sue")
    provider.add("sue")
    link = {"subject": provider.ids["sue"], "user_id": here.ids["sue"]}
    here.send("admin", "POST", "/oauth/providers/identity/links", link)
    here.send("admin", "PATCH", f"/users/{here.ids['sue']}", {"state": "suspended"})
    page = prove(browser, provider, browser.open(f"{here.url}/oauth/login/acme/identity"), "sue")
    assert (page.status, "suspended" in page.text) == (403, True)


@pytest.mark.parametrize("path", ["acme/other", "other/identity", "acme/I", "acme/%00"])
def test_an_unknown_tenant_or_provider_is_told_on_a_page(here, browser, path):
    page = browser.open(f"{here.url}/oauth/login/{path}")
    assert (page.status, page.left_to) == (404, None)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_secret_is_sealed_and_never_shown(here):
    listed = here.send("admin", "GET", "/oauth/providers").json()["items"]
    assert ([each["has_secret"] for each in listed], here.client_at_provider.secret in str(listed)) == ([True], False)
    with here.kernel.database.platform() as uow:
        ((sealed,),) = uow.execute("SELECT sealed_secret FROM {p}.oidc_providers").fetchall()
    assert here.client_at_provider.secret.encode() not in bytes(sealed)


def test_links_are_listed_and_undone(here, provider, browser):
    here.add("lea")
    provider.add("lea")
    path, link = "/oauth/providers/identity/links", {"subject": "a/b|c", "user_id": here.ids["lea"]}
    assert here.send("admin", "POST", path, link).status_code == 204
    assert here.send("admin", "POST", path, link).json()["code"] == "link_taken"
    listed = here.send("admin", "GET", path).json()["items"]
    assert ("a/b|c", here.ids["lea"]) in {(each["subject"], each["user_id"]) for each in listed}
    assert here.send("admin", "DELETE", path + "?subject=a/b%7Cc").status_code == 204
    assert here.send("admin", "DELETE", path + "?subject=a/b%7Cc").json()["code"] == "link_unknown"


def test_who_may_not_administer_a_user_links_nobody_to_them(here):
    here.add("keeper")
    with here.kernel.operate(here.tenant) as ctx:
        permissions = [{"type": "kernel.oidc_provider", "actions": ["*"]}, {"type": "kernel.user", "actions": ["*"]}]
        ctx.documents.create("kernel.role", {"name": "keeper", "title": "Keeper", "permissions": permissions})
        ctx.documents.create("kernel.grant", {"actor_id": here.ids["keeper"], "role": "keeper"})
    link = {"subject": "mine", "user_id": here.ids["admin"]}
    answer = here.send("keeper", "POST", "/oauth/providers/identity/links", link)
    assert (answer.status_code, answer.json()["code"]) == (403, "user_too_powerful")


def test_removing_a_provider_ends_logging_in_with_it(here, browser, provider):
    body = {"name": "old", "title": "Old", "issuer": provider.url, "client_id": "x"}
    assert here.send("admin", "POST", "/oauth/providers", body).status_code == 201
    assert here.send("admin", "POST", "/oauth/providers", body).json()["code"] == "provider_taken"
    assert here.send("admin", "DELETE", "/oauth/providers/old").status_code == 204
    assert browser.open(f"{here.url}/oauth/login/acme/old").status == 404
