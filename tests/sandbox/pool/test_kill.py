"""The kill switch, and what calls cost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.errors import AppletStopped
from sandbox.host import Deadlines, Violation
from sandbox.pool.meters import BOUNDS_S, percentile_ms
from tests.sandbox.pool.conftest import PATIENT, program, run, use
from tests.sandbox.pool.test_checkout import has_ended, until

KEYS = [("t1", "a", "1"), ("t1", "a", "2"), ("t1", "b", "1"), ("t2", "a", "1")]


@pytest.mark.parametrize(
    ("which", "killed"),
    [
        ({}, [0, 1, 2, 3]),
        ({"tenant_id": "t1"}, [0, 1, 2]),
        ({"applet": "a"}, [0, 1, 3]),
        ({"applet": "a", "version": "1"}, [0, 3]),
        ({"tenant_id": "t1", "applet": "a"}, [0, 1]),
        ({"tenant_id": "t3"}, []),
    ],
)
def test_workers_are_killed_by_tenant_applet_and_version(open_pool, which, killed):
    pool, _ = open_pool()
    pids = [use(pool, tenant_id, program(applet, version)) for tenant_id, applet, version in KEYS]
    assert pool.kill("it was switched off", **which) == len(killed)
    assert all(has_ended(pids[number]) for number in killed)
    after = [use(pool, tenant_id, program(applet, version)) for tenant_id, applet, version in KEYS]
    assert [number for number in range(len(KEYS)) if after[number] != pids[number]] == killed
    assert pool.figures().killed == len(killed)


def test_a_call_in_progress_ends_with_the_reason(open_pool):
    pool, engine = open_pool()

    def spin():
        with pool.checkout("t1", program()) as lease:
            run(lease, "spin")

    with ThreadPoolExecutor(1) as threads:
        spinning = threads.submit(spin)
        until(lambda: engine.workers and pool.figures().busy == 1)
        pool.kill("the operator switched it off", applet="demo")
        with pytest.raises(AppletStopped) as caught:
            spinning.result()
    assert caught.value.message == "Applet demo was stopped: the operator switched it off."
    assert pool.figures().busy == 0
    assert engine.living() == []
    assert use(pool) > 0


def test_who_is_about_to_begin_is_killed_as_well(open_pool):
    pool, engine = open_pool()
    engine.may_spawn.clear()
    with ThreadPoolExecutor(1) as threads:
        beginning = threads.submit(use, pool)
        assert engine.is_asked.wait(30)
        assert pool.kill("it was switched off", tenant_id="t1") == 1
        engine.may_spawn.set()
        with pytest.raises(AppletStopped, match="it was switched off"):
            beginning.result()
    assert engine.living() == []


def test_closing_ends_calls_in_progress(open_pool):
    pool, engine = open_pool()

    def spin():
        with pool.checkout("t1", program()) as lease:
            run(lease, "spin")

    with ThreadPoolExecutor(1) as threads:
        spinning = threads.submit(spin)
        until(lambda: engine.workers and pool.figures().busy == 1)
        pool.close("Bos is stopping")
        with pytest.raises(AppletStopped, match="Bos is stopping"):
            spinning.result()
    assert engine.living() == []


def test_a_lease_killed_between_two_calls_ends_at_the_next(open_pool):
    pool, _ = open_pool()
    with pytest.raises(AppletStopped), pool.checkout("t1", program()) as lease:
        run(lease, "echo", 1)
        pool.kill("it was switched off")
        run(lease, "echo", 1)


def test_calls_cpu_and_memory_are_told_by_applet(open_pool):
    pool, _ = open_pool()
    for tenant_id in ("t1", "t2"):
        use(pool, tenant_id)
    use(pool, "t1", program("other"))
    with pool.checkout("t1", program()) as lease:
        lease.call_many("echo", [[n] for n in range(10)], None, PATIENT)
    demo, other = pool.figures().applets
    assert (demo.applet, demo.calls, demo.workers, demo.violations) == ("demo", 12, 2, {})
    assert (other.applet, other.calls, other.workers) == ("other", 1, 1)
    assert 0 < demo.p50_ms <= demo.p95_ms
    assert demo.cpu_s > 0
    assert demo.memory_bytes > 500_000


def test_violations_and_denials_are_counted_by_applet(open_pool):
    pool, _ = open_pool()
    for function, deadlines in (("crash", PATIENT), ("spin", Deadlines(0.02, 0.2)), ("crash", PATIENT)):
        with pytest.raises(Violation), pool.checkout("t1", program()) as lease:
            run(lease, function, deadlines=deadlines)
    with pytest.raises(Violation):
        pool.checkout("t1", program(source="import ctypes\nctypes.string_at(0)"))
    pool.deny("demo", 2)
    pool.deny("never called", 1)
    demo, never = pool.figures().applets
    assert demo.violations == {"crashed": 3, "deadline": 1}
    assert (demo.denials, never.denials, never.p50_ms) == (2, 1, None)


def test_what_memory_is_used_up_is_told(open_pool):
    pool, _ = open_pool()
    with pytest.raises(Violation) as caught, pool.checkout("t1", program()) as lease:
        run(lease, "grow", 1 << 30)
    assert caught.value.kind == "memory"
    assert caught.value.reason.startswith("its memory of 128 MB was exceeded at line ")


def test_the_figures_tell_the_state_of_the_pool(open_pool):
    pool, _ = open_pool(workers_max=8, spares=2)
    until(lambda: pool.figures().spares == 2)
    with pool.checkout("t1", program()):
        figures = pool.figures()
    assert (figures.level, figures.workers_max, figures.busy, figures.idle) == ("full", 8, 1, 0)


@pytest.mark.parametrize(
    ("buckets", "share", "ms"),
    [
        ({}, 0.5, None),
        ({0: 10}, 0.5, 0.005),
        ({0: 10}, 1.0, 0.01),
        ({12: 99, len(BOUNDS_S): 1}, 1.0, BOUNDS_S[-1] * 1000),
    ],
)
def test_a_percentile_lies_within_its_bucket(buckets, share, ms):
    counts = [buckets.get(number, 0) for number in range(len(BOUNDS_S) + 1)]
    assert percentile_ms(counts, share) == (None if ms is None else pytest.approx(ms))


def test_bounds_rise():
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))
