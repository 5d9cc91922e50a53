"""The corpus in instances, with the language policy and without any: there the component alone has to hold."""

import pytest

from tests.sandbox.corpus import benign, escape_of
from tests.sandbox.corpus.site import NEIGHBOUR_SECRET, PATIENT, Site
from tests.sandbox.corpus.test_in_workers import ENDS, EXHAUSTING, FAMILIES, GRAVE_ENDS, as_data, of_family
from tests.sandbox.wasm.conftest import open_component, require_extra
from tests.sandbox.wasm.programs import SHORT

pytestmark = pytest.mark.slow
# No RE2 is compiled for WebAssembly: whoever needs regular expressions is refused.
NO_RE = "the module re is not available"
WITHOUT_RE = frozenset({"regular_expressions", "regular_expression_that_is_refused"})
# Most of them take all of their time.
SAMPLED_EVERY = 3


@pytest.fixture(scope="module")
def site():
    require_extra()
    opened = Site({}, open_component())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def bare_site():
    """A component of its own, in which sources are executed with Python's own builtins."""
    require_extra()
    opened = Site({}, open_component("tests/sandbox/worker/raw_programs.py"))
    yield opened
    opened.close()


def judge(site, some, *, is_policy_on):
    """What got anywhere, by name; the neighbour is asked afterwards."""
    allowed, escapes = ENDS if is_policy_on else GRAVE_ENDS, {}
    for each in some:
        outcome, detail = site.run(each.source, each.name, 2, SHORT)
        found = None
        if outcome == "returned":
            found = next(filter(None, (escape_of(value, is_policy_on) for value in detail)), None)
        elif outcome == "violation" and detail not in allowed:
            found = detail
        if found is not None or NEIGHBOUR_SECRET in repr(detail):
            escapes[each.name] = found or "a neighbour's secret"
    site.canary()
    return escapes


@pytest.mark.parametrize("family", FAMILIES)
def test_behind_the_policy_no_attack_comes_as_far_as_the_walls(site, family):
    assert judge(site, of_family(family), is_policy_on=True) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_policy_the_component_holds_alone(bare_site, family):
    assert judge(bare_site, of_family(family), is_policy_on=False) == {}


def test_every_exhaustion_is_bounded(site):
    assert judge(site, EXHAUSTING, is_policy_on=True) == {}


def test_exhaustion_without_a_policy_is_bounded_as_well(bare_site):
    assert judge(bare_site, EXHAUSTING[::SAMPLED_EVERY], is_policy_on=False) == {}


def test_benign_programs_give_their_values(site):
    refused, wrong = set(), {}
    for each in benign():
        outcome, detail = site.run(each.source, each.name, 1, PATIENT)
        if outcome == "refused" and {violation.message for violation in detail} == {NO_RE}:
            refused.add(each.name)
        elif outcome != "returned" or detail[0] != as_data(each.expected):
            wrong[each.name] = outcome, detail
    assert (wrong, refused) == ({}, WITHOUT_RE)
    site.canary()
