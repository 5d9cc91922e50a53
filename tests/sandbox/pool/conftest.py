"""Real workers, without a language policy: what a pool does with them does not depend on what they run."""

import contextlib
import threading

import pytest

from sandbox.host import Deadlines, Program
from sandbox.host.native_engine import NativeEngine
from sandbox.pool import Pool, Sizes
from tests.sandbox.worker.client import RAW, zygote_or_skip

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
SOURCE = """
state = []

def echo(value):
    return value

def remember(value):
    state.append(value)
    return state

def ask(ctx):
    return ctx.sequence("numbers")

def spin():
    while True:
        pass

def grow(count):
    state.append(bytearray(count))

def give_up():
    raise MemoryError

def crash():
    import ctypes
    ctypes.string_at(0)
"""


def program(applet="demo", version="1.0.0", source=SOURCE, **more):
    return Program(applet, version, str(hash(source)), {"hooks": source}, **more)


class CountedEngine:
    """The real engine; remembers the workers it made, and can be told to wait before it makes one."""

    def __init__(self, zygote):
        self._engine = NativeEngine(zygote, "full")
        self.level = self._engine.level
        self.workers = []
        self.may_spawn = threading.Event()
        self.may_spawn.set()
        self.is_asked = threading.Event()

    def spawn(self, memory_mb):
        self.is_asked.set()
        assert self.may_spawn.wait(30)
        worker = self._engine.spawn(memory_mb)
        self.workers.append(worker)
        return worker

    def close(self):
        """The zygote is the module's."""

    def living(self):
        return [worker for worker in self.workers if not worker.is_dead]


@pytest.fixture(scope="package")
def zygote():
    zygote = zygote_or_skip(loader=RAW, spawns_max=100_000)
    yield zygote
    zygote.close()


@pytest.fixture
def open_pool(zygote):
    """Pools of these sizes; closed in the end."""
    with contextlib.ExitStack() as stack:

        def open_one(*, spares=0, **sizes):
            options = {name: sizes.pop(name) for name in ("clock",) if name in sizes}
            engine = CountedEngine(zygote)
            pool = Pool(engine, Sizes(spares=spares, **sizes), **options)
            stack.callback(pool.close)
            return pool, engine

        yield open_one


def no_answer(capability, arguments):
    raise AssertionError(capability)


def run(lease, function, *arguments, deadlines=PATIENT, answer=no_answer):
    return lease.run("hooks", function, list(arguments), answer, deadlines).value


def use(pool, tenant_id="t1", given=None, function="echo", *arguments):
    """One call; the process id of the worker that served it."""
    with pool.checkout(tenant_id, given or program()) as lease:
        run(lease, function, *(arguments or ([1] if function == "echo" else [])))
        return lease.worker.pid
