"""The corpus where it would run: in locked-down workers, with the language policy and without any.

Behind the policy nothing may even come to the walls. Without it the walls are all there is, and hold alone: objects of
the interpreter are there for the asking, but no file, process, network, secret or neighbour is.
"""

import gc
import re
import resource
from pathlib import Path

import pytest

from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.host import Deadlines, Program, Status, Violation
from sandbox.host.native_engine import NativeEngine
from sandbox.pool import Pool, Sizes
from sdk.document_errors import DocumentNotFound
from tests.sandbox.corpus import attacks, benign, escape_of
from tests.sandbox.corpus.model import APPLET, FUNCTION, MODULE
from tests.sandbox.worker.client import FACTS, RAW, zygote_or_skip

CALL = Deadlines(soft_s=0.2, hard_s=0.6)
PATIENT = Deadlines(soft_s=10.0, hard_s=20.0)
FAMILIES = sorted({each.family for each in attacks()})
EXHAUSTING = [each for each in attacks() if each.exhausts]
# Of those that take until their deadline the fast suite runs every so many.
SAMPLED_EVERY = 5
# How a call may end that costs too much, or that swallowed its own walls: it has got nowhere.
ENDS = frozenset({"deadline", "memory", "crashed", "quota"})
GRAVE_ENDS = ENDS | {"syscall", "protocol"}
# What walls leave to whoever has no policy, word for word: its own number, and the two settings that a zygote begins with.
LEFT = {
    "import_ctypes": re.compile(r"process: \d+"),
    "read_environment": re.compile(re.escape("secret: {'LC_ALL': 'C.UTF-8', 'TZ': 'UTC0'}")),
}
KERNEL_GROWTH_BYTES_MAX = 16 << 20
# What another tenant's worker holds; nothing that leaves an attack may hold it.
NEIGHBOUR_SECRET = "neighbour-7f3a91c5"
CANARY = f"""
secret = "{NEIGHBOUR_SECRET}"

def run(ctx):
    return [ctx.tenant.name, sum(range(10)), len(secret)]
"""


class Site:
    """A pool as the kernel has it, and a neighbour in it who is asked again and again."""

    def __init__(self, loader_options):
        self.pool = Pool(NativeEngine(zygote_or_skip(**loader_options), "full"), Sizes(workers_max=8, spares=2))
        self.asked = []
        self.canary()

    def close(self):
        self.pool.close()

    def answer(self, capability, arguments):
        self.asked.append(capability)
        raise DocumentNotFound(resource="anything", id="any")

    def run(self, source, name, calls, deadlines):
        """How it ended: (outcome, detail), detail of what it returned being the first that is an escape."""
        program = Program(APPLET, "1.0.0", f"{name}-{hash(source)}", {MODULE: source}, hooks_module=MODULE)
        try:
            with self.pool.checkout("attacker", program) as lease:
                values = [
                    self._value(lease.run(MODULE, FUNCTION, [FACTS], self.answer, deadlines)) for _ in range(calls)
                ]
        except PolicyRefused as refused:
            return "refused", refused.violations
        except LoadFailed as failed:
            return "failed", failed.message
        except Violation as violation:
            return "violation", violation.kind
        finally:
            self.pool.kill("the attack is over", tenant_id="attacker")
        return "returned", values

    def _value(self, result):
        return result.value if result.status is Status.RETURNED else result.failure

    def canary(self):
        """The neighbour's answer, from a worker that was there before and from one that was not."""
        for applet in ("canary", f"canary{len(self.asked)}"):
            program = Program(applet, "1.0.0", applet, {MODULE: CANARY}, hooks_module=MODULE)
            with self.pool.checkout("neighbour", program) as lease:
                result = lease.run(MODULE, FUNCTION, [FACTS], self.answer, PATIENT)
            assert result.value == ["northwind", 45, len(NEIGHBOUR_SECRET)], result.failure


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


def kernel_bytes():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


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
