"""Rounds: ours and raw in turn, each as often as fits into its time."""

import pytest

from bench.__main__ import BENCHMARKS, main
from bench.rounds import COUNT_MAX, Effort, compare, count_for


@pytest.mark.parametrize(
    ("each_s", "seconds", "count"), [(0.01, 2.0, 200), (5.0, 2.0, 1), (1e-9, 2.0, COUNT_MAX), (0.0, 2.0, COUNT_MAX)]
)
def test_a_round_is_as_long_as_was_asked_for(each_s, seconds, count):
    assert count_for(lambda times: times * each_s, seconds, 10) == count


def test_a_warm_up_comes_before_what_decides_the_count():
    asked = []
    took = iter([9.0, 1.0])
    assert count_for(lambda times: asked.append(times) or next(took), 2.0, 10) == 20
    assert asked == [10, 10]


def test_ours_and_raw_take_turns():
    turns = []
    compare("x", lambda n: turns.append("ours") or n, lambda n: turns.append("raw") or n, Effort(3, 2.0), first=1)
    assert turns == ["ours", "ours", "raw", "raw", *["ours", "raw"] * 3]


@pytest.mark.parametrize(("unit", "ours", "raw"), [("/s", 50, 100), ("ms", 20, 10)])
def test_rates_and_times_come_from_the_same_seconds(unit, ours, raw):
    figure = compare("x", lambda n: n * 0.02, lambda n: n * 0.01, Effort(5, 2.0), unit=unit)
    assert figure.value == pytest.approx(ours)
    assert figure.limit == pytest.approx(raw)
    assert figure.ratio == pytest.approx(0.5)
    assert len(figure.ours) == len(figure.raw) == 5


def test_a_smoke_run_has_at_least_one_row():
    assert Effort(scale=0.001).rows(100) == 1


def test_the_agreed_benchmarks_are_there():
    agreed = {"create.inprocess", "create.http", "post.http", "list.filtered", "trial_balance"}
    assert agreed | {"tenant.create", "tenant.thousandth"} <= BENCHMARKS.keys()


def test_a_benchmark_nobody_knows_is_refused_before_anything_starts(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--only", "create.fax"])
    assert refused.value.code == 2
    assert "create.inprocess" in capsys.readouterr().err
