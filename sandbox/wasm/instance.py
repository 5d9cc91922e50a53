"""One instance of the component: text in, text out, and whoever runs it asked at each tick whether it may go on."""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Protocol

from wasmtime import Engine, Store, WasmtimeError, _bindings
from wasmtime.component import Component, Linker

from sandbox.wasm.limits import NESTED_CALLS_MAX

_MIB = 1 << 20


class Runner(Protocol):
    """Whose call runs on a thread."""

    def asked(self, request: str, place: str) -> str | None:
        """The answer; None ends the call. Raises nothing: between here and there is native code."""

    def may_go_on(self) -> bool: ...


class TooNested(Exception):
    """More calls wait for each other on this thread than its stack holds."""


class _Turns(threading.local):
    """The calls on this thread, the one that runs last."""

    def __init__(self) -> None:
        self.runners: list[Runner] = []


_turns = _Turns()


class Instance:
    """Used by one thread at a time. Raises WasmtimeError where its memory is too small to begin in."""

    def __init__(self, engine: Engine, linker: Linker, component: Component, memory_bytes: int) -> None:
        self._store = Store(engine)
        self._store.set_limits(memory_size=memory_bytes)
        # Each tick is one: the next is always the deadline, and what `_tick` says counts.
        self._store.set_epoch_deadline(1)
        _bindings.wasmtime_store_epoch_deadline_callback(self._store.ptr(), _on_tick, None, _NO_FINALIZER)
        function = linker.instantiate(self._store, component).get_func(self._store, "answer")
        assert function is not None
        self._answer = function

    def answer(self, text: str, runner: Runner) -> str:
        """Raises WasmtimeError when it ended instead, TooNested."""
        runners = _turns.runners
        if len(runners) >= NESTED_CALLS_MAX:
            raise TooNested
        runners.append(runner)
        try:
            answer: str = self._answer(self._store, text)
        finally:
            runners.pop()
        return answer

    def close(self) -> None:
        """Never while it runs."""
        self._store.close()


def ask(store: Any, request: str, place: str) -> str:
    """The import of that name, for all instances."""
    answer = _turns.runners[-1].asked(request, place)
    if answer is None:
        # No other kind: the library keeps those in one place for all threads.
        raise WasmtimeError("the call is over")
    return answer


def base_bytes(engine: Engine, linker: Linker, component: Component, most_mb: int) -> int:
    """The memory an instance begins with, found by trying, in whole MiB."""
    low, high = 0, most_mb
    while low < high:
        middle = (low + high) // 2
        try:
            Instance(engine, linker, component, middle * _MIB).close()
            high = middle
        except WasmtimeError:
            low = middle + 1
    return low * _MIB


def _tick(context: Any, data: Any, ticks: Any, kind: Any) -> int:
    """What the library asks when a deadline has come: an error to end with, or 0 and when to ask again."""
    if _turns.runners and not _turns.runners[-1].may_go_on():
        return ctypes.cast(WasmtimeError("the call is over")._consume(), ctypes.c_void_p).value or 0
    ticks[0] = 1
    return 0


# The library wraps all of its interface but this. They live as long as the process: stores keep their addresses.
_raw: Any = _bindings
_CALLBACK, _FINALIZER = (_raw._wasmtime_store_epoch_deadline_callback.argtypes[place] for place in (1, 3))
_on_tick = _CALLBACK(_tick)
_NO_FINALIZER: Any = ctypes.cast(0, _FINALIZER)
