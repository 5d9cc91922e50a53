"""Requests made up from the description of a tenant with all applets: no failure of ours, and no answer that the
description does not know.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.python.asgi import ASGIClient

from tests.acceptance.fuzz_world import EMAIL, GUEST, PASSWORD, FuzzWorld, open_fuzz_world
from tests.acceptance.fuzzing import PERSONS, Fuzzer, Known

SEED = 20_261_121
CASES_SHARE = 1_500
# Together 20,000: what is made by chance in one run is not there in the next.
CASES, RUNS = 5_000, 4
# A description this small would have lost its document types; a run with fewer successes would test refusals only.
OPERATIONS_MIN = 380
SUCCEEDED_MIN, SUCCEEDED_SHARE_MIN = 220, 180
# They end sessions, those of who calls them too: so they are called by a guest, logged in anew each time.
ENDING = ("POST /api/v1/auth/logout", "DELETE /api/v1/auth/sessions", "DELETE /api/v1/auth/sessions/{id}")
DISABLING = "POST /api/v1/applets/{name}/disable"


@pytest.fixture(scope="module")
def world(empty_database, tmp_path_factory) -> Iterator[FuzzWorld]:
    with open_fuzz_world(empty_database(), tmp_path_factory.mktemp("fuzz")) as world:
        yield world


class Desk:
    """The administrator's requests beside the made-up ones."""

    def __init__(self, world: FuzzWorld, session: ASGIClient) -> None:
        self.world, self.session = world, session
        self.admin = self.log_in(EMAIL)
        self.applets = [applet["name"] for applet in self.get("applets")["items"]]

    def log_in(self, email: str) -> dict[str, str]:
        body = {"tenant": "acme", "email": email, "password": PASSWORD}
        tokens = self.session.request("POST", "/api/v1/auth/login", json=body).json()
        return {"authorization": f"Bearer {tokens['access_token']}"}

    def get(self, path: str):
        answer = self.session.request("GET", f"/api/v1/{path}", headers=self.admin)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def begin_transfers(self) -> None:
        """So that there is a file to fetch and a job to look at."""
        send, admin = self.session.request, self.admin
        assert send("POST", "/api/v1/exports", json={"type": "parties.customer"}, headers=admin).status_code == 201
        rows = {"data": b"name,phone\nIda,1\n,2\n", "headers": {**admin, "content-type": "text/csv"}}
        assert send("POST", "/api/v1/imports?type=parties.contact", **rows).status_code == 201
        self.world.work()

    def headers(self, label: str) -> dict[str, str]:
        return self.log_in(GUEST) if label in ENDING else self.admin

    def after(self, label: str, status: int) -> None:
        """What an applet's absence would make impossible is tried on."""
        if label == DISABLING and status == 200:
            for name in self.applets:
                body = {"with_required": True}
                self.session.request("POST", f"/api/v1/applets/{name}/enable", json=body, headers=self.admin)

    @property
    def spared(self) -> frozenset[str]:
        """Who suspends the administrator or takes away their role ends the test."""
        grants = self.get("kernel/grants")["items"]
        admin = self.world.admin
        return frozenset({admin, *(grant["id"] for grant in grants if grant["actor_id"] == admin)})


@pytest.fixture
def fuzzer(world, request) -> Iterator[Fuzzer]:
    with ASGIClient(world.app) as session:
        desk = Desk(world, session)
        schema = schemathesis.openapi.from_dict(desk.get("openapi.json"))
        schema.app = world.app
        known = Known(spared=desk.spared)
        known.learn("/api/v1/audit/proof", desk.get("events"))
        desk.begin_transfers()
        known.by_path["/api/v1/privacy/subjects"] = list(PERSONS)
        yield Fuzzer(schema, session, known, request.param, desk.headers, desk.after, world.work)
        # Else the requests would have been refused for nothing but that since who knows when.
        assert desk.get("auth/me")["roles"] == ["kernel.admin"]


def check(fuzzer: Fuzzer, cases: int, succeeded_min: int) -> None:
    started = time.monotonic()
    fuzzer.run(cases)
    seconds = time.monotonic() - started
    print(
        f"seed {fuzzer.number}: {fuzzer.operations.total()} cases of {len(fuzzer.operations)} operations in"
        f" {seconds:.0f} s; {len(fuzzer.succeeded)} operations succeeded; statuses {sorted(fuzzer.statuses.items())}"
    )
    assert not fuzzer.failures, "\n\n".join(f"=== {key}\n{said}" for key, said in fuzzer.failures.items())
    assert len(fuzzer.operations) >= OPERATIONS_MIN
    assert fuzzer.operations.total() >= cases
    assert len(fuzzer.succeeded) >= succeeded_min


@pytest.mark.parametrize("fuzzer", [SEED], indirect=True)
def test_a_share_of_made_up_requests_is_answered_as_described(fuzzer):
    check(fuzzer, CASES_SHARE, SUCCEEDED_SHARE_MIN)


@pytest.mark.slow
@pytest.mark.parametrize("fuzzer", [SEED + number for number in range(1, RUNS + 1)], indirect=True)
def test_twenty_thousand_made_up_requests_are_answered_as_described(fuzzer):
    check(fuzzer, CASES, SUCCEEDED_MIN)


OAUTH_WORDS = (
    "grant_type", "authorization_code", "refresh_token", "client_credentials", "code", "token", "client_id",
    "client_secret", "redirect_uri", "scope", "openid", "state", "response_type", "code_challenge", "S256",
    "code_challenge_method", "code_verifier", "resource", "nonce", "prompt", "none", "acme", "plain",
)  # fmt: skip
OAUTH_ENDPOINTS = (
    ("POST", "/oauth/token"), ("POST", "/oauth/introspect"), ("POST", "/oauth/revoke"), ("GET", "/oauth/userinfo"),
    ("POST", "/oauth/userinfo"), ("GET", "/oauth/authorize"), ("POST", "/oauth/authorize"), ("GET", "/oauth/callback"),
    ("GET", "/oauth/login/acme/none"), ("GET", "/oauth/jwks"), ("GET", "/.well-known/openid-configuration"),
)  # fmt: skip
# Header values are those a client library can send at all.
WORDS = st.sampled_from(OAUTH_WORDS) | st.text(max_size=20) | st.uuids().map(str)
CREDENTIALS = st.binary(max_size=30).map(lambda raw: "Basic " + base64.b64encode(raw).decode()) | st.sampled_from(
    ("Basic", "Basic Og==", "Bearer", "Bearer x.y.z", "bearer " + "é" * 3, "Digest a=b")
)
FORMS = st.lists(st.tuples(WORDS, WORDS), max_size=8).map(urlencode) | st.binary(max_size=60)
FORM_TYPES = st.sampled_from(
    ("application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data")
)


@pytest.mark.parametrize(("method", "path"), OAUTH_ENDPOINTS)
@seed(SEED)
@settings(
    max_examples=15, phases=(Phase.generate,), database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(query=st.lists(st.tuples(WORDS, WORDS), max_size=8), form=FORMS, kind=FORM_TYPES, credentials=CREDENTIALS)
def test_what_oauth_clients_may_send_is_answered_in_their_shape(world, method, path, query, form, kind, credentials):
    with ASGIClient(world.app) as session:
        headers = {"content-type": kind, "authorization": credentials}
        body = form if method == "POST" else None
        answer = session.request(method, path, params=query, data=body, headers=headers, allow_redirects=False)
    assert answer.status_code < 500, answer.text
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code >= 400 and media_type == "application/json":
        # RFC 6749, section 5.2; RFC 6750, section 3.1 for a request without any credentials.
        assert isinstance(answer.json().get("error"), str) or answer.headers["www-authenticate"] == "Bearer"
    elif answer.status_code >= 400:
        assert media_type in ("application/problem+json", "text/html")
