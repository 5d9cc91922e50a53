"""Whatever is put before the policy, it answers with code or with violations, and never with another error."""

import ast
import copy
import random
import re
import warnings

import pytest

from sandbox.policy import check_sources, compile_sources
from sandbox.policy.rules import RULES
from tests.sandbox.corpus import attacks, benign

SOURCES = [each.source for each in [*attacks(), *benign()]]
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
MUTATIONS_PER_SEED = 100


def trees():
    for source in SOURCES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield ast.parse(source)
            except SyntaxError:
                continue


TREES = list(trees())


def mixed_text(rng):
    """Two programs mixed, with pieces left out, doubled and exchanged: most are no Python any more."""
    pieces, others = TOKEN.findall(rng.choice(SOURCES)), TOKEN.findall(rng.choice(SOURCES))
    for _ in range(rng.randint(1, 6)):
        at, other = rng.randrange(len(pieces) + 1), rng.randrange(len(others))
        pieces[at : at + rng.randint(0, 3)] = others[other : other + rng.randint(0, 4)]
    return "".join(pieces)


class Graft(ast.NodeTransformer):
    """Puts an expression of one program where another has one."""

    def __init__(self, target, scion):
        self.target, self.scion = target, scion

    def visit(self, node):
        return self.scion if node is self.target else self.generic_visit(node)


def mixed_tree(rng):
    """Two programs grafted: Python all the same, for the most part."""
    stem = copy.deepcopy(rng.choice(TREES))
    for _ in range(rng.randint(1, 4)):
        places = [node for node in ast.walk(stem) if isinstance(node, ast.expr)]
        scions = [node for node in ast.walk(rng.choice(TREES)) if isinstance(node, ast.expr)]
        stem = Graft(rng.choice(places), copy.deepcopy(rng.choice(scions))).visit(stem)
    try:
        return ast.unparse(stem)
    except ValueError:
        # Parts of an f-string stand in no other place.
        return "x = 1"


@pytest.mark.parametrize("mix", [mixed_text, mixed_tree])
@pytest.mark.parametrize("seed", range(5))
def test_mutated_programs_are_judged(mix, seed):
    rng = random.Random(seed)
    for _ in range(MUTATIONS_PER_SEED):
        source = mix(rng)
        violations = check_sources({"hooks": source})
        assert all(each.rule in RULES and each.message and each.instead for each in violations)
        if not violations:
            assert compile_sources({"hooks": source}).codes.keys() == {"hooks"}


@pytest.mark.parametrize("source", ["", "\n", "#", "x = 1\r\ny = 2\r", "\x0cx = 1", "x = '\\q'", "x = 0xfor x in y"])
def test_odd_sources_are_judged(source):
    assert {each.rule for each in check_sources({"hooks": source})} <= {"syntax"}
