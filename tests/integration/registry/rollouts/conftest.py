"""Twenty tenants, a clock that is moved by hand, and an applet of two versions for each test."""

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.rollouts.model import Limits, Wish
from registry.rollouts.progress import carry_on
from registry.rollouts.service import describe_rollout, start_rollout
from registry.rows import DISABLED, ENABLED, AppletRow, read_rows, write_row
from registry.transitions import raise_generation
from tests.integration.conftest import FixedClock
from tests.integration.registry.conftest import write_applet

TENANTS = 20
HOOKS = """
from sdk import hooks


@hooks.before_save("{name}.note")
def stamp(ctx, document, previous):
    document["checked_by"] = "1"


@hooks.invariant
def notes_are_well(ctx):
    if any(note["text"] == "bad" for note in ctx.documents.query("{name}.note").items):
        yield "there is a bad note"
"""
# The newer one cannot bear a certain text.
HOOKS_2 = HOOKS.replace('"1"', '"2"').replace(
    '    document["checked', '    if document["text"] == "odd":\n        {odd}\n    document["checked'
)


@pytest.fixture(scope="session")
def installation(empty_database, tmp_path_factory):
    url, clock = empty_database(), FixedClock()
    settings = Settings(applets_dir=tmp_path_factory.mktemp("applets"), pool_size_max=8)
    kernel = build_kernel(settings, url, clock=clock)
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenants = [service.create_tenant(NewTenant(f"t{n:02}", f"T{n}"), clock()) for n in range(TENANTS)]
    yield kernel, tenants, url, settings
    kernel.close()


_numbers = itertools.count(1)


@pytest.fixture
def shop(installation, tmp_path):
    """An applet of this test's own: every tenant runs its 1.0.0, and 1.1.0 is here too."""
    shop = Shop(installation, tmp_path, f"shop{next(_numbers)}")
    yield shop
    shop.set_state(DISABLED)


class Shop:
    def __init__(self, installation, folder: Path, name: str):
        self.kernel, self.tenants, self.url, self.settings = installation
        self.clock, self.name, self.folder = self.kernel.clock, name, folder
        self.releases = self.kernel.plugins.get_plugin("registry.plugin").releases
        self.publish("1.0.0", HOOKS.format(name=name))
        self.set_state(ENABLED)
        self.publish("1.1.0", HOOKS_2.format(name=name, odd='raise ZeroDivisionError("odd")'))

    def set_state(self, state):
        """In every tenant, without the checks that are not under test here."""
        for tenant in self.tenants:
            with self.kernel.operate(tenant) as ctx:
                write_row(ctx.uow, AppletRow(self.name, "1.0.0", state, (), ctx.now, ctx.actor.id))
                raise_generation(ctx)

    def publish(self, version, hooks, manifest=""):
        folder = write_applet(self.folder / version, self.name, hooks=hooks, manifest=manifest)
        head = (folder / "applet.toml").read_text()
        (folder / "applet.toml").write_text(head.replace('version = "1.0.0"', f'version = "{version}"'))
        self.releases.add(self.kernel.database, folder, self.clock(), "test")

    def start(self, *stages, version="1.1.0", **limits):
        wish = Wish(self.name, version, stages or (5, 50, 100), Limits(**{"hold_s": 600.0, **limits}))
        self.id = start_rollout(self.kernel, self.releases, wish)["id"]
        return self.id

    def carry_on(self, kernel=None):
        """One turn, and how it stands afterwards."""
        self.kernel.breaker.measures.flush()
        assert carry_on(kernel or self.kernel, self.releases, self.id)
        return self.status()

    def pass_time(self, seconds=601):
        self.clock.now += timedelta(seconds=seconds)
        return self.carry_on()

    def status(self):
        return describe_rollout(self.kernel, self.id)

    def versions(self):
        """What each tenant runs, in the order of their names."""
        return [self.row(tenant).version for tenant in self.tenants]

    def row(self, tenant):
        with self.kernel.operate(tenant) as ctx:
            return read_rows(ctx.uow)[self.name]

    def moved(self):
        names = {each["tenant"] for each in self.status()["tenants"] if each["state"] == "moved"}
        return [tenant for tenant in self.tenants if tenant.name in names]

    def note(self, tenant, text="fine", times=1):
        """Write notes; what is refused is none of our business here."""
        for _ in range(times):
            try:
                with self.kernel.operate(tenant) as ctx:
                    ctx.documents.create(f"{self.name}.note", {"text": text})
            except Exception:  # reason: the applet fails on purpose, and everybody but its breaker may ignore that
                continue

    def moves(self, tenant):
        """How often it was moved, by the record."""
        sql = "SELECT type FROM {t}.events WHERE type ~ '^kernel.applet' AND payload->>'applet' = %s ORDER BY position"
        with self.kernel.operate(tenant) as ctx:
            return [row[0].rpartition(".")[2] for row in ctx.uow.execute(sql, [self.name])]
