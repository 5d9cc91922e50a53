"""The search for who is to blame, without any request."""

import itertools
import math

import pytest
import typer

from registry.bisect.cli import read_request
from registry.bisect.search import close_over, find_culprits

NAMES = tuple("abcdefgh")


class Runs:
    """Fails while all of `culprits` are there; counts how often it was asked."""

    def __init__(self, *culprits: str) -> None:
        self.culprits, self.count = set(culprits), 0

    def __call__(self, chosen: frozenset[str]) -> bool:
        self.count += 1
        return self.culprits <= chosen


def free(names=NAMES):
    return {name: frozenset() for name in names}


@pytest.mark.parametrize("culprit", NAMES)
def test_one_culprit_among_n_is_found_in_log2_n_steps(culprit):
    runs = Runs(culprit)
    assert find_culprits(NAMES, free(), runs) == (culprit,)
    # One more where the last step has cleared its neighbour instead of convicting it.
    assert runs.count <= math.log2(len(NAMES)) + 1


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_any_number_of_candidates_will_do(count):
    names = NAMES[:1] + tuple(f"n{number}" for number in range(count - 1))
    for culprit in names:
        assert find_culprits(names, free(names), Runs(culprit)) == (culprit,)


@pytest.mark.parametrize("pair", list(itertools.combinations("adgh", 2)))
def test_two_that_fail_only_together_are_both_named(pair):
    assert find_culprits(NAMES, free(), Runs(*pair)) == pair


def test_three_that_fail_only_together_are_all_named():
    assert find_culprits(NAMES, free(), Runs("a", "c", "h")) == ("a", "c", "h")


def test_what_an_applet_requires_comes_with_it():
    requires = {**free(), "h": frozenset("g"), "g": frozenset("a")}
    assert close_over({"h"}, requires) == frozenset("hga")
    assert find_culprits(NAMES, requires, Runs("h")) == ("h",)


def test_a_required_applet_is_blamed_itself_and_not_who_requires_it():
    requires = {**free(), "h": frozenset("a")}
    assert find_culprits(tuple("bcdefgah"), requires, Runs("a")) == ("a",)


def test_a_request_is_read_as_it_is_typed():
    read = read_request(["post", "/api/v1/a/b?x=1", "--data", '{"n": 1}', "--header", "If-Match: 3"])
    assert (read.method, read.path, read.body, read.headers) == (
        "POST", "/api/v1/a/b?x=1", b'{"n":1}', {"If-Match": "3"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [["GET"], ["GET", "x"], ["GET", "/x", "--data"], ["GET", "/x", "--data", "{"], ["GET", "/x", "--header", "none"]],
)
def test_a_request_that_is_none_is_refused(words):
    with pytest.raises(typer.BadParameter):
        read_request(words)
