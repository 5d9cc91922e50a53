"""The loop of a worker: takes a frame, lets the applet do what it asks, answers with one frame."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sandbox.frames import (
    BATCH,
    CALL,
    DEADLINE,
    LOAD,
    MEMORY,
    POLICY,
    RAISED,
    REFUSED,
    REPLY,
    REQUEST,
    RESULT,
    RETURNED,
    RUN,
)
from sandbox.limits import FRAME_BYTES_MAX, RECURSION_DEPTH_MAX
from sandbox.policy import PolicyBroken
from sandbox.values import PackedFacts, pack
from sandbox.worker.alarm import Alarm, DeadlineExceeded
from sandbox.worker.channel import Channel
from sandbox.worker.context import Rooms, WorkerContext
from sandbox.worker.describing import Found, tell_hooks
from sandbox.worker.documents import LateNumber, Snapshot
from sandbox.worker.logs import Lines, Log
from sandbox.worker.memory import give_back
from sandbox.worker.outgoing import as_data
from sandbox.worker.telling import Told, heard, kind_of, tell, tell_end, tell_plainly
from sdk.document import Document
from sdk.errors import TooLarge

# Let go of when memory has run out, so that there is some to say so with.
_RESERVE_BYTES = 1 << 18
# Hooks that may change the document they are called for.
_CHANGING = frozenset({"before_save", "perform_action"})
_INVARIANTS = "check_invariants"
# Hooks that are asked for a value.
_ASKED = "resolve_"
# What a batch of results needs beside them.
_FRAME_MARGIN_BYTES = 1 << 12

# Where broken rules stand in an error that is told, and how many of them fit into a frame whatever they say.
_RULES_AT, _RULES_KEPT = 4, 20

Seal = Callable[[], None]
TakeLine = Callable[[str, str], None]
Value = tuple[Any, list[list[Any]]]


class Loader(Protocol):
    """Makes an applet's modules out of its sources. A module given to the zygote has such a class as `Programs`, and
    `warm`, which is called once in the zygote."""

    def __init__(self, seal: Seal, log: TakeLine) -> None:
        """seal: to be called when all is compiled and nothing has run. log: takes level and text of what is printed."""

    def load(
        self, applet: str, modules: Mapping[str, str], files: Mapping[str, str], hooks_module: str, keeps_state: bool
    ) -> Sequence[Found]:
        """Compile, seal, run; the hooks of the hooks module. Raises PolicyBroken, and what the modules raise."""

    def begin(self) -> None:
        """A call begins: it finds arithmetic as it always is, and nothing that another has left in the modules unless
        the program keeps its state."""

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """A function of a module, for the call that runs. Raises LookupError, and what the module raises."""

    def plain(self, value: Any) -> Any:
        """Data for a value of the applet's own class. Raises TypeError."""

    def module_of(self, file_name: str) -> str | None:
        """The module that tracebacks call so, None where it is none of the applet's."""


Programs = Callable[[Seal, TakeLine], Loader]


def serve(channel: Channel, alarm: Alarm, programs: Programs, seal: Seal) -> None:
    """Never returns: the process ends when the kernel has closed the other end.

    alarm: listening already, for behind its walls a process cannot say what a signal means to it.
    """
    worker = make_worker(channel, alarm, programs, seal)
    while True:
        worker.answer(channel.receive())


def make_worker(channel: Channel, alarm: Alarm, programs: Programs, seal: Seal) -> Worker:
    """The one of this interpreter, with nothing loaded yet."""
    lines = Lines()
    sys.setrecursionlimit(RECURSION_DEPTH_MAX)
    worker = Worker(channel, programs(seal, lines.add), alarm, lines)
    LateNumber.take = worker.take_number
    return worker


class Worker:
    """One program, one call at a time."""

    def __init__(self, channel: Channel, loader: Loader, alarm: Alarm, lines: Lines) -> None:
        self._channel, self._loader, self._alarm, self._lines = channel, loader, alarm, lines
        self._log, self._rooms = Log(lines), Rooms(self._ask)
        self._call_id = 0
        self._settings: bytes | None = None
        self._hooks_module = ""
        self._is_loaded = False
        self._hooks: dict[str, str] = {}
        # Not written to, so that it takes address space and no memory.
        self._reserve = bytes(_RESERVE_BYTES)
        self._do: dict[int, Callable[..., Value]] = {
            LOAD: self._load,
            CALL: self._call,
            BATCH: self._batch,
            RUN: self._run,
        }

    def answer(self, frame: list[Any]) -> None:
        """Do it and say what came of it. A call that ran out of time or memory is the last of its process."""
        kind, self._call_id, *rest = frame
        self._lines.begin()
        try:
            status, data = self._attempt(kind, rest)
        except DeadlineExceeded as error:
            self._alarm.disarm()
            status, data = DEADLINE, self._packed(DEADLINE, tell_end("DeadlineExceeded", error, self.module_of))
        self._channel.send_packed(data)
        if status in (DEADLINE, MEMORY):
            os._exit(0)

    def _attempt(self, kind: int, rest: list[Any]) -> tuple[int, bytes]:
        self._alarm.arm()
        try:
            value, changes = self._do[kind](*rest)
            status, data = RETURNED, self._packed(RETURNED, value, changes)
        except DeadlineExceeded:
            raise
        except BaseException as error:  # reason: an applet may raise anything, and its kernel is told of all of it
            status, data = self._failed(error)
        self._alarm.disarm()
        return status, data

    def _failed(self, error: BaseException) -> tuple[int, bytes]:
        if isinstance(error, MemoryError):
            return MEMORY, self._out_of_memory(error)
        if isinstance(error, PolicyBroken):
            told = tell_plainly("PolicyBroken", "", tuple(each.as_violation() for each in error.violations))
            return POLICY, self._packed_error(POLICY, told)
        status, told = self._told(error)
        return status, self._packed_error(status, told)

    def _out_of_memory(self, error: MemoryError) -> bytes:
        self._reserve = b""
        try:
            told = tell_end("MemoryError", error, self.module_of)
        except MemoryError:
            # Then without the place; what is left of the reserve is enough to say that.
            told = tell_plainly("MemoryError", "")
        return self._packed(MEMORY, told)

    def _packed_error(self, status: int, told: Told) -> bytes:
        try:
            return self._packed(status, told)
        except TooLarge:
            # Rules take the most: the first few say what is wrong.
            told[_RULES_AT] = told[_RULES_AT][:_RULES_KEPT]
            return self._packed(status, told)

    def _told(self, error: BaseException) -> tuple[int, Told]:
        """Runs code of the applet's: its error may make a text of itself."""
        try:
            return REFUSED if kind_of(error) else RAISED, tell(error, self.module_of)
        except Exception:  # reason: an applet's error may fail in any way while it is told
            return RAISED, tell_plainly(type(error).__name__[:100], "an error that cannot be told")

    def _packed(self, status: int, value: Any, changes: Sequence[Any] = ()) -> bytes:
        frame = [RESULT, self._call_id, status, value, list(changes), self._lines.kept, self._lines.dropped]
        return self._channel.pack(frame)

    def module_of(self, file_name: str) -> str | None:
        return self._loader.module_of(file_name)

    def _load(self, program: list[Any]) -> Value:
        if self._is_loaded:
            # The filter of loading is gone by then, and what it let pass would look like an attack.
            raise RuntimeError("a worker loads one program, once")
        self._is_loaded = True
        applet, _, modules, files, self._hooks_module, keeps_state = program
        found = self._loader.load(applet, modules, files, self._hooks_module, keeps_state)
        give_back()
        self._hooks = {hook.function: hook.hook for hook in found}
        return tell_hooks(found), []

    def _call(self, function: str, arguments: list[Any]) -> Value:
        hook = self._hooks.get(function, "")
        # Only the document the hook is about can be changed; the one before it is there to be looked at.
        value, changes = self._perform(self._hooks_module, function, arguments, 1 if hook in _CHANGING else 0)
        if hook == _INVARIANTS and value is not None:
            # Any iterable will do there, also one that is still to be run through.
            value = [*value]
        elif hook and not hook.startswith(_ASKED):
            # Nobody looks at it in process either, so it may be anything.
            value = None
        return value, changes

    def _run(self, module: str, function: str, arguments: list[Any]) -> Value:
        value, changes = self._perform(module, function, arguments, len(arguments))
        return as_data(value, self._loader.plain), changes

    def _perform(self, module: str, function: str, arguments: list[Any], changing: int) -> Value:
        self._loader.begin()
        # Settings are sent once: they are kept whatever becomes of this call.
        given = [self._context(value) if type(value) is PackedFacts else value for value in arguments]
        target = self._loader.function(module, function)
        before = list(self._snapshots(arguments, changing)) if changing else ()
        value = target(*given)
        return value, [[place, *found] for place, document, was in before if any(found := was.difference(document))]

    def _snapshots(self, arguments: list[Any], changing: int) -> Iterator[tuple[int, Document, Snapshot]]:
        """Of the documents among the first arguments after ctx, with their places."""
        given = [value for value in arguments if type(value) is not PackedFacts]
        for place, value in enumerate(given[:changing]):
            if isinstance(value, Document):
                yield place, value, Snapshot(value)

    def _context(self, packed: PackedFacts) -> WorkerContext:
        if packed.settings is not None:
            self._settings = packed.settings
        return WorkerContext(packed, self._settings, self._rooms, self._log)

    def _batch(self, function: str, argument_lists: list[list[Any]]) -> Value:
        results = [self._one(function, arguments) for arguments in argument_lists]
        try:
            self._packed(RETURNED, results)
        except (TypeError, ValueError, OverflowError, TooLarge):
            results = self._each_fit(results)
        return results, []

    def _one(self, function: str, arguments: list[Any]) -> list[Any]:
        try:
            return [RETURNED, *self._call(function, arguments)]
        except MemoryError:
            raise
        except Exception as error:  # reason: one of many failed; the others are none the worse for it
            return [*self._told(error), []]

    def _each_fit(self, results: list[list[Any]]) -> list[list[Any]]:
        """The results, each that cannot leave replaced by the reason why."""
        bytes_left, fitting = FRAME_BYTES_MAX - len(pack(self._lines.kept)) - _FRAME_MARGIN_BYTES, []
        for result in results:
            try:
                size = len(pack(result))
                if size > bytes_left:
                    raise TooLarge(limit="message of an applet", maximum=f"{FRAME_BYTES_MAX} bytes")
            except (TypeError, ValueError, OverflowError, TooLarge) as error:
                result = [*self._told(error), []]  # noqa: PLW2901 - this is what takes its place
                size = len(pack(result))
            bytes_left -= size
            fitting.append(result)
        return fitting

    def _ask(self, capability: str, arguments: list[Any]) -> Any:
        data = self._channel.pack([REQUEST, self._call_id, capability, arguments])
        self._alarm.shield()
        try:
            self._channel.send_packed(data)
        finally:
            self._alarm.unshield()
        kind, call_id, is_answered, value = self._channel.receive()
        if (kind, call_id) != (REPLY, self._call_id):
            os._exit(1)
        if is_answered:
            return value
        raise heard(value)

    def take_number(self, type: str, id: str) -> str | None:
        number: str | None = self._ask("documents.number", [[type, id]])
        return number
