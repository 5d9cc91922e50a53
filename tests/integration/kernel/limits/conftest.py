"""A house with low limits, and callers of it over HTTP."""

from __future__ import annotations

import itertools

import pytest
from starlette.testclient import TestClient

from kernel.auth.passwords import Passwords
from kernel.auth.service import create_api_key, create_user
from kernel.http.app import create_app
from tests.integration.kernel.house import open_house

PER_MINUTE, BURST = 60, 20
_numbers = itertools.count(1)


class Caller:
    """An administrator of a tenant with an API key."""

    def __init__(self, house, tenant, app):
        self.house, self.tenant, self.app = house, tenant, app
        passwords, now = Passwords(64, 1, 1), house.clock()
        with house.kernel.database.platform() as uow:
            self.user = create_user(uow, passwords, tenant.id, f"u{next(_numbers)}@acme.example", now)
            uow.commit()
        with house.kernel.operate(tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": self.user.id, "role": "kernel.admin"})

    def client(self, app=None, scopes=("*",)) -> TestClient:
        """With a key of its own."""
        with self.house.kernel.database.platform() as uow:
            key = create_api_key(uow, self.user.id, "test", list(scopes), self.house.clock()).secret
            uow.commit()
        headers = {"authorization": f"Bearer {key}"}
        return TestClient(app or self.app, headers=headers, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    rates = {"rate_limit_per_minute": PER_MINUTE, "rate_limit_burst": BURST}
    plans = {"small": {"companies": 1, "users": 3, "documents_per_month": 10, "requests_per_minute": 0}}
    settings = {**rates, "plans": plans}
    with open_house(empty_database(), tmp_path_factory.mktemp("house"), settings=settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(house):
    return create_app(house.kernel, has_worker=False)


@pytest.fixture
def caller(house, app):
    return Caller(house, house.make_tenant(f"t{next(_numbers)}"), app)
