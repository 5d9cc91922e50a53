"""Programs nobody has thought of, through the policy and, where it lets them, through workers."""

import collections

import pytest

from sandbox.policy import check_sources
from tests.sandbox.corpus.model import MARKER, MODULE, escape_of
from tests.sandbox.corpus.site import CALL, Site, kernel_bytes
from tests.sandbox.fuzz.programs import FORBIDDEN, RARE, generate

GROWTH_BYTES_MAX = 16 << 20
# The first of them make what is kept for all that follow.
WARMING = 20
# Nothing a program of these does takes so long or so much.
ENDS = frozenset({"deadline", "memory", "crashed", "quota"})


@pytest.fixture(scope="module")
def site():
    opened = Site({})
    yield opened
    opened.close()


def run_all(site, sources):
    """How they ended, counted. The program is told with what it did where that is what none may do."""
    before, counts = 0, collections.Counter()
    for number, source in enumerate(sources):
        if number == WARMING:
            before = kernel_bytes()
        violations = check_sources({MODULE: source})
        if violations:
            counts["refused"] += 1
            continue
        outcome, detail = site.run(source, f"generated{number}", 1, CALL)
        assert outcome != "refused", f"the worker's policy is another than ours:\n{source}"
        assert outcome != "violation" or detail in ENDS, f"{detail}:\n{source}"
        if outcome == "returned":
            assert marks_in(detail[0]) == [], f"an escape:\n{source}"
        counts[outcome] += 1
    site.canary()
    assert kernel_bytes() - before < GROWTH_BYTES_MAX
    return counts


def marks_in(value):
    """Escapes anywhere in what was returned: the tries stand in random places."""
    found, below = [], [value]
    while below:
        each = below.pop()
        found += filter(None, [escape_of(each)])
        if isinstance(each, str) and f"['{MARKER}'" in each:
            found.append(each)
        if isinstance(each, dict):
            below += each.values()
        elif isinstance(each, list | tuple):
            below += each
    return found


def test_three_hundred_generated_programs_reach_nothing(site):
    sources = generate(300)
    counts = run_all(site, sources)
    assert counts.total() >= 300
    # Neither all refused nor all harmless, or they would prove little.
    assert counts["refused"] >= 30
    assert counts["returned"] >= 30


@pytest.mark.slow
def test_ten_thousand_generated_programs_reach_nothing(site):
    sources = generate(10_000)
    assert run_all(site, sources).total() >= 10_000
    text = "\n".join(sources)
    assert [form for form in RARE if form.split("\n")[0] not in text] == []


def test_a_mark_is_found_wherever_it_stands():
    mark = ["ESCAPED", "object", "x"]
    assert marks_in({"a": [1, (mark, 2)]}) == ["object: x"]
    assert marks_in([str(mark)]) == [str(mark)]
    assert marks_in([["ESCAPED"], None, "ESCAPED"]) == []


@pytest.mark.parametrize("form", ["getattr({0}, '__class__')", "({0}).__class__", "'{{0.__class__}}'.format({0})"])
def test_what_is_tried_would_be_an_escape_in_plain_python(form):
    assert form in FORBIDDEN or form.replace("{{", "{{{{").replace("}}", "}}}}") in FORBIDDEN
