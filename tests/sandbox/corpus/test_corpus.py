"""With nothing but the policy and the runtime no attack gets anywhere, and no benign program is hindered."""

import collections
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.corpus import attacks, benign, escape_of
from tests.sandbox.corpus.model import HARM

ROOT = Path(__file__).resolve().parents[3]
ATTACKS = [each for each in attacks() if not each.exhausts]
BENIGN = benign()
# Of the attacks that are not for a worker alone, so many get somewhere when nothing is in their way.
PLAIN_ESCAPES_MIN = 300


def run_corpus(mode):
    command = [sys.executable, "-m", "tests.sandbox.corpus.runner", mode]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('["')]
    return {name: (outcome, detail) for name, outcome, detail in map(json.loads, lines)}


@pytest.fixture(scope="module")
def outcomes():
    return run_corpus("policy")


@pytest.mark.parametrize("name", [each.name for each in ATTACKS])
def test_an_attack_gets_nowhere(outcomes, name):
    outcome, detail = outcomes[name]
    assert outcome in ("refused", "raised", "returned"), detail


@pytest.mark.parametrize("program", BENIGN, ids=lambda each: each.name)
def test_a_benign_program_gives_its_value(outcomes, program):
    expected = json.loads(json.dumps(program.expected, default=repr))
    assert outcomes[program.name] == ("returned", expected)


@pytest.mark.slow
def test_the_attacks_are_alive_where_nothing_guards():
    """An attack that could never work would prove nothing."""
    plain = run_corpus("plain")
    assert sum(outcome == "escaped" for outcome, _ in plain.values()) >= PLAIN_ESCAPES_MIN
    kinds = {detail.partition(":")[0] for outcome, detail in plain.values() if outcome == "escaped"}
    assert {"object", "poison"} | HARM <= kinds


def test_the_corpus_is_as_large_as_it_says():
    assert len(attacks()) >= 450
    assert len(BENIGN) >= 50
    assert len({each.name for each in [*attacks(), *BENIGN]}) == len(attacks()) + len(BENIGN)
    families = collections.Counter(each.family for each in attacks())
    assert len(families) >= 14
    assert min(families.values()) >= 10


@pytest.mark.parametrize(
    ("value", "with_policy", "without"),
    [
        (["ESCAPED", "object", "x"], "object: x", None),
        (["ESCAPED", "file", "root:x"], "file: root:x", "file: root:x"),
        (["escaped", "file", "x"], None, None),
        ("ESCAPED", None, None),
        (None, None, None),
    ],
)
def test_an_escape_is_known_by_what_is_returned(value, with_policy, without):
    assert escape_of(value) == with_policy
    assert escape_of(value, is_policy_on=False) == without
