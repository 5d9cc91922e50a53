"""Requests made up from the description of a tenant with all applets: no failure of ours, and no answer that the
description does not know.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.python.asgi import ASGIClient

from tests.acceptance.fuzz_world import EMAIL, GUEST, PASSWORD, FuzzWorld, open_fuzz_world
from tests.acceptance.fuzzing import Fuzzer, Known

SEED = 20_261_121
CASES, CASES_SHARE = 20_000, 1_500
# A description this small would have lost its document types; a run with fewer successes would test refusals only.
OPERATIONS_MIN = 380
SUCCEEDED_MIN, SUCCEEDED_SHARE_MIN = 300, 180
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
def fuzzer(world) -> Iterator[Fuzzer]:
    with ASGIClient(world.app) as session:
        desk = Desk(world, session)
        schema = schemathesis.openapi.from_dict(desk.get("openapi.json"))
        schema.app = world.app
        known = Known(spared=desk.spared)
        known.learn("/api/v1/audit/proof", desk.get("events"))
        desk.begin_transfers()
        known.by_path["/api/v1/privacy/subjects"] = ["parties.customer", "parties.contact", "parties.supplier"]
        yield Fuzzer(schema, session, known, SEED, desk.headers, desk.after, world.work)
        # Else the requests would have been refused for nothing but that since who knows when.
        assert desk.get("auth/me")["roles"] == ["kernel.admin"]


def check(fuzzer: Fuzzer, cases: int, succeeded_min: int) -> None:
    started = time.monotonic()
    fuzzer.run(cases)
    seconds = time.monotonic() - started
    print(
        f"seed {SEED}: {fuzzer.operations.total()} cases of {len(fuzzer.operations)} operations in {seconds:.0f} s;"
        f" {len(fuzzer.succeeded)} operations succeeded; answers by status: {sorted(fuzzer.statuses.items())}"
    )
    assert not fuzzer.failures, "\n\n".join(f"=== {key}\n{said}" for key, said in fuzzer.failures.items())
    assert len(fuzzer.operations) >= OPERATIONS_MIN
    assert fuzzer.operations.total() >= cases * 0.95
    assert len(fuzzer.succeeded) >= succeeded_min


def test_a_share_of_made_up_requests_is_answered_as_described(fuzzer):
    check(fuzzer, CASES_SHARE, SUCCEEDED_SHARE_MIN)


@pytest.mark.slow
def test_twenty_thousand_made_up_requests_are_answered_as_described(fuzzer):
    check(fuzzer, CASES, SUCCEEDED_MIN)
