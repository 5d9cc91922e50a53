"""What can be asked of a rollout, and how it is written on the command line."""

import pytest
import typer

from registry.rollouts.cli import read_duration, read_percent
from registry.rollouts.errors import RolloutInvalid
from registry.rollouts.model import Limits, Wish


@pytest.mark.parametrize("stages", [(5, 50, 100), (100,), (0.1, 0.2)])
def test_rising_shares_are_fine(stages):
    Wish("shop", "2.0.0", stages).check()


@pytest.mark.parametrize(
    ("stages", "limits", "told"),
    [
        ((), Limits(), "0 stages"),
        ((50, 50), Limits(), "have to rise"),
        ((50, 5), Limits(), "have to rise"),
        ((0, 5), Limits(), "have to rise"),
        ((5, 101), Limits(), "have to rise"),
        (tuple(range(1, 22)), Limits(), "21 stages"),
        ((5,), Limits(watch=("luck",)), "luck cannot be watched"),
        ((5,), Limits(error_rate_max=1.1), "between 0 % and 100 %"),
        ((5,), Limits(p95_max_ratio=0.5), "1 at least"),
        ((5,), Limits(hold_s=-1), "30 days at most"),
        ((5,), Limits(hold_s=31 * 86400), "30 days at most"),
    ],
)
def test_others_are_refused_with_the_reason(stages, limits, told):
    with pytest.raises(RolloutInvalid) as refused:
        Wish("shop", "2.0.0", stages, limits).check()
    assert told in refused.value.message


def test_limits_are_the_same_after_they_were_stored():
    limits = Limits(("p95",), 0.05, 3.0, 60.0)
    assert Limits.from_json(limits.as_json()) == limits


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("1.5h", 5400), ("2d", 172800)])
def test_times_are_read(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize(("text", "percent"), [("5%", 5.0), ("0.5%", 0.5), ("100 %", 100.0)])
def test_shares_are_read(text, percent):
    assert read_percent(text) == percent


@pytest.mark.parametrize(
    ("read", "text"), [(read_duration, "10"), (read_duration, "m"), (read_percent, "5"), (read_percent, "x%")]
)
def test_what_is_neither_is_refused(read, text):
    with pytest.raises(typer.BadParameter):
        read(text)
