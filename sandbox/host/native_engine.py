"""The engine of locked-down processes: what the zygote forks, as workers."""

from __future__ import annotations

from functools import partial

from sandbox.host.native import NativeWorker
from sandbox.zygote.handle import Zygote


class NativeEngine:
    """An `Engine`. zygote: the engine's from now on, closed with it. level: what its walls amount to."""

    def __init__(self, zygote: Zygote, level: str) -> None:
        self._zygote, self._level = zygote, level

    @property
    def level(self) -> str:
        return self._level

    def spawn(self, memory_mb: int) -> NativeWorker:
        """Raises WorkerUnavailable."""
        born = self._zygote.spawn(memory_mb)
        obituary = partial(self._zygote.exit_status, born)
        return NativeWorker(born.socket, born.pid, born.pidfd, obituary, memory_mb)

    def close(self) -> None:
        self._zygote.close()
