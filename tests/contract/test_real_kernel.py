"""The kernel on PostgreSQL keeps the contract that the one in memory keeps."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from kernel.events.dispatch import Dispatch
from kernel.events.postgres_bus import PostgresBus
from kernel.events.relay import Relay
from kernel.main import OPERATOR, build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import disable_applet, enable_applet
from sdk import Event
from tests.contract.kernel_contract import KernelContract
from tests.contract.kernel_world import APPLETS

TURNS_MAX = 200


class HandClock:
    """Moved by hand; runs on by a microsecond whenever it is read."""

    def __init__(self):
        self.now = datetime(2026, 3, 15, 9, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(microseconds=1)
        return self.now


_EVENTS = """
SELECT id, type, aggregate_type, aggregate_id, version, occurred_at, actor, correlation_id, applet, causation_id,
       payload, position FROM {t}.events WHERE aggregate_type <> 'kernel.applet' ORDER BY position
"""


class RealWorld:
    """A tenant of the real kernel behind the contract's words."""

    def __init__(self, kernel, tenant):
        self.kernel = kernel
        self.tenant = tenant
        self.releases = kernel.plugins.get_plugin("registry.plugin").releases
        self.relay = Relay(PostgresBus(kernel, chance=random.Random(1)), Dispatch(kernel))

    def transaction(self, actor=None):
        return self.kernel.operate(self.tenant, actor=actor or OPERATOR)

    def install(self, folder):
        with self.transaction() as ctx:
            enable_applet(ctx, self.releases, folder.name)

    def disable(self, name):
        with self.transaction() as ctx:
            disable_applet(ctx, self.releases, name)

    def deliver_events(self):
        """What fails is due again later, so time is moved on until nothing is left."""
        for _ in range(TURNS_MAX):
            self.relay.turn(self.tenant)
            if self.relay.bus.next_due(self.tenant) is None:
                return
            self.kernel.clock.now += timedelta(hours=1)
        raise AssertionError("deliveries never end")

    def events(self):
        return [Event(*row) for row in self._rows(_EVENTS)]

    def dead_letters(self):
        return self._rows("SELECT subscriber, attempts FROM {t}.deliveries WHERE state = 'dead' ORDER BY id")

    def _rows(self, sql):
        with self.kernel.database.transaction(self.tenant) as uow:
            return uow.execute(sql).fetchall()


@pytest.fixture(scope="module")
def kernel(database_url):
    built = build_kernel(Settings(applets_dir=APPLETS, pool_size_max=4), database_url, clock=HandClock())
    yield built
    built.close()


_numbers = itertools.count(1)


class TestRealKernel(KernelContract):
    @pytest.fixture
    def world(self, kernel):
        kernel.clock.now = datetime(2026, 3, 15, 9, tzinfo=UTC)
        name = f"contract{next(_numbers)}"
        tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
        return RealWorld(kernel, tenants.create_tenant(NewTenant(name, name), kernel.clock()))
