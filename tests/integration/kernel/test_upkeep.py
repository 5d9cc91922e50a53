"""What the worker does for a tenant beside deliveries."""

from __future__ import annotations

import pytest

from kernel.events.upkeep import FOLD_INTERVAL_S, Upkeep
from kernel.telemetry.metrics import Metrics
from sdk.identifiers import new_id
from tests.integration.kernel.house import open_house

HOT = "SELECT count(*) FROM pg_indexes WHERE schemaname = %s AND indexname LIKE 'hot_%%'"


class Moment:
    """Seconds that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest.fixture(scope="module")
def tenant(house):
    return house.make_tenant("upkeep")


def record(house, tenant, count):
    """Movements of a register nobody declares: folding does not ask."""
    with house.kernel.database.transaction(tenant) as uow:
        uow.execute(
            "INSERT INTO {t}.movements (register, company_id, document_id, occurred_at, r1, balanced)"
            " SELECT 'shop.sales', %s, %s, %s, 1, false FROM generate_series(1, %s)",
            [new_id(), new_id(), house.clock(), count],
        )
        uow.commit()


def test_movements_are_folded_but_not_in_small_bites(house, tenant):
    moment, metrics = Moment(), Metrics()
    upkeep = Upkeep(house.kernel, metrics, monotonic=moment)
    record(house, tenant, 3)
    assert upkeep(tenant) is None
    assert house.rows(tenant, "SELECT r1 FROM {t}.totals") == [(3,)]
    record(house, tenant, 2)
    moment.now = 2.0
    assert upkeep(tenant) == FOLD_INTERVAL_S - 2.0
    assert house.rows(tenant, "SELECT count(*) FROM {t}.movements WHERE NOT folded") == [(2,)]
    moment.now = FOLD_INTERVAL_S
    assert upkeep(tenant) is None
    assert house.rows(tenant, "SELECT sum(r1) FROM {t}.totals") == [(5,)]
    assert "bos_movements_folded_total 5.0" in metrics.render().decode()


def test_hot_keys_are_indexed_while_their_applet_is_enabled(house, tenant):
    moment = Moment()
    upkeep = Upkeep(house.kernel, Metrics(), monotonic=moment)
    upkeep(tenant)
    (with_shop,) = house.rows(tenant, HOT, tenant.schema)[0]
    house.set_applet(tenant, "disabled")
    moment.now += FOLD_INTERVAL_S
    upkeep(tenant)
    (without_shop,) = house.rows(tenant, HOT, tenant.schema)[0]
    house.set_applet(tenant, "enabled")
    assert with_shop == without_shop + 1


def test_who_finds_another_process_indexing_leaves_it_to_that(house, tenant):
    upkeep = Upkeep(house.kernel, Metrics(), monotonic=Moment())
    with house.kernel.database.owner() as connection:
        connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [0x626F7369, tenant.schema])
        before = house.rows(tenant, HOT, tenant.schema)
        upkeep(tenant)
        assert house.rows(tenant, HOT, tenant.schema) == before
