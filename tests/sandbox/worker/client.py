"""The kernel's end of a worker's wire, spelt out: what tests say to a worker, and what it says."""

import contextlib
import os
import select
import signal
import time
from datetime import UTC, date, datetime

import msgpack
import pytest

from sandbox.frames import BATCH, CALL, HEADER, LOAD, REPLY, REQUEST, RUN
from sandbox.host.telling import tell_error
from sandbox.lockdown.levels import Level, Walls
from sandbox.values import Facts, from_worker, pack
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.handle import LOADER, Zygote
from sdk import Actor, Tenant
from sdk.errors import BosError

RAW = "tests.sandbox.worker.raw_programs"
KILLED_BY_SECCOMP = -signal.SIGSYS
FACTS = Facts(
    Tenant("t1", "northwind", "Northwind", "EUR", "Europe/Berlin", "de"),
    Actor("u1", "user", "ann@example.com", "Ann", ("c1",)),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    date(2026, 1, 2),
    "c1",
    {"limit": "100", "nested": {"list": [1]}},
)


def zygote_or_skip(walls=None, loader=LOADER, **options):
    """Where the machine has no such walls the test is skipped, or fails if BOS_TEST_REQUIRE names the sandbox."""
    try:
        return Zygote(walls or Walls.of(Level.FULL), loader=loader, **options)
    except WorkerUnavailable as error:
        if "sandbox" in os.environ.get("BOS_TEST_REQUIRE", "").split(","):
            pytest.fail(f"{error.message} BOS_TEST_REQUIRE names the sandbox.")
        pytest.skip(error.message)


class Client:
    """One worker. `answers`: for each capability a function of its arguments; `asked`: what was asked, in order."""

    def __init__(self, zygote, memory_mb=128):
        self.zygote, self.answers, self.asked = zygote, {}, []
        self.worker = zygote.spawn(memory_mb)
        self.call_id, self.facts = 0, FACTS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.worker.socket.close()
        os.close(self.worker.pidfd)

    def load(self, source, *, keeps_state=False, **modules):
        return self.ask(LOAD, ["tested", "1.0.0", {"hooks": source, **modules}, {}, "hooks", keeps_state])

    def run(self, function, *arguments, module="hooks"):
        return self.ask(RUN, module, function, list(arguments))

    def call(self, function, *arguments):
        return self.ask(CALL, function, [self.facts, *arguments])

    def batch(self, function, *argument_lists):
        return self.ask(BATCH, function, [[self.facts, *arguments] for arguments in argument_lists])

    def ask(self, kind, *rest):
        """The frame that ends the call, without its kind and id; None when the worker ended instead."""
        self.call_id += 1
        self.send([kind, self.call_id, *rest])
        while (frame := self.receive()) is not None and frame[0] == REQUEST:
            assert frame[1] == self.call_id
            self.send([REPLY, self.call_id, *self.answer(*frame[2:])])
        if frame is None:
            return None
        assert frame[1] == self.call_id
        return frame[2:]

    def answer(self, capability, arguments):
        self.asked.append((capability, arguments))
        try:
            return True, self.answers[capability](*arguments)
        except BosError as error:
            return False, tell_error(error)

    def send(self, frame):
        data = pack(frame)
        # Who was interrupted meanwhile listens no more, and has said why.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.worker.socket.sendall(HEADER.pack(len(data)) + data)

    def receive(self):
        header = self._read(HEADER.size)
        if header is None:
            return None
        data = self._read(HEADER.unpack(header)[0])
        return None if data is None else msgpack.unpackb(data, ext_hook=from_worker, strict_map_key=False)

    def _read(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.worker.socket.recv(size - len(data))
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return data

    def status(self):
        return self.zygote.exit_status(self.worker, 5)

    def wait_until_busy(self, cpu_s=0.02):
        """Until it has computed that long: then it is past all that happens before an applet runs."""
        clock = (~self.worker.pid << 3) | 2
        until = time.clock_gettime(clock) + cpu_s
        while time.clock_gettime(clock) < until:
            os.sched_yield()

    def says_nothing(self):
        return not select.select([self.worker.socket], [], [], 0)[0]

    def interrupt(self):
        signal.pidfd_send_signal(self.worker.pidfd, signal.SIGALRM)
