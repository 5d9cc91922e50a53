"""Hands out workers, each to one caller at a time, and never more of them than the machine is meant to hold."""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, perf_counter

from sandbox.errors import AppletStopped, SandboxBusy, SandboxOff
from sandbox.host.engine import Engine, Program, Worker
from sandbox.host.violation import Violation
from sandbox.limits import CALLS_MAX, GROWTH_BYTES_MAX, IDLE_S_MAX, LOOK_EVERY_CALLS, MEMORY_MB, SPARES, WORKERS_MAX
from sandbox.pool.held import Held, Key, Lease
from sandbox.pool.meters import AppletFigures, Meters
from sandbox.pool.shelf import Shelf
from sandbox.pool.upkeep import Upkeep
from sdk.errors import BosError


@dataclass(frozen=True, slots=True)
class Sizes:
    """workers_max: processes at most, spares among them. idle_s: after which a worker nobody uses is let go. calls_max,
    growth_bytes_max: after which one is replaced by a fresh one."""

    workers_max: int = WORKERS_MAX
    spares: int = SPARES
    idle_s: float = IDLE_S_MAX
    calls_max: int = CALLS_MAX
    growth_bytes_max: int = GROWTH_BYTES_MAX

    @property
    def spares_kept(self) -> int:
        """Spares must not crowd out the workers that are used."""
        return min(self.spares, self.workers_max // 4)


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """As of now; spawned, evicted, recycled, killed: since this process began."""

    level: str
    workers_max: int
    busy: int
    idle: int
    spares: int
    spawned: int
    evicted: int
    recycled: int
    killed: int
    applets: list[AppletFigures]


class Pool:
    """Used by any thread. engine: the pool's from now on, closed with it. clock: seconds that never go back."""

    def __init__(
        self,
        engine: Engine,
        sizes: Sizes | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._engine, self._sizes, self._clock = engine, sizes or Sizes(), clock
        self._lock = threading.Lock()
        self._idle, self._busy = Shelf(), set[Held]()
        self._spares: deque[Worker] = deque()
        # Processes there are or are about to be: what workers_max bounds.
        self._places = 0
        self._fresh_bytes = 0
        self._counts: Counter[str] = Counter()
        self._meters = Meters()
        self._off_why: str | None = None
        self._upkeep = Upkeep(self._keep_up)
        # A child process has neither our threads nor a zygote of its own, and must not use our sockets beside us.
        reference = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (forget := reference()) and forget())
        self._upkeep.start()

    @property
    def engine(self) -> Engine:
        return self._engine

    def checkout(self, tenant_id: str, program: Program) -> Lease:
        """A worker with this program of this tenant, for a `with`; nobody else has it meanwhile.

        Raises SandboxBusy when all are in use, SandboxOff, PolicyRefused, LoadFailed, AppletStopped; Violation of what
        the program did as it was loaded.
        """
        with self._lock:
            if self._off_why is not None:
                raise SandboxOff(applet=program.applet, reason=self._off_why)
            held = self._idle.take((tenant_id, program.applet, program.version, program.digest))
            if held is not None:
                self._busy.add(held)
        waited_s = 0.0
        if held is None:
            began = perf_counter()
            held = self._start(Key(tenant_id, program.applet, program.version, program.digest), program)
            waited_s = perf_counter() - began
        assert held.worker is not None
        return Lease(held, held.worker, self._give_back, waited_s)

    def kill(
        self, why: str, *, tenant_id: str | None = None, applet: str | None = None, version: str | None = None
    ) -> int:
        """End all workers that fit, also in the middle of a call: those calls end with AppletStopped. How many."""

        def fits(held: Held) -> bool:
            key = held.key
            return (
                tenant_id in (None, key.tenant_id) and applet in (None, key.applet) and version in (None, key.version)
            )

        with self._lock:
            idle = self._idle.take_all(fits)
            busy = [held for held in self._busy if fits(held)]
            for held in busy:
                held.kill(why)
            self._counts["killed"] += len(idle) + len(busy)
        self._let_go(idle)
        return len(idle) + len(busy)

    def deny(self, applet: str, count: int) -> None:
        """Count requests that were refused for want of permission."""
        self._meters.deny(applet, count)

    def figures(self) -> PoolFigures:
        with self._lock:
            held = [*self._idle, *self._busy]
            counts = Counter(self._counts)
            busy, idle, spares = len(self._busy), len(self._idle), len(self._spares)
        workers: Counter[str] = Counter()
        memory: Counter[str] = Counter()
        for one in held:
            workers[one.key.applet] += 1
            memory[one.key.applet] += one.worker.memory_bytes if one.worker is not None else 0
        return PoolFigures(
            self._engine.level,
            self._sizes.workers_max,
            busy,
            idle,
            spares,
            counts["spawned"],
            counts["evicted"],
            counts["recycled"],
            counts["killed"],
            self._meters.read(workers, memory),
        )

    def close(self, why: str = "Bos is stopping") -> None:
        """End everything; calls in progress end with AppletStopped. In a forked child it ends nothing."""
        with self._lock:
            if self._off_why is not None:
                return
            self._off_why = why
            spares, self._spares = self._spares, deque()
            self._places -= len(spares)
        self._upkeep.close()
        self.kill(why)
        for worker in spares:
            worker.close()
        self._engine.close()

    def _start(self, key: Key, program: Program) -> Held:
        """Known as busy before it is there, so that whoever is to be killed by then is not missed."""
        held = Held(key)
        with self._lock:
            worker, evicted = self._find_place(program.memory_mb)
            self._busy.add(held)
        try:
            if evicted is not None:
                evicted.close()
            self._load(held, worker or self._spawn(program.memory_mb), program)
        except BaseException as error:
            self._drop(held)
            if isinstance(error, Violation):
                self._meters.add(program.applet, (), 0.0, (error.kind,))
            raise
        finally:
            # Not before: whoever has taken the spare waits for the processor that making the next one would take.
            self._upkeep.wake()
        return held

    def _find_place(self, memory_mb: int) -> tuple[Worker | None, Worker | None]:
        """A spare, or the worker that makes room for a new one, or neither where there is room. Raises SandboxBusy."""
        if self._spares and memory_mb == MEMORY_MB:
            return self._spares.popleft(), None
        if self._places < self._sizes.workers_max:
            self._places += 1
            return None, None
        # Who waited for one of these might hold what its user waits for.
        if (oldest := self._idle.take_oldest()) is not None:
            self._counts["evicted"] += 1
            return None, oldest.worker
        if self._spares:
            return None, self._spares.popleft()
        raise SandboxBusy(maximum=self._sizes.workers_max)

    def _spawn(self, memory_mb: int) -> Worker:
        worker = self._engine.spawn(memory_mb)
        # Forks of one zygote are born alike, and to look at one takes as long as ten calls.
        fresh_bytes = self._fresh_bytes or worker.memory_bytes
        with self._lock:
            self._fresh_bytes = fresh_bytes
            self._counts["spawned"] += 1
        return worker

    def _load(self, held: Held, worker: Worker, program: Program) -> None:
        with self._lock:
            held.worker = worker
            if held.killed_why is not None:
                raise AppletStopped(applet=program.applet, reason=held.killed_why, kind="killed")
        held.description = worker.load(program)

    def _give_back(self, lease: Lease) -> None:
        held, worker = lease.held, lease.worker
        cpu_s = worker.cpu_s
        self._meters.add(held.key.applet, lease.durations_s, cpu_s - held.cpu_s, lease.violations)
        held.cpu_s = cpu_s
        is_worn = self._is_worn(held, worker)
        with self._lock:
            is_kept = not (is_worn or worker.is_dead or held.killed_why is not None or self._off_why is not None)
            if is_kept:
                self._busy.discard(held)
                held.idle_since = self._clock()
                self._idle.put(held)
            elif is_worn:
                self._counts["recycled"] += 1
        if not is_kept:
            self._drop(held)

    def _is_worn(self, held: Held, worker: Worker) -> bool:
        if worker.calls >= self._sizes.calls_max:
            return True
        if worker.calls - held.looked_at < LOOK_EVERY_CALLS or worker.is_dead:
            return False
        held.looked_at = worker.calls
        return worker.memory_bytes - self._fresh_bytes > self._sizes.growth_bytes_max

    def _drop(self, held: Held) -> None:
        """By who has it: nobody else uses it from here on. Its place is free once it is gone."""
        if held.worker is not None:
            held.worker.close()
        with self._lock:
            self._busy.discard(held)
            self._idle.forget(held.key)
            self._places -= 1

    def _let_go(self, idle: list[Held]) -> None:
        for held in idle:
            if held.worker is not None:
                held.worker.close()
        with self._lock:
            self._places -= len(idle)

    def _keep_up(self) -> None:
        """Of the thread beside: let go what has been idle for long, and have spares."""
        with self._lock:
            since = self._clock() - self._sizes.idle_s
            old = self._idle.take_all(lambda held: held.idle_since <= since)
            self._counts["evicted"] += len(old)
        self._let_go(old)
        while self._add_spare():
            continue

    def _add_spare(self) -> bool:
        """Whether one was added, so that another may be wanting."""
        with self._lock:
            if self._off_why is not None or len(self._spares) >= self._sizes.spares_kept:
                return False
            oldest = None
            if self._places < self._sizes.workers_max:
                self._places += 1
            elif (oldest := self._idle.take_oldest()) is not None:
                # A tenant that comes back waits for a spare at most; one that is new must not wait for more.
                self._counts["evicted"] += 1
            else:
                return False
        if oldest is not None and oldest.worker is not None:
            oldest.worker.close()
        return self._spawn_spare()

    def _spawn_spare(self) -> bool:
        try:
            worker = self._spawn(MEMORY_MB)
        except (BosError, OSError):
            # Whoever needs one next is told why.
            with self._lock:
                self._places -= 1
            return False
        with self._lock:
            is_wanted = self._off_why is None
            if is_wanted:
                self._spares.append(worker)
            else:
                self._places -= 1
        if not is_wanted:
            worker.close()
        return is_wanted

    def _forget(self) -> None:
        """In a forked child: everything is the parent's; to close a worker would kill it."""
        # Another thread of the parent's may have held them as it forked.
        self._lock, self._meters = threading.Lock(), Meters()
        self._off_why = "this process was forked from the one that has its workers"
        self._idle, self._busy, self._spares = Shelf(), set(), deque()
