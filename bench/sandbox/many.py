"""sandbox.many.*: 500 tenants with three applets each, far more than there may be workers, on one pool under load."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock, Thread
from time import perf_counter

from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort, say
from bench.sandbox.applet import PROGRAM, BareContext, make_order
from bench.sandbox.measure import MEGABYTE, PATIENT, no_answer
from bench.sandbox.timing import share_of
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level, Walls
from sandbox.pool import Pool, PoolFigures, Sizes
from sandbox.proxy.calling import facts_of
from sandbox.zygote.handle import Zygote

TENANTS = 500
PROGRAMS = tuple(replace(PROGRAM, applet=f"scales{number}", digest=f"scales{number}") for number in range(3))
# The bound: as many workers as there may be, and what they are forked from, twice while one takes over from another.
WORKER_MB_MAX, ZYGOTES_MB_MAX = 5.0, 60.0
FIRST_CALL_MS_MAX = 15.0
THREADS = 4
# Calls a second of all threads together; what busy tenants leave goes to all others, most of them long idle.
CALLS_PER_S = 400.0
BUSY_TENANTS, BUSY_SHARE = 20, 0.95
# A percentile of 99 needs more first calls than a rate does.
LONGER = 5
LOOK_S = 0.25


@dataclass
class Seen:
    """first_ms: of calls that found no worker of their tenant's. memory_mb: the most at one moment."""

    first_ms: list[float] = field(default_factory=list)
    others_ms: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def add(self, milliseconds: float, *, is_first: bool) -> None:
        with self.lock:
            (self.first_ms if is_first else self.others_ms).append(milliseconds)


def measure_many(house: House, effort: Effort) -> list[Figure]:
    """The most memory of all workers and what they come from, and the slowest of a hundred first calls."""
    memory, first = [], []
    for number in range(effort.repeats):
        with _open_pool() as (pool, before):
            seen = _run(pool, before, max(1.0, LONGER * effort.seconds))
            figures = pool.figures()
        memory.append(seen.memory_mb)
        first.append(share_of(sorted(seen.first_ms), 0.99))
        say(f"  sandbox.many {number + 1}/{effort.repeats}: {_told(seen, figures)}")
    bound = Sizes().workers_max * WORKER_MB_MAX + ZYGOTES_MB_MAX
    return [
        Figure("sandbox.many.memory", "MB", memory, [bound] * len(memory), "the bound"),
        Figure("sandbox.many.first_call", "ms", first, [FIRST_CALL_MS_MAX] * len(first), "the goal, at the 99th"),
    ]


def _told(seen: Seen, figures: PoolFigures) -> str:
    first, others = sorted(seen.first_ms), sorted(seen.others_ms)
    return (
        f"{seen.memory_mb:.0f} MB; {len(first)} first calls p50 {share_of(first, 0.5):.1f} ms, p99"
        f" {share_of(first, 0.99):.1f} ms; {len(others)} others p50 {share_of(others, 0.5):.2f} ms, p99"
        f" {share_of(others, 0.99):.1f} ms; {figures.spawned} spawned, {figures.evicted} evicted"
    )


@contextmanager
def _open_pool() -> Iterator[tuple[Pool, frozenset[int]]]:
    """As large as it is by default, and which processes were there before it."""
    before = frozenset(_children(os.getpid()))
    pool = Pool(NativeEngine(Zygote(Walls.of(Level.FULL)), Level.FULL))
    try:
        yield pool, before
    finally:
        pool.close()


def _run(pool: Pool, before: frozenset[int], seconds: float) -> Seen:
    """Once there is no more room, so that each first call has to take it from somebody."""
    seen, is_over = Seen(), Event()
    for number in range(pool.figures().workers_max):
        _call(pool, f"before {number}", 0)
    for tenant in range(BUSY_TENANTS):
        for program in range(len(PROGRAMS)):
            _call(pool, f"tenant {tenant}", program)
    threads = [Thread(target=_serve, args=[pool, seen, is_over, number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    end_at = perf_counter() + seconds
    while perf_counter() < end_at:
        seen.memory_mb = max(seen.memory_mb, _memory_mb(before))
        is_over.wait(LOOK_S)
    is_over.set()
    for thread in threads:
        thread.join()
    return seen


def _serve(pool: Pool, seen: Seen, is_over: Event, seed: int) -> None:
    """At a pace, as users come: whom the calls are for does not wait until somebody has time."""
    chance = random.Random(seed)
    due = perf_counter()
    while not is_over.is_set():
        due += chance.expovariate(CALLS_PER_S / THREADS)
        if is_over.wait(max(0.0, due - perf_counter())):
            return
        is_busy = chance.random() < BUSY_SHARE
        tenant = chance.randrange(BUSY_TENANTS) if is_busy else chance.randrange(BUSY_TENANTS, TENANTS)
        began = perf_counter()
        is_first = _call(pool, f"tenant {tenant}", chance.randrange(len(PROGRAMS)))
        seen.add((perf_counter() - began) * 1000, is_first=is_first)


def _call(pool: Pool, tenant_id: str, program: int) -> bool:
    """Whether its worker was a new one."""
    with pool.checkout(tenant_id, PROGRAMS[program]) as lease:
        is_first = lease.worker.calls == 0
        lease.call("fill_totals", [facts_of(BareContext()), make_order()], no_answer, PATIENT)
    return is_first


def _memory_mb(before: frozenset[int]) -> float:
    """Of all processes of the sandbox; what several share counts once, a part for each."""
    found = [pid for pid in _children(os.getpid()) if pid not in before]
    for pid in found:
        found.extend(_children(pid))
    return sum(map(_share_bytes, found)) / MEGABYTE


def _children(pid: int) -> Sequence[int]:
    pids: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            pids += map(int, (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        # It ends while it is looked at.
        return pids
    return pids


def _share_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
