"""Who gets which worker."""

import os
import select
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.errors import LoadFailed, SandboxBusy, SandboxOff
from sandbox.host import Violation
from sandbox.limits import LOOK_EVERY_CALLS
from sandbox.zygote.errors import WorkerUnavailable
from tests.sandbox.pool.conftest import PATIENT, SOURCE, no_answer, program, run, use
from tests.sandbox.worker.client import FACTS

WAIT_S = 30


def until(condition):
    """Wait for what another thread does."""
    ticks = threading.Event()
    for _ in range(WAIT_S * 1000):
        if condition():
            return
        ticks.wait(0.001)
    raise AssertionError("it did not happen")


def has_ended(pid):
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(descriptor):
        return bool(select.select([descriptor], [], [], WAIT_S)[0])


def test_the_second_call_finds_the_worker_of_the_first(open_pool):
    pool, engine = open_pool()
    assert use(pool) == use(pool)
    assert len(engine.workers) == 1


def test_nothing_is_started_before_somebody_needs_it(open_pool):
    pool, engine = open_pool()
    assert engine.workers == []
    assert pool.figures().idle == 0


@pytest.mark.parametrize(
    ("tenant_id", "other"),
    [
        ("t2", program()),
        ("t1", program("other")),
        ("t1", program(version="1.0.1")),
        ("t1", program(source=SOURCE + "x = 1")),
    ],
)
def test_nothing_is_shared_between_tenants_applets_versions_or_sources(open_pool, tenant_id, other):
    pool, _ = open_pool()
    first = use(pool, "t1", program())
    assert use(pool, tenant_id, other) != first
    assert use(pool, "t1", program()) == first


def test_state_stays_with_the_tenant(open_pool):
    pool, _ = open_pool()
    keeping = program(keeps_state=True)
    seen = []
    for tenant_id in ("t1", "t2", "t1"):
        with pool.checkout(tenant_id, keeping) as lease:
            seen.append(run(lease, "remember", tenant_id))
    assert seen == [["t1"], ["t2"], ["t1", "t1"]]


def test_who_finds_a_worker_in_use_gets_another_at_once(open_pool):
    pool, engine = open_pool()
    with pool.checkout("t1", program()) as outer, pool.checkout("t1", program()) as inner:
        assert run(outer, "echo", 1) == run(inner, "echo", 1)
        assert outer.worker is not inner.worker
    assert pool.figures().idle == 2
    use(pool)
    assert len(engine.workers) == 2


def test_a_hook_called_from_within_a_call_runs_in_another_worker(open_pool):
    pool, _ = open_pool()
    pids = []

    def answer(capability, arguments):
        assert (capability, arguments) == ("sequence", ["numbers"])
        pids.append(use(pool))
        return 7

    with pool.checkout("t1", program()) as lease:
        pids.append(lease.worker.pid)
        assert run(lease, "ask", FACTS, answer=answer) == 7
    assert len(set(pids)) == 2


def test_when_all_are_in_use_nobody_waits(open_pool):
    pool, _ = open_pool(workers_max=2)
    with pool.checkout("t1", program()), pool.checkout("t2", program()), pytest.raises(SandboxBusy) as caught:
        pool.checkout("t3", program())
    assert (caught.value.code, caught.value.status, caught.value.details["maximum"]) == ("sandbox_busy", 503, 2)
    assert use(pool, "t3") > 0


def test_the_one_idle_for_longest_makes_room_and_is_really_gone(open_pool):
    pool, engine = open_pool(workers_max=3)
    first, second, third = (use(pool, tenant_id) for tenant_id in ("t1", "t2", "t3"))
    assert use(pool, "t1") == first
    use(pool, "t4")
    assert has_ended(second)
    assert (use(pool, "t1"), use(pool, "t3")) == (first, third)
    assert len(engine.living()) == 3
    assert pool.figures().evicted == 1


def test_idle_workers_are_let_go_after_a_while(open_pool):
    now = [100.0]
    pool, _ = open_pool(idle_s=60.0, clock=lambda: now[0])
    old = use(pool, "t1")
    now[0] += 59
    young = use(pool, "t2")
    now[0] += 1
    pool._upkeep.wake()
    assert has_ended(old)
    until(lambda: pool.figures().idle == 1)
    assert use(pool, "t2") == young


def test_a_worker_is_replaced_after_so_many_calls(open_pool):
    pool, _ = open_pool(calls_max=3)
    pids = [use(pool) for _ in range(4)]
    assert len(set(pids[:3])) == 1
    assert pids[3] != pids[0]
    assert has_ended(pids[0])
    assert pool.figures().recycled == 1


def test_a_worker_that_has_grown_is_replaced(open_pool):
    pool, _ = open_pool(growth_bytes_max=4 << 20)
    keeping = program(keeps_state=True)
    with pool.checkout("t1", keeping) as lease:
        pid = lease.worker.pid
        run(lease, "grow", 8 << 20)
        lease.call_many("echo", [[1]] * LOOK_EVERY_CALLS, no_answer, PATIENT)
    assert use(pool, "t1", keeping) != pid
    assert pool.figures().recycled == 1


def test_a_worker_that_has_not_grown_stays(open_pool):
    pool, _ = open_pool(growth_bytes_max=4 << 20)
    with pool.checkout("t1", program()) as lease:
        pid = lease.worker.pid
        lease.call_many("echo", [[1]] * LOOK_EVERY_CALLS, no_answer, PATIENT)
    assert use(pool) == pid


def test_after_a_violation_the_next_call_has_a_fresh_worker(open_pool):
    pool, engine = open_pool()
    with pytest.raises(Violation) as caught, pool.checkout("t1", program()) as lease:
        pid = lease.worker.pid
        run(lease, "crash")
    assert (caught.value.kind, caught.value.applet) == ("crashed", "demo")
    assert use(pool) != pid
    assert len(engine.living()) == 1


def test_a_program_that_does_not_load_leaves_its_place_free(open_pool):
    pool, engine = open_pool(workers_max=1)
    for _ in range(3):
        with pytest.raises(LoadFailed, match="ZeroDivisionError"):
            pool.checkout("t1", program(source="1 / 0"))
    assert use(pool) > 0
    assert len(engine.living()) == 1


def test_spares_wait_and_the_next_tenant_takes_one(open_pool):
    pool, engine = open_pool(spares=2, workers_max=20)
    until(lambda: pool.figures().spares == 2)
    waiting = {worker.pid for worker in engine.workers}
    assert use(pool) in waiting
    until(lambda: pool.figures().spares == 2)
    assert len(engine.workers) == 3


def test_the_next_spare_is_not_made_before_who_took_one_has_its_program(open_pool):
    pool, engine = open_pool(spares=1, workers_max=8)
    until(lambda: pool.figures().spares == 1)
    engine.is_asked.clear()
    (spare,) = engine.workers
    seen, load = [], spare.load

    def load_and_look(given):
        description = load(given)
        seen.append(engine.is_asked.is_set())
        return description

    spare.load = load_and_look
    assert use(pool) == spare.pid
    until(lambda: pool.figures().spares == 1)
    assert seen == [False]


def test_who_had_to_wait_for_a_worker_is_told_how_long(open_pool):
    pool, _ = open_pool()
    with pool.checkout("t1", program()) as first:
        run(first, "echo", 1)
    with pool.checkout("t1", program()) as second:
        run(second, "echo", 1)
    assert first.waited_s > 0
    assert second.waited_s == 0


def test_a_program_of_another_memory_limit_takes_no_spare(open_pool):
    pool, engine = open_pool(spares=2, workers_max=20)
    until(lambda: pool.figures().spares == 2)
    waiting = {worker.pid for worker in engine.workers}
    assert use(pool, "t1", program(memory_mb=32)) not in waiting


def test_spares_take_the_place_of_who_was_idle_for_longest(open_pool):
    pool, engine = open_pool(spares=1, workers_max=4)
    for tenant in range(6):
        use(pool, f"t{tenant}")
    until(lambda: pool.figures().spares == 1)
    assert len(engine.living()) <= 4


def test_a_spare_gives_way_to_a_program_that_cannot_use_it(open_pool):
    pool, _ = open_pool(spares=1, workers_max=4)
    until(lambda: pool.figures().spares == 1)
    small = program(memory_mb=32)
    with pool.checkout("a", small), pool.checkout("b", small), pool.checkout("c", small), pool.checkout("d", small):
        assert pool.figures().busy == 4


@pytest.mark.parametrize(
    ("tenants", "applets", "workers_max"),
    [(40, 3, 8), pytest.param(500, 3, 40, marks=pytest.mark.slow)],
)
def test_many_tenants_never_have_more_processes_than_there_may_be(open_pool, tenants, applets, workers_max):
    pool, engine = open_pool(workers_max=workers_max, spares=2)
    programs = [program(f"applet{number}") for number in range(applets)]
    most = 0

    def visit(number):
        nonlocal most
        use(pool, f"t{number}", programs[number % applets])
        most = max(most, len(engine.living()))

    for number in range(tenants * applets):
        visit(number % tenants if number % 7 else number // 7 % 5)
    assert most <= workers_max
    gone = [worker.pid for worker in engine.workers if worker.is_dead]
    assert len(gone) > tenants - workers_max
    assert all(has_ended(pid) for pid in gone)
    figures = pool.figures()
    assert figures.idle + figures.spares <= workers_max
    assert sum(applet.calls for applet in figures.applets) == tenants * applets


def test_threads_at_once_get_what_is_theirs(open_pool):
    pool, engine = open_pool(workers_max=14, spares=2)
    keeping = program(keeps_state=True)

    def work(number):
        tenant_id = f"t{number % 5}"
        for _ in range(30):
            with pool.checkout(tenant_id, keeping) as lease:
                assert set(run(lease, "remember", tenant_id)) == {tenant_id}
        return len(engine.living())

    with ThreadPoolExecutor(8) as threads:
        most = max(threads.map(work, range(16)))
    assert most <= 14
    assert pool.figures().busy == 0
    assert sum(applet.calls for applet in pool.figures().applets) == 16 * 30


def test_a_closed_pool_has_ended_all_and_starts_nothing(open_pool):
    pool, engine = open_pool(spares=1, workers_max=8)
    until(lambda: pool.figures().spares == 1)
    use(pool)
    pool.close()
    assert all(has_ended(worker.pid) for worker in engine.workers)
    with pytest.raises(SandboxOff, match="Bos is stopping"):
        pool.checkout("t1", program())
    pool.close()


def test_when_no_worker_can_be_started_the_next_caller_is_told_and_may_try_again(open_pool, monkeypatch):
    pool, engine = open_pool(spares=1, workers_max=8)
    until(lambda: pool.figures().spares == 1)

    def fail(memory_mb):
        engine.is_asked.set()
        raise WorkerUnavailable(reason="there is no memory left")

    engine.is_asked.clear()
    with monkeypatch.context() as patched:
        patched.setattr(engine, "spawn", fail)
        use(pool, "t1")
        assert engine.is_asked.wait(WAIT_S)
        with pytest.raises(WorkerUnavailable):
            use(pool, "t2")
    assert use(pool, "t2") > 0
    until(lambda: pool.figures().spares == 1)
    assert pool.figures().busy == 0


def test_upkeep_that_fails_is_tried_again(open_pool, monkeypatch, caplog):
    pool, _ = open_pool()
    failed = []

    def fail():
        failed.append(True)
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(pool._upkeep, "_work", fail)
        for count in (1, 2):
            pool._upkeep.wake()
            until(lambda count=count: len(failed) >= count)
    until(lambda: "it is tried again" in caplog.text)


def test_a_forked_child_leaves_the_workers_alone(open_pool):
    pool, _ = open_pool(spares=1, workers_max=8)
    before = use(pool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            pool.checkout("t1", program())
        except SandboxOff:
            # As whoever cleans up at the end of a process does.
            pool.close()
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert use(pool) == before
