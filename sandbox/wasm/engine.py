"""The engine of WebAssembly: an instance of the component for each worker, in the process and thread of who calls."""

from __future__ import annotations

from pathlib import Path

from wasmtime import WasmtimeError
from wasmtime.component import Component, Linker

from sandbox.host.asked import AskedWorker
from sandbox.lockdown.levels import Level
from sandbox.wasm.artifact import load_artifact
from sandbox.wasm.compiling import make_engine
from sandbox.wasm.conversation import WasmConversation
from sandbox.wasm.imports import link
from sandbox.wasm.instance import Instance, ask, base_bytes
from sandbox.wasm.limits import BASE_MB_MAX
from sandbox.wasm.ticking import Clock
from sandbox.zygote.errors import WorkerUnavailable

_MIB = 1 << 20


class WasmWorker(AskedWorker):
    """A `Worker`."""

    @property
    def memory_bytes(self) -> int:
        """Not to be learnt from outside, and 0 here; that it stays below its limit is what holds."""
        return 0


class WasmEngine:
    """An `Engine`. Used by any thread."""

    def __init__(self, code: bytes) -> None:
        """code: of `load_artifact`. Raises WorkerUnavailable."""
        self._engine = make_engine()
        try:
            self._component = Component.deserialize(self._engine, code)
            self._linker = Linker(self._engine)
            link(self._linker, self._component, ask)
            self._base_bytes = base_bytes(self._engine, self._linker, self._component, BASE_MB_MAX)
        except WasmtimeError as error:
            raise WorkerUnavailable(reason=f"its component does not run here: {error}") from error
        self._clock = Clock(self._engine.increment_epoch)

    @property
    def level(self) -> str:
        return Level.WASM

    def spawn(self, memory_mb: int) -> WasmWorker:
        """Raises WorkerUnavailable."""
        try:
            instance = Instance(self._engine, self._linker, self._component, self._base_bytes + memory_mb * _MIB)
        except WasmtimeError as error:
            raise WorkerUnavailable(reason=str(error)) from error
        return WasmWorker(WasmConversation(instance, memory_mb, self._clock))

    def close(self) -> None:
        self._clock.close()


def open_engine(data_dir: Path) -> WasmEngine:
    """data_dir: where the compiled component is kept; without one there it is built, which takes a while. Raises
    WorkerUnavailable."""
    return WasmEngine(load_artifact(data_dir))
