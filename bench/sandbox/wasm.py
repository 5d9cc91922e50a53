"""What the engine of WebAssembly costs: python -m bench.sandbox.wasm

Prints, and keeps nothing: the component is built in a folder that goes again. Needs the extra `wasm`.
"""

from __future__ import annotations

import gc
import resource
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.rounds import say
from bench.sandbox.applet import PROGRAM, TYPE, BareContext, hooks_in, make_order
from bench.sandbox.timing import durations_us, told
from sandbox.host import Deadlines, Worker
from sandbox.pool import Pool, Sizes
from sandbox.proxy.calling import facts_of
from sandbox.wasm.artifact import load_artifact
from sandbox.wasm.engine import WasmEngine

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
SECONDS = 2.0
REQUESTS = 10
INSTANCES = 50
MEMORY_MB = 128


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        load_artifact(Path(folder))
        say(f"component built and compiled: {perf_counter() - began:.1f} s")
        began = perf_counter()
        code = load_artifact(Path(folder))
        say(f"found again, its {len(code) / 1e6:.0f} MB checked: {(perf_counter() - began) * 1e3:.0f} ms")
    began = perf_counter()
    engine = WasmEngine(code)
    say(f"loaded: {(perf_counter() - began) * 1e3:.0f} ms")
    pool = Pool(engine, Sizes())
    try:
        _measure_instances(engine)
        _measure_calls(engine, pool)
    finally:
        pool.close()


def _measure_instances(engine: WasmEngine) -> None:
    say(f"an instance: {told(durations_us(lambda: engine.spawn(MEMORY_MB).close(), SECONDS))}")
    say(f"with a program loaded: {told(durations_us(lambda: _loaded(engine).close(), SECONDS))}")
    before = _resident_bytes()
    kept = [_loaded(engine) for _ in range(INSTANCES)]
    for worker in kept:
        worker.run("hooks", "ask", [_facts(), 1], _answer, PATIENT)
    say(f"memory of one that was called: {(_resident_bytes() - before) / INSTANCES / 1e6:.1f} MB")
    for worker in kept:
        worker.close()


def _measure_calls(engine: WasmEngine, pool: Pool) -> None:
    worker = _loaded(engine)
    nothing = durations_us(lambda: worker.run("hooks", "ask", [_facts(), 0], _answer, PATIENT), SECONDS)
    asking = durations_us(lambda: worker.run("hooks", "ask", [_facts(), REQUESTS], _answer, PATIENT), SECONDS)
    say(f"a call of nothing: {told(nothing)}")
    say(f"a nested request: {(asking[len(asking) // 2] - nothing[len(nothing) // 2]) / REQUESTS:.1f} µs")
    worker.close()
    hooks, ctx, order = hooks_in(pool), BareContext(), make_order()
    saving = durations_us(lambda: hooks.call("before_save", TYPE, ctx=ctx, document=order, previous=None), SECONDS)
    say(f"before_save of 1 kB: {told(saving)}")


def _loaded(engine: WasmEngine) -> Worker:
    worker = engine.spawn(MEMORY_MB)
    worker.load(PROGRAM)
    return worker


def _facts() -> Any:
    return facts_of(BareContext())


def _answer(capability: str, arguments: list[Any]) -> Any:
    return make_order()


def _resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
