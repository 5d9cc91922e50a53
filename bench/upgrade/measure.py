"""upgrade.*, rollback: what an upgrade costs those who work meanwhile, how soon it is there, how soon it is undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.figures import Figure
from bench.house import House, Tenant
from bench.rounds import Effort, say
from bench.traffic import open_servers
from bench.upgrade.ground import INVOICE, Administrator, client_of, make_tenant
from bench.upgrade.locks import TOLD_FROM_MS, watch_locks
from bench.upgrade.release import NEXT, write_next_release
from bench.upgrade.traffic import Entry, Traffic, between, open_traffic, percentile

CLIENTS = 20
# Of each of three tenants, and of the one that is large.
INVOICES, MANY_INVOICES = 10_000, 100_000
# Answers before, and answers by 2.0 before it is rolled back.
ANSWERS, ANSWERS_BY_NEXT = 3_000, 10_000
# Whoever comes right after the switch finds everything cold: that is part of it.
SWITCH_S = 2.0
ROLLBACK_GOAL_S, VISIBLE_GOAL_S = 5.0, 1.0
BEGUN_S_MAX, SWEPT_S_MAX = 60.0, 20.0
# Counting costs, and is at the cost of what is counted.
COUNT_EVERY_S = 0.25
BATCH = 200
POLL_S = 0.005


@dataclass(frozen=True)
class Switch:
    """Moments, in seconds since 1970: the apply was asked for, and it was answered."""

    since: float
    until: float


@dataclass(frozen=True)
class Return:
    """Moments: the plan of the way back was asked for, it was there, it was applied."""

    since: float
    planned: float
    until: float


def upgrade_under_load(house: House, effort: Effort) -> list[Figure]:
    """Twenty clients write to three tenants while one of them is upgraded and rolled back; then a large tenant."""
    plugin: Any = house.kernel.plugins.get_plugin("registry.plugin")
    folder = write_next_release(house.folder / "receivables-next")
    plugin.releases.add(house.kernel.database, folder, house.kernel.clock(), "bench")
    return [*_switch_under_load(house, effort), *_switch_large_tenant(house, effort)]


def _switch_under_load(house: House, effort: Effort) -> list[Figure]:
    tenants = [make_tenant(house, f"upgrade_{name}", effort.rows(INVOICES)) for name in "abc"]
    ratios, rollbacks, failures = [], [], []
    with open_servers(house.dsn, house.folder) as (port,):
        administrator = Administrator(tenants[0], port)
        for number in range(effort.repeats):
            entries, switch, returned = _round(house, effort, administrator, tenants, port, number)
            before = [entry for entry in entries if entry.at + entry.took < switch.since]
            during = between(entries, switch.since, switch.until + SWITCH_S)
            failures.append(float(sum(entry.is_failed for entry in entries)))
            ratios.append(percentile(during, 0.95) / percentile(before, 0.95))
            rollbacks.append(returned.until - returned.since)
            say(
                f"  upgrade {number + 1}/{effort.repeats}: p95 {_p95(before)} before, {_p95(during)} during the switch"
                f" of {switch.until - switch.since:.2f} s, {failures[-1]:.0f} of {len(entries)} failed,"
                f" rollback {rollbacks[-1]:.2f} s ({returned.planned - returned.since:.2f} s of it the plan)"
            )
            _say_failures(entries)
    return [
        Figure("upgrade.failed_requests", "failed", failures, [0.0], "none"),
        Figure("upgrade.p95", "times", ratios, [1.0], "p95 of the same clients before the switch"),
        Figure("rollback", "s", rollbacks, [ROLLBACK_GOAL_S], "the goal; plan and apply"),
    ]


def _round(
    house: House, effort: Effort, administrator: Administrator, tenants: Sequence[Tenant], port: int, number: int
) -> tuple[list[Entry], Switch, Return]:
    """One upgrade and its rollback; everybody's answers."""
    a, b, c = map(client_of, tenants)
    clients = [(a, b, a, c)[client % 4] for client in range(CLIENTS)]
    digest = administrator.plan("upgrade", NEXT)
    with open_traffic(port, house.folder / f"traffic-{number}.log", clients) as traffic:
        traffic.wait_for(effort.rows(ANSWERS))
        switch = _apply(administrator, digest)
        traffic.wait_for(effort.rows(ANSWERS_BY_NEXT), tenant=tenants[0].record.name, since=switch.until)
        since = time.time()
        back = administrator.plan("rollback")
        planned = time.time()
        administrator.apply(back)
        returned = Return(since, planned, time.time())
        _linger(traffic, effort)
        return traffic.stop(), switch, returned


def _linger(traffic: Traffic, effort: Effort) -> None:
    """So that whatever fails after a move is seen too."""
    traffic.wait_for(effort.rows(ANSWERS) // 4, since=time.time())


def _apply(administrator: Administrator, digest: str) -> Switch:
    since = time.time()
    administrator.apply(digest)
    return Switch(since, time.time())


def _switch_large_tenant(house: House, effort: Effort) -> list[Figure]:
    tenant = make_tenant(house, "upgrade_large", effort.rows(MANY_INVOICES))
    raw_rate = _rewrite_rate(house, tenant)
    with open_servers(house.dsn, house.folder, 2) as ports:
        here, elsewhere = (Administrator(tenant, port) for port in ports)
        # One that writes waits for nobody but us.
        clients = [client_of(tenant)]
        with open_traffic(ports[0], house.folder / "traffic-large.log", clients) as traffic:
            with watch_locks(house) as usual:
                traffic.wait_for(effort.rows(ANSWERS) // CLIENTS)
            digest = here.plan("upgrade", NEXT)
            with watch_locks(house) as waits:
                visible_s = _visible_s(here, elsewhere, digest)
                rate = _sweep_rate(house, tenant)
            failed = sum(entry.is_failed for entry in traffic.stop())
    say(
        f"  large tenant: visible after {visible_s:.2f} s, swept at {rate:.0f} documents/s, {failed} requests failed;"
        f" longest wait for a lock {waits.longest:.1f} ms ({len(waits.logged)} lines in the log),"
        f" {usual.longest:.1f} ms before"
    )
    return [
        Figure(
            "upgrade.visible", "s", [visible_s], [VISIBLE_GOAL_S], "the goal; in another process, from the apply on"
        ),
        Figure("upgrade.sweep", "/s", [rate], [raw_rate], f"bare UPDATE of the same rows, {BATCH} a transaction"),
        Figure("upgrade.max_lock", "ms", [waits.longest], [float(TOLD_FROM_MS)], "the goal"),
    ]


def _visible_s(here: Administrator, elsewhere: Administrator, digest: str) -> float:
    """From the request to apply until another process answers as 2.0 does."""
    applying = threading.Thread(target=here.apply, args=(digest,))
    started = time.perf_counter()
    applying.start()
    while not elsewhere.runs_next():
        time.sleep(POLL_S)
    seconds = time.perf_counter() - started
    applying.join()
    return seconds


def _sweep_rate(house: House, tenant: Tenant) -> float:
    """Documents a second that the workers cast in the background."""
    count = f"SELECT count(*) FROM \"{tenant.schema}\".documents WHERE type = '{INVOICE}' AND schema_version = 1"
    with house.connect() as connection:

        def left() -> int:
            row = connection.execute(count).fetchone()
            return int(row[0]) if row else 0

        # The rate is that of a sweep under way, not of one that has yet to begin.
        started, first = time.perf_counter(), left()
        while (begun := left()) == first > 0 and time.perf_counter() - started < BEGUN_S_MAX:
            time.sleep(COUNT_EVERY_S)
        started, rest = time.perf_counter(), begun
        while rest and time.perf_counter() - started < SWEPT_S_MAX:
            time.sleep(COUNT_EVERY_S)
            rest = left()
        return (begun - rest) / (time.perf_counter() - started)


def _rewrite_rate(house: House, tenant: Tenant) -> float:
    """Rows a second that bare psycopg writes anew."""
    ids = f"SELECT id FROM \"{tenant.schema}\".documents WHERE type = '{INVOICE}' LIMIT {BATCH * 20}"
    write = f'UPDATE "{tenant.schema}".documents SET data = data, schema_version = 1 WHERE id = ANY(%s::uuid[])'
    with house.connect() as connection:
        found = [row[0] for row in connection.execute(ids)]
        started = time.perf_counter()
        for place in range(0, len(found), BATCH):
            connection.execute(write, [found[place : place + BATCH]])
        return len(found) / (time.perf_counter() - started)


def _p95(entries: Sequence[Entry]) -> str:
    return f"{percentile(entries, 0.95) * 1000:.0f} ms"


def _say_failures(entries: Sequence[Entry]) -> None:
    for entry in [entry for entry in entries if entry.is_failed][:3]:
        say(f"  failed: {entry.tenant} {entry.step}: {entry.status} {entry.answer}")
