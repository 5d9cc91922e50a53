"""Pools: connections PostgreSQL has closed are not handed out, and no thread waits for a connection it holds itself."""

import threading

import pytest

from kernel.db.database import Database
from kernel.db.errors import DatabaseUnknown


def open_at_once(kernel, tenant, count):
    """So many transactions at the same moment, so that the pool has a connection for each."""
    barrier = threading.Barrier(count)

    def run():
        with kernel.database.transaction(tenant):
            barrier.wait(timeout=30)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


def hang_up(kernel):
    """What a restart of PostgreSQL does to those who were connected. How many connections there were."""
    with kernel.database.owner() as owner:
        rows = owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename LIKE 'bos%app'"
        ).fetchall()
    return len(rows)


def test_after_a_restart_of_the_database_no_request_fails(yard):
    open_at_once(yard.kernel, yard.tenant, 4)
    assert hang_up(yard.kernel) >= 4
    for _ in range(6):
        with yard.operate() as ctx:
            ctx.documents.query("yard.tool")
    open_at_once(yard.kernel, yard.tenant, 4)
    assert hang_up(yard.kernel) >= 4
    for _ in range(6):
        assert yard.kernel.directory.get(yard.tenant.name) == yard.tenant
        with yard.kernel.database.glance() as uow:
            assert uow.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_lost_in_the_middle_hides_no_error_and_is_not_handed_out_again(yard):
    with pytest.raises(ZeroDivisionError), yard.operate() as ctx:
        ctx.documents.create("yard.tool", {"name": "lost"})
        assert hang_up(yard.kernel) >= 1
        raise ZeroDivisionError
    with yard.operate() as ctx:
        assert ctx.documents.query("yard.tool").items == ()


def test_a_pool_of_one_still_has_a_connection_for_what_stands_beside(yard):
    kernel = yard.kernel
    small = Database(kernel.database._owner_dsns[None], pool_size_max=1)
    try:
        with small.transaction(yard.tenant) as uow, small.transaction(yard.tenant, aside=True) as beside:
            assert uow.connection is not beside.connection
    finally:
        small.close()


def test_a_database_nobody_configured_is_named(kernel):
    with pytest.raises(DatabaseUnknown) as refused, kernel.database.owner("elsewhere"):
        pass
    assert refused.value.details == {"database": "elsewhere"}
