"""Tokens and cookies somebody has worked on: none is taken for ours."""

import base64
import json
import threading

import jwt
import pytest

from kernel.oauth.records import Server, access_key_of
from tests.integration.kernel.oauth.site import PASSWORD


@pytest.fixture(scope="module")
def program(site):
    return site.register(scopes=["shop.order:*", "openid"], resources=["https://stock.example/"])


@pytest.fixture
def token(visit, program):
    return program.exchange(visit(program)["code"]).json()["access_token"]


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def sealed(site, claims, key=None, **header):
    return jwt.encode(claims, key or access_key_of(site.kernel), "HS256", headers={"typ": "at+jwt", **header})


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_a_token_made_as_we_make_them_is_taken(site, token):
    assert site.get("/api/v1/auth/me", sealed(site, claims_of(token))).status_code == 200


def test_a_changed_payload_breaks_the_signature(site, token):
    header, _, signature = token.split(".")
    forged = ".".join([header, encoded({**claims_of(token), "scope": "*"}), signature])
    assert code(site.get("/api/v1/auth/me", forged)) == (401, "token_invalid")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_an_unsigned_token_is_refused(site, token, algorithm):
    for signature in ("", token.split(".")[2]):
        forged = ".".join([encoded({"alg": algorithm, "typ": "at+jwt"}), token.split(".")[1], signature])
        assert code(site.get("/api/v1/auth/me", forged)) == (401, "token_invalid")


def test_keys_for_other_purposes_sign_no_access_token(site, token):
    server = Server.of(site.kernel)
    for key in (server.refresh_key, site.kernel.installation.root_secret, site.kernel.installation.token_secret):
        assert code(site.get("/api/v1/auth/me", sealed(site, claims_of(token), key))) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        ("iss", "https://other.example", "token_invalid"),
        ("aud", "https://stock.example/", "token_invalid"),
        ("aud", ["x"], "token_invalid"),
        ("tid", "other", "token_invalid"),
        ("sub", "01890000-0000-7000-8000-000000000000", "token_invalid"),
        ("client_id", "01890000-0000-7000-8000-000000000000", "token_invalid"),
        ("gid", "01890000-0000-7000-8000-000000000000", "session_revoked"),
        ("exp", 1, "token_expired"),
    ],
)
def test_what_a_token_says_must_be_what_its_row_says(site, token, claim, value, expected):
    forged = sealed(site, {**claims_of(token), claim: value})
    assert code(site.get("/api/v1/auth/me", forged)) == (401, expected)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "client_id", "scope", "tid", "gid", "jti"])
def test_a_token_lacks_nothing(site, token, claim):
    claims = claims_of(token)
    del claims[claim]
    assert code(site.get("/api/v1/auth/me", sealed(site, claims))) == (401, "token_invalid")


def test_an_id_token_and_a_refresh_token_are_no_access_tokens(site, visit, program):
    tokens = program.exchange(visit(program, scope="openid")["code"]).json()
    for other in (tokens["id_token"], tokens["refresh_token"]):
        assert code(site.get("/api/v1/auth/me", other)) == (401, "token_invalid")


def test_of_many_refreshes_at_once_one_wins_and_then_none(site, visit, program):
    tokens, answers = program.exchange(visit(program)["code"]).json(), []
    threads = [
        threading.Thread(target=lambda: answers.append(program.refresh(tokens["refresh_token"]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [answer for answer in answers if answer.status_code == 200]
    assert (len(answers), len(good)) == (4, 1)
    assert program.refresh(good[0].json()["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("value", ["", "x", "AAAA", "A" * 5_000, "é", '"'])
def test_a_cookie_that_is_not_ours_is_nobody(site, program, value):
    answer = site.http.get(program.address(), headers={"cookie": f"bos_oauth={value}".encode()})
    assert (answer.status_code, 'name="password"' in answer.text) == (200, True)


def test_a_changed_cookie_is_nobody(site, browser, program):
    address = program.address()
    browser.log_in(browser.open(address), site.email("ann"), PASSWORD)
    held = browser.http.cookies["bos_oauth"]
    browser.http.cookies.clear()
    for changed in (held[:-4] + "AAAA", held[4:], "A" + held[1:]):
        if changed != held:
            answer = site.http.get(address, headers={"cookie": f"bos_oauth={changed}"})
            assert 'name="password"' in answer.text


def test_a_cookie_for_one_thing_is_none_for_another(site, browser, program):
    browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    held = browser.http.cookies["bos_oauth"]
    answer = site.http.get("/oauth/callback?code=c&state=s", headers={"cookie": f"bos_oidc={held}"})
    assert (answer.status_code, "began in another browser" in answer.text) == (401, True)
