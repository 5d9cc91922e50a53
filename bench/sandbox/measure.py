"""hook.* and worker.*: what a sandboxed hook costs, in time and in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import perf_counter
from typing import Any

from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort, say
from bench.sandbox.applet import PROGRAM, TYPE, BareContext, hooks_in, hooks_in_process, make_order
from bench.sandbox.echo import Echo, frame_of, running_echo
from bench.sandbox.timing import compare_us, durations_us, on_one_cpu, share_of, told
from sandbox.errors import AppletStopped
from sandbox.host import Deadlines, Status
from sandbox.host.native import NativeWorker
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level, Walls
from sandbox.pool import Pool, Sizes
from sandbox.proxy.calling import facts_of
from sandbox.values import pack
from sandbox.zygote.handle import Zygote
from sdk.document import Document
from sdk.hookset import HookSet

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
BATCH = 100
REQUESTS = 10
# Half of a request and its answer each are smaller than a hook's document, and all of them are of this size about.
REQUEST_BYTES = 700
PRIVATE_MB_MAX = 4.0
FIRST_CALLS = 100
MEGABYTE = 1e6


class WrongAnswer(Exception):
    """What is measured does not do what it is measured for."""


def measure_hooks(house: House, effort: Effort) -> list[Figure]:
    """In process, sandboxed, many at once, and with questions in between; needs no database."""
    with on_one_cpu() as other_cpus, _open_pool() as pool, running_echo() as echo:
        sandboxed = hooks_in(pool)
        _check(sandboxed)
        return [
            _inprocess(effort),
            _sandboxed(pool, sandboxed, echo, other_cpus, effort),
            _batch(pool, echo, effort),
            _request(pool, echo, effort),
        ]


def measure_workers(house: House, effort: Effort) -> list[Figure]:
    """How long a worker takes to be born, and what it holds; printed: first calls, the kill switch, threads."""
    with _open_pool() as pool:
        figures = [_spawn(pool, effort), _private(pool, effort)]
        say(f"  first call of an idle tenant: {_first_calls(pool, max(10, effort.rows(FIRST_CALLS)))}")
        say(f"  a call that spins ends {_kill(pool):.1f} ms after the kill switch")
        say(f"  4 threads and their workers anywhere: {_threads(pool, effort):.0f} calls/s")
    with on_one_cpu(), _open_pool() as pool:
        say(f"  4 threads and their workers on one CPU: {_threads(pool, effort):.0f} calls/s")
    return figures


@contextmanager
def _open_pool() -> Iterator[Pool]:
    engine = NativeEngine(Zygote(Walls.of(Level.FULL)), Level.FULL)
    pool = Pool(engine, Sizes(workers_max=40))
    try:
        yield pool
    finally:
        pool.close()


def _saving(hooks: HookSet) -> Callable[[], bool]:
    ctx, order = BareContext(), make_order()
    return lambda: hooks.call("before_save", TYPE, ctx=ctx, document=order, previous=None)


def _check(hooks: HookSet) -> None:
    order, twin = make_order(), make_order()
    for each, document in ((hooks, order), (hooks_in_process()[0], twin)):
        each.call("before_save", TYPE, ctx=BareContext(), document=document, previous=None)
    if order.fields != twin.fields or order["saves"] != 1:
        raise WrongAnswer("the hook does not do in its worker what it does here")


def _inprocess(effort: Effort) -> Figure:
    hooks, module = hooks_in_process()
    ctx, order = BareContext(), make_order()
    bare: Any = module.__dict__["fill_totals"]
    return compare_us("hook.inprocess", _saving(hooks), lambda: bare(ctx, order), effort, beside="calling the function")


def _sandboxed(pool: Pool, hooks: HookSet, echo: Echo, other_cpus: set[int], effort: Effort) -> Figure:
    save, data = _saving(hooks), frame_of(len(pack([facts_of(BareContext()), make_order()])))

    def elsewhere() -> str:
        if not other_cpus:
            return "there is no other CPU"
        with pool.checkout(BareContext().tenant.id, PROGRAM) as lease:
            assert isinstance(lease.worker, NativeWorker)
            os.sched_setaffinity(lease.worker.pid, other_cpus)
        far = told(durations_us(save, effort.seconds))
        os.sched_setaffinity(lease.worker.pid, os.sched_getaffinity(0))
        return f"on another CPU {far}"

    return compare_us(
        "hook.sandboxed",
        save,
        lambda: echo.send(data),
        effort,
        beside="an echo of as many bytes by a plain process",
        aside=elsewhere,
    )


def _batch(pool: Pool, echo: Echo, effort: Effort) -> Figure:
    orders, facts = [make_order() for _ in range(BATCH)], facts_of(BareContext())
    argument_lists = [[facts, order] for order in orders]
    data = frame_of(len(pack(argument_lists)))
    with pool.checkout("batch", PROGRAM) as lease:

        def save_many() -> None:
            results = lease.call_many("fill_totals", argument_lists, no_answer, PATIENT)
            if len(results) != BATCH or results[-1].status is not Status.RETURNED:
                raise WrongAnswer(f"a batch ended with {results[-1]}")

        return compare_us(
            "hook.batch", save_many, lambda: echo.send(data), effort, per=BATCH, beside="an echo of the whole batch"
        )


def _request(pool: Pool, echo: Echo, effort: Effort) -> Figure:
    order, facts, data = make_order(), facts_of(BareContext()), frame_of(REQUEST_BYTES)
    with pool.checkout("request", PROGRAM) as lease:

        def ask(count: int) -> None:
            lease.run("hooks", "ask", [facts, count], lambda capability, arguments: order, PATIENT)

        figure = compare_us(
            "hook.request",
            lambda: ask(REQUESTS),
            lambda: echo.send(data),
            effort,
            beside="an echo of as many bytes",
        )
        silent = share_of(durations_us(lambda: ask(0), effort.seconds), 0.5)
    return Figure(
        "hook.request", "µs", [(value - silent) / REQUESTS for value in figure.ours], figure.raw, figure.beside
    )


def _spawn(pool: Pool, effort: Effort) -> Figure:
    engine = pool.engine

    def spawn() -> None:
        engine.spawn(128).close()

    def fork() -> None:
        with running_echo() as echo:
            echo.send(b"ready")

    figure = compare_us("worker.spawn", spawn, fork, effort, beside="a fork of this process that answers")
    ours, raw = ([value / 1000 for value in values] for values in (figure.ours, figure.raw))
    return Figure("worker.spawn", "ms", ours, raw, figure.beside)


def _private(pool: Pool, effort: Effort) -> Figure:
    sizes = []
    for number in range(effort.repeats):
        with pool.checkout(f"private {number}", PROGRAM) as lease:
            order, facts = make_order(), facts_of(BareContext())
            for _ in range(1_000):
                lease.call("fill_totals", [facts, order], no_answer, PATIENT)
            sizes.append(lease.worker.memory_bytes / MEGABYTE)
    return Figure("worker.private", "MB", sizes, [PRIVATE_MB_MAX] * len(sizes), "the bound")


def _first_calls(pool: Pool, count: int) -> str:
    """Each of another tenant, a moment after the one before: spares are made meanwhile."""
    order, facts = make_order(), facts_of(BareContext())
    durations = []
    for number in range(count):
        while pool.figures().spares == 0:
            os.sched_yield()
        began = perf_counter()
        with pool.checkout(f"first {number}", PROGRAM) as lease:
            lease.call("fill_totals", [facts, order], no_answer, PATIENT)
        durations.append((perf_counter() - began) * 1000)
    durations.sort()
    return f"p50 {share_of(durations, 0.5):.1f} ms, p99 {share_of(durations, 0.99):.1f} ms"


def _kill(pool: Pool) -> float:
    ended: list[float] = []

    def spin() -> None:
        try:
            with pool.checkout("spinning", PROGRAM) as lease:
                lease.run("hooks", "spin", [facts_of(BareContext())], no_answer, PATIENT)
        except AppletStopped:
            ended.append(perf_counter())

    thread = Thread(target=spin)
    thread.start()
    while not _spins(pool):
        os.sched_yield()
    began = perf_counter()
    pool.kill("the kill switch is measured", tenant_id="spinning")
    thread.join()
    return (ended[0] - began) * 1000


def _spins(pool: Pool) -> bool:
    return pool.figures().busy > 0


def _threads(pool: Pool, effort: Effort) -> float:
    """Calls per second of four threads that think between two calls, as those of a server do."""
    facts, done = facts_of(BareContext()), []

    def serve(number: int) -> None:
        order, count = make_order(), 0
        end_at = perf_counter() + effort.seconds
        while perf_counter() < end_at:
            with pool.checkout(f"thread {number}", PROGRAM) as lease:
                lease.call("fill_totals", [facts, order], no_answer, PATIENT)
            _think(order)
            count += 1
        done.append(count)

    threads = [Thread(target=serve, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / effort.seconds


def _think(order: Document) -> None:
    for _ in range(20):
        order.copy()


def no_answer(capability: str, arguments: list[Any]) -> Any:
    raise WrongAnswer(f"{capability} was asked for")
