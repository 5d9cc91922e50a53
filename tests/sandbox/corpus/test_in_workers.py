"""The corpus where it would run: in locked-down workers, with the language policy and without any.

Behind the policy nothing may even come to the walls. Without it the walls are all there is, and hold alone: objects of
the interpreter are there for the asking, but no file, process, network, secret or neighbour is.
"""

import re

import pytest

from tests.sandbox.corpus import attacks, benign, escape_of
from tests.sandbox.corpus.site import CALL, NEIGHBOUR_SECRET, PATIENT, Site, kernel_bytes
from tests.sandbox.worker.client import RAW

FAMILIES = sorted({each.family for each in attacks()})
EXHAUSTING = [each for each in attacks() if each.exhausts]
# Of those that take until their deadline the fast suite runs every so many.
SAMPLED_EVERY = 5
# How a call may end that costs too much, or that swallowed its own walls: it has got nowhere.
ENDS = frozenset({"deadline", "memory", "crashed", "quota"})
GRAVE_ENDS = ENDS | {"syscall", "protocol"}
# What walls leave to whoever has no policy, word for word: its own number, and two settings that a zygote begins with.
LEFT = {
    "import_ctypes": re.compile(r"process: \d+"),
    "read_environment": re.compile(re.escape("secret: {'LC_ALL': 'C.UTF-8', 'TZ': 'UTC0'}")),
}
KERNEL_GROWTH_BYTES_MAX = 16 << 20


@pytest.fixture(scope="module")
def site():
    opened = Site({})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def bare_site():
    """Without the policy: sources are executed with Python's own builtins."""
    opened = Site({"loader": RAW})
    yield opened
    opened.close()


def judge(site, some, *, is_policy_on):
    """What got anywhere, by name; the neighbour is asked afterwards, and this process is as large as before."""
    allowed = ENDS if is_policy_on else GRAVE_ENDS
    before, escapes = kernel_bytes(), {}
    for each in some:
        outcome, detail = site.run(each.source, each.name, 2, CALL)
        if outcome == "returned":
            found = next(filter(None, (escape_of(value, is_policy_on) for value in detail)), None)
        else:
            found = None if outcome != "violation" or detail in allowed else detail
        is_left = not is_policy_on and each.name in LEFT and LEFT[each.name].fullmatch(str(found))
        if found is not None and not is_left:
            escapes[each.name] = found
        if NEIGHBOUR_SECRET in repr(detail):
            escapes[each.name] = "a neighbour's secret"
    site.canary()
    assert kernel_bytes() - before < KERNEL_GROWTH_BYTES_MAX
    return escapes


def of_family(family):
    return [each for each in attacks() if each.family == family and not each.exhausts]


@pytest.mark.parametrize("family", FAMILIES)
def test_behind_the_policy_no_attack_comes_as_far_as_the_walls(site, family):
    assert judge(site, of_family(family), is_policy_on=True) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_policy_the_walls_hold_alone(bare_site, family):
    assert judge(bare_site, of_family(family), is_policy_on=False) == {}


def test_exhaustion_is_bounded_by_deadlines_and_memory(site):
    assert judge(site, EXHAUSTING[::SAMPLED_EVERY], is_policy_on=True) == {}


def test_exhaustion_without_a_policy_is_bounded_as_well(bare_site):
    assert judge(bare_site, EXHAUSTING[2::SAMPLED_EVERY], is_policy_on=False) == {}


@pytest.mark.slow
@pytest.mark.parametrize("is_policy_on", [True, False])
def test_every_exhaustion_is_bounded(site, bare_site, is_policy_on):
    assert judge(site if is_policy_on else bare_site, EXHAUSTING, is_policy_on=is_policy_on) == {}


def test_benign_programs_give_their_values(site):
    wrong = {}
    for each in benign():
        outcome, detail = site.run(each.source, each.name, 1, PATIENT)
        if outcome != "returned" or detail[0] != as_data(each.expected):
            wrong[each.name] = outcome, detail
    assert wrong == {}
    site.canary()


def as_data(value):
    """What it is once it has crossed: tuples are lists."""
    if isinstance(value, dict):
        return {name: as_data(each) for name, each in value.items()}
    return [as_data(each) for each in value] if isinstance(value, list | tuple) else value
