"""A file as an untrusted applet: loaded into a worker of its own, its functions called, nothing of it kept."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from kernel.context import KernelContext, Work
from registry.sandboxing.cli.effects import Effects
from registry.sandboxing.cli.report import (
    Ending,
    Report,
    ending_by_loading,
    ending_by_policy,
    ending_by_violation,
    ending_of,
)
from registry.sandboxing.sandbox import Sandbox
from sandbox.broker import Broker, RequestFailed
from sandbox.errors import LoadFailed, PolicyRefused
from sandbox.host import Deadlines, Program, Violation, Worker
from sandbox.limits import MEMORY_MB
from sandbox.proxy.calling import facts_of
from sdk.errors import TooLarge
from sdk.errors import Violation as BrokenRule
from sdk.manifest import Capability

# Of a file that is read at all; the policy takes far less, and says so with its own words.
FILE_BYTES_MAX = 1_000_000
NAME_CHARACTERS_MAX = 40
# From the interrupt that tells the line to the end that tells nothing.
HARD_FACTOR = 2.0


class _Undone(Exception):
    """The call did not return: what it has written goes."""


def name_of(path: Path, taken: Collection[str]) -> str:
    """What the applet of a file is called: as the file, and as nobody else, for its own things are its to use."""
    plain = re.sub(r"[^a-z0-9_]", "_", path.stem.lower())[:NAME_CHARACTERS_MAX]
    name = plain if re.match(r"[a-z]", plain) and not keyword.iskeyword(plain) else f"file_{plain}"
    while name in taken:
        name += "_file"
    return name


def read_source(path: Path) -> str | Ending:
    """The text of the file, or why it is refused before anybody compiles it."""
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        return _unreadable("source_too_large", f"the file has more than {FILE_BYTES_MAX} bytes", "less of it", 0)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable("encoding", "the file is no UTF-8", "UTF-8", line)


def _unreadable(rule: str, message: str, instead: str, line: int) -> Ending:
    refused = PolicyRefused(violations=[BrokenRule(f"/file.py:{line}", rule, message, instead)])
    return ending_by_policy(refused)


class Trial:
    """One file. granted: what it may beyond its own things; soft_s: seconds of its own time per call."""

    def __init__(
        self, sandbox: Sandbox, applet: str, source: str, granted: tuple[Capability, ...], soft_s: float
    ) -> None:
        self.applet, self._sandbox, self._granted = applet, sandbox, granted
        digest = hashlib.sha256(source.encode(errors="replace")).hexdigest()
        self._program = Program(applet, "0.0.0", digest, {applet: source}, hooks_module=applet, memory_mb=MEMORY_MB)
        self._deadlines = Deadlines(soft_s, soft_s * HARD_FACTOR)
        self._worker: Worker | None = None

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def call(self, ctx: KernelContext, entry: str, user: str | None) -> Report:
        """Call a function of the file with `ctx`, as the applet has it. What it did is kept for the calls after it in
        the same transaction if it returned."""
        ctx = self._granting(ctx)
        effects = Effects(Broker(ctx.bind(self.applet)))
        began = perf_counter()
        ending = self._ending(ctx, entry, effects)
        ms = (perf_counter() - began) * 1000
        if ending.outcome != "returned":
            return Report(entry, user, ending, ms)
        return Report(entry, user, ending, ms, effects.events, effects.writes)

    def _granting(self, ctx: KernelContext) -> KernelContext:
        """A context that has nothing of the calls before, in which the applet has what it was granted."""
        capabilities = {**ctx.runtime.capabilities, self.applet: self._granted}
        return replace(ctx, runtime=replace(ctx.runtime, capabilities=capabilities), work=Work())

    def _ending(self, ctx: KernelContext, entry: str, effects: Effects) -> Ending:
        ending = Ending("failed")
        try:
            with ctx.uow.savepoint():
                ending = self._attempt(ctx, entry, effects)
                if ending.outcome != "returned":
                    raise _Undone
        except _Undone:
            return ending
        return ending

    def _attempt(self, ctx: KernelContext, entry: str, effects: Effects) -> Ending:
        try:
            worker = self._loaded()
            facts: list[Any] = [facts_of(ctx.bind(self.applet))]
            result = worker.run(self.applet, entry, facts, effects.answer, self._deadlines)
        except PolicyRefused as refused:
            return ending_by_policy(refused)
        except LoadFailed as failed:
            return ending_by_loading(failed)
        except Violation as violation:
            return ending_by_violation(violation)
        except TooLarge as error:
            return Ending("refused", code=error.code, message=error.message)
        failure = effects.failure
        if failure is not None:
            # Whatever the applet has made of it: the database is as before, and the fault is not its own.
            message = f"a request could not be answered: {type(failure).__name__}"
            return Ending("failed", code=RequestFailed.code, message=message)
        return ending_of(result)

    def _loaded(self) -> Worker:
        """The worker of all calls, as a tenant's serves all its users; another one where that was ended."""
        if self._worker is None or self._worker.is_dead:
            self._worker = self._sandbox.spawn(self._program.memory_mb)
            self._worker.load(self._program)
        return self._worker
