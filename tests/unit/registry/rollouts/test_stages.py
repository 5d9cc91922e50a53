"""Who comes when is decided by the ids alone."""

import pytest

from registry.rollouts.stages import assign_stages

TENANTS = [f"0199-{number}" for number in range(375)]


@pytest.mark.parametrize(
    ("count", "stages", "sizes"),
    [
        (20, (5, 50, 100), [1, 9, 10]),
        (3, (5, 50, 100), [1, 1, 1]),
        (1, (5, 50, 100), [1, 0, 0]),
        (20, (10,), [2]),
        (7, (0.1, 30), [1, 2]),
        (0, (5, 100), [0, 0]),
        # Exactly 33, though floating point makes it a little more.
        (375, (8.8, 100), [33, 342]),
    ],
)
def test_every_stage_brings_as_many_as_its_share_says_and_the_first_one_at_least(count, stages, sizes):
    assigned = assign_stages("rollout", TENANTS[:count], stages)
    assert [list(assigned.values()).count(stage) for stage in range(len(stages))] == sizes


def test_the_same_rollout_chooses_the_same_tenants_in_whatever_order_they_are_given():
    assert assign_stages("one", TENANTS[:20], (5, 50, 100)) == assign_stages("one", TENANTS[:20][::-1], (5, 50, 100))


def test_another_rollout_begins_with_other_tenants():
    first = {next(iter(assign_stages(str(number), TENANTS, (5, 100)))) for number in range(20)}
    assert len(first) > 5


def test_tenants_come_in_the_order_of_their_stages():
    assigned = list(assign_stages("one", TENANTS[:20], (5, 50, 100)).values())
    assert assigned == sorted(assigned)
