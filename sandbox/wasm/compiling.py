"""The compiler of the component, set up the same where it compiles and where the result is run."""

from __future__ import annotations

from pathlib import Path

from wasmtime import Config, Engine
from wasmtime.component import Component

from sandbox.wasm.limits import STACK_BYTES_MAX


def make_engine() -> Engine:
    """Of these settings depends what the compiled code does: it is run with no others."""
    config = Config()
    # Deadlines, also of loops in C: compiled code looks at the clock at each turn.
    config.epoch_interruption = True
    config.max_wasm_stack = STACK_BYTES_MAX
    return Engine(config)


def compile_component(source: str, output: str) -> None:
    """source, output: paths of files."""
    component = Component(make_engine(), Path(source).read_bytes())
    Path(output).write_bytes(component.serialize())
