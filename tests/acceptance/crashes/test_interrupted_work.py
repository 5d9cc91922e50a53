"""What works in the background is killed in the middle: nothing is half done, and the next one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from psycopg import sql

from kernel.db.migrate import steps
from kernel.documents.indexes import plan_indexes, refresh_indexes
from kernel.registers.folding import count_drift, count_pending, fold
from tests.acceptance.crashes.tally import install_tally
from tests.acceptance.installation import BOS, COMMAND_S_MAX, Installation
from tests.integration.kernel.shipped import make_tenant, open_shipped

INTERRUPTED = Path(__file__).with_name("interrupted.py")
# As in interrupted.py.
BITE = 4
STEP = "0002_totals_of_debits"
TENANTS = 4
EVENTS = 6
TRIES_MAX, PAUSE_S = 20_000, 0.005


@pytest.fixture(scope="module")
def site(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    install_tally(folder / "packages")
    return Installation(empty_database(), folder, {"PYTHONPATH": str(folder / "packages")})


@pytest.fixture(scope="module")
def kernel(site):
    with pytest.MonkeyPatch.context() as here, open_shipped(site.environment["BOS_DATABASE_URL"]) as opened:
        here.syspath_prepend(site.folder / "packages")
        yield opened


def run_until_killed(site, *arguments):
    done = subprocess.run(
        [sys.executable, INTERRUPTED, *map(str, arguments)],
        env=site.environment, cwd=site.folder, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def rows(kernel, tenant, statement):
    with kernel.database.transaction(tenant) as uow:
        return uow.execute(statement).fetchall()


# Deliveries


@pytest.fixture(scope="module")
def trade(kernel):
    """A tenant that has written some invoices and told nobody yet."""
    tenant = make_tenant(kernel, "trade", "tally", chart=True)
    line = {"description": "Advice", "quantity": "1", "unit_price": "90.00"}
    for number in range(EVENTS // 2):
        with kernel.operate(tenant) as ctx:
            customer = ctx.documents.create("parties.customer", {"code": f"C{number}", "name": "Corner Shop"})
            invoice = {"customer": customer.id, "issued_on": date(2026, 3, 2), "lines": [line]}
            ctx.documents.create("receivables.invoice", invoice, perform="post")
    return tenant


MARKS = """
SELECT count(*), count(DISTINCT data ->> 'event'), (SELECT count(*) FROM {t}.deliveries) FROM {t}.documents
 WHERE type = 'tally.mark'
"""


def test_a_worker_killed_in_the_middle_of_a_delivery_has_done_nothing_and_the_next_does_it_once(site, kernel, trade):
    mark = site.folder / "died"
    environment = {**site.environment, "TALLY_DIES_ONCE": str(mark)}
    worker = subprocess.run([*BOS, "worker"], env=environment, cwd=site.folder, timeout=COMMAND_S_MAX, check=False)
    assert (worker.returncode, mark.exists()) == (-signal.SIGKILL, True)
    before = rows(kernel, trade, MARKS)[0]
    assert before[0] == before[1] == EVENTS - before[2] < EVENTS
    with subprocess.Popen([*BOS, "worker"], env=environment, cwd=site.folder) as worker:
        until(lambda: rows(kernel, trade, MARKS) == [(EVENTS, EVENTS, 0)])
        worker.send_signal(signal.SIGTERM)
    assert worker.returncode == 0


# Folding


def test_folding_killed_before_its_commit_leaves_every_movement_to_be_folded_once(site, kernel, trade):
    with kernel.database.transaction(trade) as uow:
        rebuilt = "SELECT register, d1, sum(r1) FROM {t}.movements GROUP BY 1, 2 HAVING sum(r1) <> 0 ORDER BY 1, 2"
        expected = uow.execute(rebuilt).fetchall()
        uow.execute("UPDATE {t}.movements SET folded = false")
        uow.execute("DELETE FROM {t}.totals")
        pending = count_pending(uow)
        uow.commit()
    run_until_killed(site, "fold", 2)
    with kernel.database.transaction(trade) as uow:
        assert (count_pending(uow), count_drift(uow)) == (pending - BITE, 0)
        assert fold(uow) == pending - BITE
        assert count_drift(uow) == 0
        totals = "SELECT register, d1, sum(r1) FROM {t}.totals GROUP BY 1, 2 HAVING sum(r1) <> 0 ORDER BY 1, 2"
        assert uow.execute(totals).fetchall() == expected


# Migrations


@pytest.fixture(scope="module")
def behind(kernel):
    return [make_tenant(kernel, f"behind{number}") for number in range(TENANTS)]


def fall_behind(kernel, tenants):
    """As an older version of Bos left them."""
    columns = ", ".join(f"DROP COLUMN p{number}" for number in range(1, 5))
    with kernel.database.owner() as owner:
        for tenant in tenants:
            owner.execute(f'ALTER TABLE "{tenant.schema}".totals {columns}')
            owner.execute(f'DELETE FROM "{tenant.schema}".schema_ledger WHERE step = %s', [STEP])
            owner.execute("UPDATE bos.tenants SET steps = steps - 1 WHERE id = %s", [tenant.id])


def migrated(kernel, tenants):
    """How many have the columns, the entry in their ledger, and are let in."""
    with kernel.database.owner() as owner:
        found = [
            owner.execute(
                sql.SQL(
                    "SELECT (SELECT count(*) FROM {}.schema_ledger WHERE step = %s),"
                    " (SELECT count(*) FROM pg_attribute WHERE attrelid = {}::regclass AND attname = 'p1'"
                    " AND NOT attisdropped), (SELECT (steps = %s)::int FROM bos.tenants WHERE id = %s)"
                ).format(sql.Identifier(tenant.schema), f'"{tenant.schema}".totals'),
                [STEP, len(steps("tenant")), tenant.id],
            ).fetchone()
            for tenant in tenants
        ]
    return tuple(map(sum, zip(*found, strict=True)))


@pytest.mark.parametrize(
    ("where", "left"),
    [
        # The step was applied and rolled back with the process: as if it had never been.
        ("within", (1, 1, 1)),
        # Its schema is up to date, and nobody was told: it is refused until the next run has looked.
        ("between", (2, 2, 1)),
    ],
)
def test_a_migration_killed_in_the_middle_is_finished_by_the_next_one(site, kernel, behind, where, left):
    fall_behind(kernel, behind)
    run_until_killed(site, where, 2, "tenant", "migrate", "--jobs", "1")
    assert migrated(kernel, behind) == left
    site.run("tenant", "migrate", "--jobs", "1")
    assert migrated(kernel, behind) == (TENANTS, TENANTS, TENANTS)


# Indexes

BUILDING = """
SELECT pid FROM pg_stat_activity
 WHERE query LIKE 'CREATE INDEX CONCURRENTLY%%' || %s || '%%' AND wait_event_type = 'Lock'
"""


def test_an_index_whose_builder_was_killed_is_there_and_valid_in_the_end(site, kernel, trade):
    types = catalogue_types(kernel, trade)
    refresh_indexes(kernel.database, trade, [])
    with kernel.database.owner() as owner:
        command = [*BOS, "index", "build", "--tenant", trade.name]
        with kernel.database.transaction(trade) as uow, subprocess.Popen(command, env=site.environment) as builder:
            # Whoever has written and not committed keeps the index from being finished.
            uow.execute("UPDATE {t}.documents SET version = version")
            try:
                until(lambda: owner.execute(BUILDING, [trade.schema]).fetchone())
            finally:
                # It waits for the transaction, which would wait for it.
                builder.kill()
            builder.wait()
            # PostgreSQL goes on without the one who asked, and nobody else meddles.
            assert refresh_indexes(kernel.database, trade, types).is_elsewhere
            (backend,) = owner.execute(BUILDING, [trade.schema]).fetchone()
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
            assert len(plan_indexes(owner, trade.schema, types).invalid) == 1
        report = refresh_indexes(kernel.database, trade, types)
        assert (len(report.dropped), len(report.built) > 1) == (1, True)
        plan = plan_indexes(owner, trade.schema, types)
    assert (plan.build, plan.drop) == ((), ())


def catalogue_types(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        return list(kernel.runtimes.get(uow).catalogue.types.values())


def until(is_so):
    """Return when it is so."""
    for _ in range(TRIES_MAX):
        if is_so():
            return
        time.sleep(PAUSE_S)
    raise AssertionError("it does not come to be")
