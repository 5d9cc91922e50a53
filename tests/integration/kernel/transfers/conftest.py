"""A kernel with the applets that come with Bos, its API, and a worker that is asked step by step."""

import itertools

import pytest
from starlette.testclient import TestClient

from kernel.auth.passwords import Passwords
from kernel.auth.service import create_user
from kernel.http.app import create_app
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.transfer.caller import Caller
from kernel.transfer.jobs import TransferJobs
from tests.integration.conftest import FixedClock
from tests.integration.kernel.shipped import CHEAP, make_tenant

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def url(empty_database):
    return empty_database()


@pytest.fixture(scope="module")
def office(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    settings = Settings(data_dir=folder, upload_bytes_max=200_000, rate_limit_per_minute=0, **CHEAP)
    kernel = build_kernel(settings, url, clock=FixedClock())
    try:
        yield kernel
    finally:
        kernel.close()


@pytest.fixture(scope="module")
def client(office):
    with TestClient(create_app(office, has_worker=False)) as client:
        yield client


@pytest.fixture
def directory(office):
    """A caller in a tenant of its own with customers only."""
    return Caller(office, make_tenant(office, f"desk{next(_numbers)}", "parties"))


@pytest.fixture
def worker(office):
    jobs = TransferJobs(office, monotonic=lambda: 0.0)
    yield jobs
    jobs.close()


@pytest.fixture
def log_in(office, client):
    """Headers of a new user of a tenant, with these roles."""

    def make(caller, *roles):
        email = f"u{next(_numbers)}@example.com"
        with office.database.platform() as uow:
            user = create_user(
                uow, Passwords(64, 1, 1), caller.tenant.id, email, office.clock(), password=PASSWORD
            )  # fmt: skip
            uow.commit()
        with office.operate(caller.tenant) as ctx:
            for role in roles:
                ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        given = {"tenant": caller.tenant.name, "email": email, "password": PASSWORD}
        token = client.post("/api/v1/auth/login", json=given).json()["access_token"]
        return {"authorization": f"Bearer {token}", "x-user": user.id}

    return make
