"""A kernel with a clock of its own, and people who send requests to it from where they like."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from kernel.auth import service, totp, trail
from kernel.auth.passwords import Passwords
from kernel.http.app import create_app
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService

CHEAP = Passwords(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        # Sessions and events are told apart by when they were.
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class App:
    """One authenticator app of one user; each code it shows is of a step of its own."""

    def __init__(self, people: People, secret: str) -> None:
        self.people, self.secret = people, secret

    def code(self, aside: int = 0) -> str:
        step = int(self.people.clock.now.timestamp()) // totp.STEP_S
        return totp.code_at(self.secret, step + aside)

    def next_code(self) -> str:
        self.people.clock.advance(totp.STEP_S)
        return self.code()


class People:
    """Users of one tenant, by name; nobody else's emails are theirs."""

    def __init__(self, kernel, client, tenant) -> None:
        self.kernel, self.client, self.clock, self.tenant = kernel, client, kernel.clock, tenant
        self.domain = f"{next(_numbers)}.test"
        self.tokens, self.ids = {}, {}

    def email(self, name):
        return f"{name}@{self.domain}"

    def do(self, verb, *arguments, **named):
        with self.kernel.database.platform() as uow:
            result = verb(uow, *arguments, **named)
            uow.commit()
        return result

    def add(self, name, *roles):
        user = self.do(service.create_user, CHEAP, self.tenant.id, self.email(name), self.clock(), password=PASSWORD)
        with self.kernel.operate(self.tenant) as ctx:
            for role in roles:
                ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        self.ids[name] = user.id
        return self.enter(name)

    def enter(self, name):
        """Log in by password alone, and go on as they."""
        self.tokens[name] = self.log_in(name).json()
        return self.tokens[name]

    def log_in(self, name, password=PASSWORD, address=None):
        body = {"tenant": self.tenant.name, "email": self.email(name), "password": password}
        return self.post("/auth/login", body, address)

    def post(self, path, body=None, address=None):
        client = self.client if address is None else from_address(self.client, address)
        return client.post(f"/api/v1{path}", json=body)

    def send(self, name, method, path, body=None, **parameters):
        headers = {"authorization": f"Bearer {self.tokens[name]['access_token']}"}
        return self.client.request(method, f"/api/v1{path}", json=body, params=parameters, headers=headers)

    def add_app(self, name) -> tuple[App, list[str]]:
        """Give a user an authenticator app; it and the recovery codes."""
        begun = self.send(name, "POST", "/auth/mfa/totp", {}).json()
        app = App(self, begun["secret"])
        confirmed = self.send(name, "POST", f"/auth/mfa/totp/{begun['id']}/confirm", {"code": app.code()})
        assert confirmed.status_code == 200, confirmed.text
        return app, confirmed.json()["recovery_codes"]

    def add_passkey(self, name, authenticator):
        begun = self.send(name, "POST", "/auth/mfa/webauthn/challenge").json()
        body = {"challenge": begun["challenge"], "credential": authenticator.create(begun["webauthn"])}
        return self.send(name, "POST", "/auth/mfa/webauthn", body)

    def events(self, name=None):
        """Types of what was recorded of a user, or of nobody known, newest first."""
        found = self.do(trail.list_events, self.tenant.id, limit=500)
        return [event.type for event in found if event.user_id == (self.ids[name] if name else None)]


def from_address(client, address):
    return TestClient(client.app, client=(address, 50_000))


def codes(*answers):
    return [(answer.status_code, answer.json().get("code") if answer.content else None) for answer in answers]


def open_kernel(url, folder):
    settings = Settings(
        system_plugins=(),
        data_dir=folder,
        pool_size_max=16,
        password_memory_kib=64,
        password_passes=1,
        password_lanes=1,
        rate_limit_per_minute=0,
    )
    return build_kernel(settings, url, clock=Clock())


def open_client(kernel):
    return TestClient(create_app(kernel, has_worker=False), client=("198.51.100.1", 50_000))


def make_tenant(kernel):
    name = f"acme{next(_numbers)}"
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    return tenants.create_tenant(NewTenant(name, name.title()), kernel.clock())


@pytest.fixture(scope="session")
def auth_kernel(empty_database, tmp_path_factory):
    kernel = open_kernel(empty_database(), tmp_path_factory.mktemp("data"))
    yield kernel
    kernel.close()


@pytest.fixture(scope="session")
def client(auth_kernel):
    return open_client(auth_kernel)


@pytest.fixture(scope="session")
def new_tenant(auth_kernel):
    return lambda: make_tenant(auth_kernel)


@pytest.fixture(scope="session")
def shared_tenant(new_tenant):
    return new_tenant()


@pytest.fixture
def people(auth_kernel, client, shared_tenant):
    return populate(People(auth_kernel, client, shared_tenant))


@pytest.fixture
def own_people(auth_kernel, client, new_tenant):
    """In a tenant of their own."""
    return populate(People(auth_kernel, client, new_tenant()))


def populate(people):
    people.add("ann", "kernel.admin")
    people.add("bob", "kernel.member")
    return people
