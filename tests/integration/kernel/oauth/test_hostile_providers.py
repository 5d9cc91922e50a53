"""Identity providers that err, lie or attack: none of it lets anybody in, and none of it is a 500."""

import base64
import hmac

import pytest

from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.hostile import Provider, make_key, serving
from tests.integration.kernel.oauth.site import open_site, query_of


@pytest.fixture(scope="module")
def here(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    with open_site(empty_database(), folder, "acme", oidc_private_addresses=True) as site:
        site.add("admin", "kernel.admin")
        site.add("ann", "shop.clerk")
        with serving(Provider(site.clock)) as provider:
            site.provider = provider
            for name, more in {
                "strict": {},
                "linking": {"links_by_email": True},
                "making": {"creates_users": True},
            }.items():
                body = {"name": name, "title": name, "issuer": provider.url, "client_id": "bos", **more}
                assert site.send("admin", "POST", "/oauth/providers", body).status_code == 201
            link = {"subject": "s-1", "user_id": site.ids["ann"]}
            assert site.send("admin", "POST", "/oauth/providers/strict/links", link).status_code == 204
            yield site


@pytest.fixture
def provider(here):
    here.provider.reset()
    here.provider.key = here.provider.published
    # What is remembered of it is forgotten by now.
    here.clock.advance(seconds=301)
    return here.provider


@pytest.fixture
def log_in(here, provider):
    """Come back from the provider with a code; the page one gets."""

    def walk(name="strict"):
        browser = Browser(here)
        page = browser.open(f"{here.url}/oauth/login/acme/{name}")
        if page.left_to is not None:
            sent = query_of(page.left_to)
            provider.nonce = sent["nonce"]
            page = browser.open(f"{here.url}/oauth/callback?code=c&state={sent['state']}")
        browser.close()
        return page

    return walk


def who(here, page):
    return here.get("/api/v1/auth/me", page.answer.json()["access_token"]).json()["actor"]["email"]


def test_an_honest_one_is_believed(here, log_in):
    assert who(here, log_in()) == here.email("ann")


def test_it_is_sent_the_code_and_the_verifier(provider, log_in):
    log_in()
    form = provider.forms[-1]
    assert (form["code"], form["client_id"], len(form["code_verifier"])) == ("c", "bos", 43)


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"iss": "https://other.example"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "other"}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"aud": ["bos", "other"]}, "another authorized party"),
        ({"azp": "other"}, "another authorized party"),
        ({"nonce": "other"}, "another nonce"),
        ({"nonce": None}, "another nonce"),
        ({"nonce": ["x"]}, "another nonce"),
        ({"exp": 0}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "tomorrow"}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": 99999999999}, "a time of issue in the future"),
        ({"sub": None}, "no subject"),
        ({"sub": ""}, "no subject"),
        ({"sub": "x" * 256}, "no subject"),
        ({"sub": "a\u0000b"}, "no subject"),
        ({"at_hash": "other"}, "another access token"),
    ],
)
def test_a_token_that_says_what_it_should_not_is_refused(provider, log_in, claims, fault):
    provider.claims = claims
    page = log_in()
    assert (page.status, f"its ID token has {fault}" in page.text) == (401, True), page.text


def test_several_audiences_are_fine_where_we_are_the_authorized_party(here, provider, log_in):
    provider.claims = {"aud": ["bos", "other"], "azp": "bos"}
    assert who(here, log_in()) == here.email("ann")


def test_an_unsigned_token_is_refused(provider, log_in):
    _, payload, _ = provider.id_token().split(".")
    provider.token = "eyJhbGciOiJub25lIn0." + payload + "."
    assert "not accepted" in log_in().text


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(provider, log_in):
    _, payload, _ = provider.id_token().split(".")
    header = b'{"alg":"HS256","kid":"one"}'
    signed = f"{encoded(header)}.{payload}"
    secret = provider.published.as_pem(private=False)
    provider.token = f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"
    assert "not accepted" in log_in().text


def test_a_token_signed_with_a_key_that_is_not_published_is_refused(provider, log_in):
    provider.key = make_key("two")
    assert "a key it does not publish" in log_in().text
    provider.key = make_key("one")
    assert "signature of its ID token is not good" in log_in().text


def test_a_key_a_token_brings_along_is_not_believed(provider, log_in):
    provider.key = make_key("two")
    provider.header = {"jwk": provider.key.as_dict(private=False)}
    assert log_in().status == 401


def test_a_new_key_is_fetched_once_and_not_for_each_token(here, provider, log_in):
    log_in()
    provider.published = provider.key = make_key("three")
    here.clock.advance(seconds=11)
    assert who(here, log_in()) == here.email("ann")
    provider.key = make_key("four")
    provider.asked.clear()
    for _ in range(5):
        assert log_in().status == 401
    assert provider.asked.count("/keys") == 0


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "é.é.é", 7, None, "x" * 20_000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(provider, log_in, token):
    provider.answers["/token"] = {"access_token": "at", "id_token": token}
    assert log_in().status == 401


WRONG_SHAPES = [
    b"<html>",
    b"[]",
    b"",
    b"{" * 100_000,
    b"\xff",
    b'{"x": "' + b"x" * 300_000 + b'"}',
    (500, {}, b"{}"),
    (302, {"location": "http://127.0.0.1:1/"}, b""),
    (400, {}, {"unexpected": 1}),
    (200, {"content-encoding": "gzip"}, b"\x1f\x8b"),
    (200, {"content-length": "100"}, b"{}"),
]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        *(("/token", answer) for answer in WRONG_SHAPES),
        *((path, answer) for path in ("/.well-known/openid-configuration", "/keys") for answer in WRONG_SHAPES[:2]),
    ],
)
def test_an_answer_of_the_wrong_shape_is_told_as_such(provider, log_in, path, answer):
    provider.answers[path] = answer
    page = log_in()
    assert (page.status, "does not answer as it should" in page.text) == (503, True), page.text


@pytest.mark.parametrize(
    "changed",
    [
        {"n": None},
        {"n": "!!"},
        {"n": 7},
        {"n": "AQAB"},
        {"e": None},
        {"kty": "RSA1"},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kty": "oct", "k": "AQAB"},
        {"use": "enc"},
        {"kid": 7},
        {"kid": None},
    ],
)
def test_a_key_that_is_none_verifies_nothing(provider, log_in, changed):
    key = {**provider.published.as_dict(private=False), **changed}
    provider.answers["/keys"] = {"keys": [{name: value for name, value in key.items() if value is not None}]}
    page = log_in()
    assert (page.status, page.left_to) == (401, None)


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": {}}, {"keys": ["x"]}])
def test_a_key_set_that_is_none_is_told(provider, log_in, keys):
    provider.answers["/keys"] = keys
    assert log_in().status == 503


def test_json_that_nests_without_end_is_refused(provider, log_in):
    header = b'{"alg":"RS256","kid":"one","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    provider.token = f"{encoded(header)}.e30.AAAA"
    assert (log_in().status, len(provider.token) < 16_384) == (401, True)


def test_a_refused_code_is_told(provider, log_in):
    provider.answers["/token"] = (400, {}, {"error": "invalid_grant"})
    page = log_in()
    assert (page.status, "it refused the code" in page.text) == (401, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://other.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "gopher://127.0.0.1/"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_discovery_document_that_is_not_sound_is_refused(provider, log_in, changed):
    provider.answers["/.well-known/openid-configuration"] = provider.metadata(**changed)
    page = log_in()
    assert (page.status in (422, 503), page.left_to) == (True, None)


def test_a_provider_that_failed_is_not_asked_again_at_once(provider, log_in):
    provider.answers["/.well-known/openid-configuration"] = (500, {}, b"")
    log_in()
    provider.asked.clear()
    assert (log_in().status, provider.asked) == (503, [])


def test_an_email_alone_links_nobody(here, provider, log_in):
    email = here.email("ann")
    for name in ("strict", "linking", "making"):
        for verified in (False, None, "true", 1):
            provider.claims = {"sub": f"new-{name}", "email": email, "email_verified": verified}
            assert log_in(name).status == 403
    provider.claims = {"sub": "new", "email": email, "email_verified": True}
    assert [log_in(name).status for name in ("strict", "making")] == [403, 403]


def test_a_verified_email_links_where_the_tenant_allows_it_and_from_then_on_the_subject_counts(here, provider, log_in):
    here.add("lin")
    provider.claims = {"sub": "lin-1", "email": here.email("lin").upper(), "email_verified": True}
    assert who(here, log_in("linking")) == here.email("lin")
    provider.claims = {"sub": "lin-1", "email": here.email("ann"), "email_verified": True}
    assert who(here, log_in("linking")) == here.email("lin")


def test_an_unknown_user_is_made_without_roles_where_the_tenant_allows_it(here, provider, log_in):
    provider.claims = {"sub": "max-1", "email": "max@new.example", "email_verified": True, "name": "Max"}
    page = log_in("making")
    me = here.get("/api/v1/auth/me", page.answer.json()["access_token"]).json()
    assert (me["actor"]["email"], me["actor"]["name"], me["roles"]) == ("max@new.example", "Max", [])
    body = {"tenant": "acme", "email": "max@new.example", "password": "correct horse battery"}
    assert here.http.post("/api/v1/auth/login", json=body).status_code == 401


def test_an_email_that_is_none_makes_nobody(provider, log_in):
    provider.claims = {"sub": "odd-1", "email": "not an email", "email_verified": True}
    assert log_in("making").status == 422


@pytest.mark.parametrize(
    "issuer",
    [
        "http://identity.example",
        "file:///etc/passwd",
        "https://user:secret@identity.example",
        "https://identity.example/#x",
        "https://identity.example/?x=1",
        "https://",
        "identity",
        "https://identity.example:99999",
        "https://identity.example\\@127.0.0.1/",
        "https://ide ntity.example",
    ],
)
def test_an_address_that_is_not_called_is_refused_when_it_is_set(site, issuer):
    body = {"name": "bad", "title": "Bad", "issuer": issuer, "client_id": "x"}
    answer = site.send("admin", "POST", "/oauth/providers", body)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("provider_address_refused", "provider_invalid")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
def test_private_addresses_are_not_called_unless_the_operator_says_so(site, browser, host):
    name = "p" + "".join(letter for letter in host if letter.isalnum())
    body = {"name": name, "title": "Inside", "issuer": f"https://{host}:1", "client_id": "x"}
    assert site.send("admin", "POST", "/oauth/providers", body).status_code == 201
    page = browser.open(f"{site.url}/oauth/login/acme/{name}")
    assert (page.status, "its address is not a public one" in page.text) == (422, True)
