"""A kernel on a database of its own, and tenants in it."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService

WORKSHOP = Path(__file__).resolve().parents[1] / "contract" / "applets"


class FixedClock:
    """A clock that tests move by hand; it runs on by a microsecond each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


@pytest.fixture(scope="session")
def kernel(database_url: str) -> Iterator[Kernel]:
    """One kernel for all tests of a worker; each test makes tenants of its own in it."""
    settings = Settings(
        applets_dir=WORKSHOP, pool_size_max=24, password_memory_kib=64, password_passes=1, password_lanes=1
    )
    built = build_kernel(settings, database_url, clock=FixedClock())
    yield built
    built.close()


@pytest.fixture(scope="session")
def tenants(kernel: Kernel) -> TenantService:
    return TenantService(kernel.database, kernel.directory, kernel.installation)


_numbers = itertools.count(1)


@pytest.fixture
def new_tenant(kernel: Kernel, tenants: TenantService) -> Callable[[], TenantRecord]:
    """A function that makes a fresh tenant with one company."""

    def make() -> TenantRecord:
        name = f"acme{next(_numbers)}"
        tenant = tenants.create_tenant(NewTenant(name, name.title(), timezone="Europe/Berlin"), kernel.clock())
        with kernel.operate(tenant) as ctx:
            ctx.documents.create("kernel.company", {"name": f"{tenant.title} Ltd", "currency": "EUR"})
        return tenant

    return make


@pytest.fixture
def tenant(new_tenant: Callable[[], TenantRecord]) -> TenantRecord:
    return new_tenant()
