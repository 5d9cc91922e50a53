"""Attacks and generated programs in workers of a pool, beside a neighbour who must not notice."""

import gc
import resource
from pathlib import Path

from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.host import Deadlines, Program, Status, Violation
from sandbox.host.native_engine import NativeEngine
from sandbox.pool import Pool, Sizes
from sdk.document_errors import DocumentNotFound
from tests.sandbox.corpus.model import APPLET, FUNCTION, MODULE
from tests.sandbox.worker.client import FACTS, zygote_or_skip

CALL = Deadlines(soft_s=0.2, hard_s=0.6)
PATIENT = Deadlines(soft_s=10.0, hard_s=20.0)
# What another tenant's worker holds; nothing that leaves an attack may hold it.
NEIGHBOUR_SECRET = "neighbour-7f3a91c5"
CANARY = f"""
secret = "{NEIGHBOUR_SECRET}"

def run(ctx):
    return [ctx.tenant.name, sum(range(10)), len(secret)]
"""


class Site:
    """A pool as the kernel has it, and a neighbour in it who is asked again and again."""

    def __init__(self, loader_options, engine=None):
        """engine: closed with the site; by default that of processes, whose zygote has these options."""
        engine = engine or NativeEngine(zygote_or_skip(**loader_options), "full")
        self.pool = Pool(engine, Sizes(workers_max=8, spares=2))
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


def kernel_bytes():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
