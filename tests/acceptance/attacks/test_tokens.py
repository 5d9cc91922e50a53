"""Credentials somebody has worked on, over HTTP: none opens a door, and all are refused alike."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest

from kernel.auth.tokens import key_id
from kernel.oauth.records import access_key_of
from tests.acceptance.attacks.north import CALLBACK
from tests.acceptance.attacks.world import PASSWORD
from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.site import CHALLENGE, VERIFIER, query_of

ME = "/api/v1/auth/me"
NOBODYS = "01890000-0000-7000-8000-00000000dead"


def segment(value):
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def header_of(token):
    return jwt.get_unverified_header(token)


def sealed(header, claims, secret, digest="sha256"):
    signed = f"{segment(header)}.{segment(claims)}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), digest))}"


@pytest.fixture(scope="module")
def secret(world):
    return world.kernel.installation.token_secret


@pytest.fixture
def token(world):
    return world.caller(world.south, "clerk").token


# Headers of a token: all signed rightly by the installation's own secret, none taken.
HEADERS = [
    {"alg": "none"}, {"alg": "None"}, {"alg": "HS384"}, {"alg": "HS512"}, {"alg": "RS256"}, {"alg": "ES256"},
    {"alg": ["HS256"]},
    {"alg": None}, {"typ": "JWT"}, {"typ": "id+jwt"}, {"typ": None}, {"kid": "other"}, {"kid": "../../dev/null"},
    {"kid": "' OR 1=1 --"}, {"kid": None}, {"jku": "https://evil.example/keys"}, {"jwk": {"kty": "oct", "k": "AAAA"}},
    {"x5u": "https://evil.example/cert"}, {"crit": ["exp"]}, {"zip": "DEF"}, {"cty": "JWT"}, {"b64": False},
]  # fmt: skip
# Claims: signed rightly, by a secret that was stolen. They still open only what their session is.
CLAIMS = [
    ({"iss": "https://evil.example"}, "token_invalid"), ({"aud": "other-api"}, "token_invalid"),
    ({"aud": ["bos-api"]}, "token_invalid"), ({"exp": 1}, "token_expired"), ({"exp": "never"}, "token_invalid"),
    ({"exp": None}, "token_invalid"), ({"sub": NOBODYS}, "token_invalid"), ({"sub": "{admin}"}, "token_invalid"),
    ({"sub": "{north_admin}"}, "token_invalid"), ({"sid": NOBODYS}, "session_revoked"),
    ({"sid": None}, "token_invalid"), ({"tid": "north"}, "token_invalid"), ({"tid": "nowhere"}, "token_invalid"),
    ({"tid": "south' --"}, "token_invalid"), ({"tid": 5}, "token_invalid"), ({"scopes": None}, "token_invalid"),
]  # fmt: skip
# What stands where a token belongs.
BEARERS = [
    "null", "Bearer", "a.b.c", "..", "eyJ.eyJ.x", "é", "a" * 5000, "x" * 60_000, "bosk_", "bosk_x",
    "bosk_" + "0" * 32 + "_x",
    "bosk_' OR 1=1 --", "bosr_x", "bosa_x", "bosc_x", "Basic YWRtaW46YWRtaW4=", "\u00ff\u00fe", "*", "%00", "{t}",
    "undefined",
]  # fmt: skip


def refused(world, token):
    answer = world.guest(token).send("GET", ME)
    return answer.status_code, answer.json()["code"]


def test_a_token_put_together_by_hand_is_as_good_as_ours(world, token, secret):
    """Otherwise the cases below would be refused for another reason than theirs."""
    assert world.guest(sealed(header_of(token), claims_of(token), secret)).send("GET", ME).status_code == 200
    assert header_of(token)["kid"] == key_id(secret)


@pytest.mark.parametrize("change", HEADERS)
def test_a_header_decides_nothing(world, token, secret, change):
    header = {name: value for name, value in {**header_of(token), **change}.items() if value is not None}
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(str(change.get("alg")), "sha256")
    forged = sealed(header, claims_of(token), secret, digest)
    assert refused(world, forged) == (401, "token_invalid")
    assert refused(world, ".".join([*forged.split(".")[:2], ""])) == (401, "token_invalid")


@pytest.mark.parametrize(("change", "code"), CLAIMS)
def test_a_claim_opens_only_what_its_session_is(world, token, secret, change, code):
    names = {"{admin}": world.users["south", "admin"], "{north_admin}": world.users["north", "admin"]}
    claims = {**claims_of(token), **{name: names.get(str(value), value) for name, value in change.items()}}
    forged = sealed(header_of(token), {name: value for name, value in claims.items() if value is not None}, secret)
    assert refused(world, forged) == (401, code)


def test_more_scopes_in_a_token_are_no_more_rights(world, token, secret):
    forged = sealed(header_of(token), {**claims_of(token), "scopes": ["*", "kernel.grant:create"]}, secret)
    body = {"actor_id": world.users["south", "clerk"], "role": "kernel.admin"}
    assert world.guest(forged).refusal("POST", "/api/v1/kernel/grants", json=body)[0] == 403


def test_no_other_key_of_the_installation_signs_a_token(world, token):
    installation = world.kernel.installation
    for other in (installation.root_secret, access_key_of(world.kernel), "", "secret", installation.id):
        assert refused(world, sealed(header_of(token), claims_of(token), other)) == (401, "token_invalid")


def test_a_changed_byte_breaks_a_token(world, token):
    for place in (5, token.index(".") + 5, len(token) - 5):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert refused(world, changed) == (401, "token_invalid")


@pytest.mark.parametrize("bearer", BEARERS)
def test_what_is_no_token_is_refused(world, bearer):
    caller = world.guest()
    for value in (f"Bearer {bearer}", bearer, f"bearer  {bearer}"):
        answer = caller.send("GET", ME, headers={"authorization": value.encode("utf-8")})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_of_one_kind_is_none_of_another(world):
    caller = world.caller(world.south, "clerk")
    assert refused(world, caller.refresh_token)[0] == 401
    assert world.guest().refusal("POST", "/api/v1/auth/refresh", json={"refresh_token": caller.token})[0] in (401, 422)
    _, key = world.make_key(world.south, "clerk")
    assert world.guest().refusal("POST", "/api/v1/auth/refresh", json={"refresh_token": key})[0] in (401, 422)
    begun = world.guest().good("POST", "/api/v1/auth/passkey/challenge", json={})["challenge"]
    assert refused(world, begun)[0] == 401


def test_an_expired_token_is_refused_and_so_is_one_of_a_session_that_ended(world):
    caller = world.caller(world.south, "clerk")
    world.kernel.clock.now += timedelta(seconds=world.kernel.settings.access_token_ttl_s)
    try:
        assert refused(world, caller.token) == (401, "token_expired")
    finally:
        world.kernel.clock.now -= timedelta(seconds=world.kernel.settings.access_token_ttl_s)
    caller.good("POST", "/api/v1/auth/logout", json={})
    assert refused(world, caller.token) == (401, "session_revoked")


def test_a_refresh_token_that_comes_twice_ends_its_session(world):
    caller = world.caller(world.south, "clerk")
    stolen = caller.refresh_token
    tokens = caller.good("POST", "/api/v1/auth/refresh", json={"refresh_token": stolen})
    world.kernel.clock.now += timedelta(seconds=11)
    assert caller.refusal("POST", "/api/v1/auth/refresh", json={"refresh_token": stolen}) == (401, "refresh_reused")
    again = {"refresh_token": tokens["refresh_token"]}
    assert world.guest().refusal("POST", "/api/v1/auth/refresh", json=again)[0] == 401
    assert refused(world, tokens["access_token"]) == (401, "session_revoked")


@pytest.fixture(scope="module")
def program(world, attacker):
    body = {"name": "Program", "kind": "public", "redirect_uris": [CALLBACK], "scopes": ["vault.item:read"]}
    return attacker.good("POST", "/api/v1/oauth/clients", json=body)


def address(world, program, **more):
    given = {
        "response_type": "code", "client_id": program["id"], "redirect_uri": CALLBACK, "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", **more,
    }  # fmt: skip
    return f"{world.url}/oauth/authorize", given


@pytest.fixture
def code(world, program):
    browser = Browser(world)
    url, given = address(world, program)
    page = browser.open(f"{url}?" + "&".join(f"{name}={value}" for name, value in given.items()))
    page = browser.log_in(page, "clerk@south.example", PASSWORD)
    found = query_of((page if page.left_to else browser.allow(page)).left_to)["code"]
    browser.close()
    return found


def exchange(world, program, code, **form):
    given = {
        "grant_type": "authorization_code", "client_id": program["id"], "code": code, "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER, **form,
    }  # fmt: skip
    return world.guest().send("POST", "/oauth/token", data=given)


# What an exchange is sent with, and what it is told.
EXCHANGES = [
    ({"code": "x"}, "invalid_grant"), ({"code": "\x00"}, "invalid_grant"), ({"code": "' OR 1=1 --"}, "invalid_grant"),
    ({"code_verifier": "a" * 43}, "invalid_grant"), ({"code_verifier": CHALLENGE}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_request"), ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
    ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"), ({"client_id": "{north}"}, "invalid_client"),
    ({"client_id": NOBODYS}, "invalid_client"), ({"client_id": "x"}, "invalid_client"),
    ({"grant_type": "password"}, "unsupported_grant_type"), ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ({"resource": "https://evil.example/"}, "invalid_target"),
    ({"code": "a" * 100_000}, None),
]  # fmt: skip


@pytest.mark.parametrize(("form", "error"), EXCHANGES)
def test_a_code_is_exchanged_by_whom_it_was_given_to(world, program, code, form, error):
    given = {name: value.replace("{north}", world.only["client"]) for name, value in form.items()}
    answer = exchange(world, program, **{"code": code, **given})
    assert answer.status_code in (400, 401, 413), answer.text
    assert error is None or answer.json()["error"] in (error, "invalid_grant", "invalid_request"), answer.text
    assert "access_token" not in answer.text


def test_a_code_that_comes_twice_ends_what_it_began(world, program, code):
    tokens = exchange(world, program, code).json()
    other = world.guest(tokens["access_token"])
    assert other.send("GET", "/api/v1/vault/items").status_code == 200
    assert exchange(world, program, code).json()["error"] == "invalid_grant"
    assert other.refusal("GET", "/api/v1/vault/items")[0] == 401
    form = {
        "grant_type": "refresh_token",
        "client_id": program["id"],
        "refresh_token": tokens.get("refresh_token", "x"),
    }
    assert world.guest().send("POST", "/oauth/token", data=form).json()["error"] == "invalid_grant"


def test_a_program_does_no_more_than_was_consented_to(world, program, code):
    other = world.guest(exchange(world, program, code, scope="*").json()["access_token"])
    assert other.refusal("POST", "/api/v1/vault/items", json={"name": "x"})[0] == 403
    for path in ("/api/v1/vault/guests", "/api/v1/users", "/api/v1/events", "/api/v1/kernel/grants"):
        assert other.refusal("GET", path)[0] == 403
    for path in ("/api/v1/auth/sessions", "/api/v1/oauth/consents", "/api/v1/auth/mfa"):
        assert other.refusal("GET", path)[0] in (401, 403)


def test_a_secret_of_any_length_is_refused_alike(world):
    for client_secret in ("", "x", "x" * 50_000, "\u00e9"):
        form = {"grant_type": "client_credentials", "client_id": world.only["robot"], "client_secret": client_secret}
        answer = world.guest().send("POST", "/oauth/token", data=form)
        assert answer.json()["error"] in ("invalid_client", "invalid_request")
