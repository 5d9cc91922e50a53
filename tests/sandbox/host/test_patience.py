"""What becomes of a worker whose time is up."""

import pytest

from sandbox.host import Deadlines
from sandbox.host.patience import Patience, Step
from sandbox.limits import ANSWERS_S_MAX

NOW = Deadlines(soft_s=0.0, hard_s=0.0)
HOURS = Deadlines(soft_s=3600.0, hard_s=7200.0)


def of(deadlines, *, cpu_s):
    return Patience(deadlines, lambda: cpu_s, 0.0)


def test_who_used_the_cpu_is_interrupted_and_then_killed():
    patience = of(NOW, cpu_s=1000.0)
    assert [patience.expire(), patience.expire(), patience.expire()] == [Step.INTERRUPT, Step.KILL, Step.KILL]
    assert patience.is_interrupted
    assert not patience.is_extended


def test_who_hardly_got_the_cpu_has_as_much_time_again_once():
    patience = of(HOURS, cpu_s=0.0)
    before = patience.left_s()
    assert patience.expire() is Step.WAIT_ON
    assert patience.left_s() - before == pytest.approx(HOURS.soft_s, abs=60)
    assert patience.budget_s == 2 * HOURS.soft_s
    assert patience.expire() is Step.INTERRUPT
    assert patience.left_s() - before == pytest.approx(HOURS.soft_s + HOURS.hard_s - HOURS.soft_s, abs=60)
    assert patience.expire() is Step.KILL


def test_a_hard_deadline_before_the_soft_one_leaves_a_moment_for_the_interrupt():
    patience = of(Deadlines(soft_s=3600.0, hard_s=1.0), cpu_s=1e9)
    before = patience.left_s()
    patience.expire()
    assert patience.left_s() > before - 60


@pytest.mark.parametrize(("bound", "has_left"), [(None, True), (0.0, False)])
def test_answers_have_their_own_bound(bound, has_left):
    patience = of(Deadlines(1.0, 2.0, answers_s=bound), cpu_s=0.0)
    patience.pause()
    patience.resume()
    assert patience.has_answers_left is has_left
    assert patience.answers_s_max == (ANSWERS_S_MAX if bound is None else bound)


def test_cpu_used_before_the_call_does_not_count():
    assert Patience(NOW, lambda: 50.0, 50.0).is_machine_busy()
    assert not Patience(NOW, lambda: 1050.0, 50.0).is_machine_busy()
