"""All that an instance can reach outside of its memory: the kernel, the time, and random numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from wasmtime.component import Component, Linker, Record

# The version of these interfaces is that of the component, which names what it imports.
_RANDOM, _ENVIRONMENT = "wasi:random/random@", "wasi:cli/environment@"
_WALL, _MONOTONIC = "wasi:clocks/wall-clock@", "wasi:clocks/monotonic-clock@"
_RANDOM_BYTES_MAX = 1 << 16
Function = Callable[..., Any]


def link(linker: Linker, component: Component, ask: Function) -> None:
    """Files, the network, standard streams, processes: whatever is not here is a trap, as a forbidden call is."""
    linker.define_unknown_imports_as_traps(component)
    linker.allow_shadowing = True
    with linker.root() as root:
        root.add_func("ask", ask)
        for name in component.type.imports(linker.engine):
            functions = _functions_of(name)
            if functions:
                with root.add_instance(name) as instance:
                    for each, function in functions.items():
                        instance.add_func(each, function)


def _functions_of(interface: str) -> dict[str, Function]:
    if interface.startswith(_WALL):
        # datetime.now() asks for it.
        return {"now": _now}
    if interface.startswith(_MONOTONIC):
        # Python's own time-outs and its garbage collector ask for it.
        return {"now": _monotonic}
    if interface.startswith(_RANDOM):
        # random.SystemRandom, uuid4.
        return {"get-random-bytes": _random_bytes}
    if interface.startswith(_ENVIRONMENT):
        # Asked for once, at the first call, by the runtime of the component: there is none.
        return {"get-environment": _nothing, "get-arguments": _nothing, "initial-cwd": _no_folder}
    return {}


def _now(store: Any) -> Record:
    now_ns = time.time_ns()
    record: Any = Record()
    record.seconds, record.nanoseconds = divmod(now_ns, 1_000_000_000)
    made: Record = record
    return made


def _monotonic(store: Any) -> int:
    return time.monotonic_ns()


def _random_bytes(store: Any, count: int) -> bytes:
    return os.urandom(min(count, _RANDOM_BYTES_MAX))


def _nothing(store: Any) -> list[Any]:
    return []


def _no_folder(store: Any) -> None:
    return None
