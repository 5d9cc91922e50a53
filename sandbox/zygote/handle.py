"""The kernel's handle of the zygote: starts it, has workers forked, learns how they ended, replaces it in time."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.frames import HEADER
from sandbox.limits import ZYGOTE_SPAWNS_MAX, ZYGOTE_START_S_MAX
from sandbox.lockdown.levels import Walls
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.forking import Spawned, ZygoteProcess

# Any frame will do.
_GO = HEADER.pack(1) + b"\x90"
LOADER = "sandbox.worker.loading"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a probe: what the worker told, or the status it ended with (negative: the signal)."""

    told: str | None
    status: int | None


class Zygote:
    """Forks workers. Used by any thread; started by any thread.

    walls: what stands around its workers. loader: the module that loads programs; another one is for tests. path:
    directories to import from beside those of Bos.
    """

    def __init__(
        self,
        walls: Walls | None = None,
        *,
        loader: str = LOADER,
        path: Sequence[str] = (),
        spawns_max: int = ZYGOTE_SPAWNS_MAX,
    ) -> None:
        """Raises WorkerUnavailable when it cannot be started, or cannot raise its walls here."""
        self.walls = walls or Walls()
        self._loader, self._path, self._spawns_max = loader, tuple(path), spawns_max
        self._lock = threading.Lock()
        self._successor: ZygoteProcess | None = None
        self._retired: list[ZygoteProcess] = []
        self._is_closed = False
        self._current = self._started()

    @property
    def pid(self) -> int:
        """Process id of the one that workers come from now."""
        return self._current.pid

    def spawn(self, memory_mb: int) -> Spawned:
        """A worker, locked down and with nothing loaded. Raises WorkerUnavailable."""
        if memory_mb < 1:
            # A negative limit is none at all.
            raise ValueError(f"a worker has at least 1 MB, not {memory_mb}")
        return self._for_next().spawn(memory_mb, self.walls)

    def probe(self, name: str, walls: Walls, memory_mb: int = 64) -> Outcome:
        """Let a worker behind these walls try a forbidden thing."""
        forking = self._for_next()
        worker = forking.spawn(memory_mb, walls, name)
        with worker.socket:
            os.close(worker.pidfd)
            worker.socket.sendall(_GO)
            # Nothing comes when it was killed.
            told = forking.read_hello(worker.socket, None)
            return Outcome(None if told is None else told[0], self.exit_status(worker))

    def exit_status(self, worker: Spawned, wait_s: float = 0.5) -> int | None:
        """How a worker ended, negative for a signal (-31: a forbidden call), or None when that is not known by then.

        Told once.
        """
        status = worker.forking.exit_status(worker.number, wait_s)
        return status if isinstance(status, int) else None

    def close(self) -> None:
        """End it, and all its workers with it."""
        with self._lock:
            self._is_closed = True
            for forking in (self._current, self._successor, *self._retired):
                if forking is not None:
                    forking.close()
            self._successor, self._retired = None, []

    def _for_next(self) -> ZygoteProcess:
        """The process to fork the next worker from; a worn one is replaced once its successor is ready."""
        with self._lock:
            if self._is_closed:
                raise WorkerUnavailable(reason="it was closed")
            if not self._current.is_alive():
                self._replace_current(self._started())
            elif self._current.spawns >= self._spawns_max:
                self._renew()
            return self._current

    def _renew(self) -> None:
        if self._successor is None:
            self._successor = self._begun()
        if self._successor.is_ready(0):
            successor, self._successor = self._successor, None
            self._replace_current(successor)

    def _replace_current(self, successor: ZygoteProcess) -> None:
        # Its workers live as long as it does, so it stays until the last of them has ended.
        self._current.retire()
        self._retired = [forking for forking in (*self._retired, self._current) if not forking.is_buried()]
        self._current = successor

    def _begun(self) -> ZygoteProcess:
        return ZygoteProcess(self.walls, self._loader, self._path)

    def _started(self) -> ZygoteProcess:
        forking = self._begun()
        try:
            if not forking.is_ready(ZYGOTE_START_S_MAX):
                raise WorkerUnavailable(reason=f"the zygote is not ready after {ZYGOTE_START_S_MAX} s")
        except WorkerUnavailable:
            forking.close()
            raise
        return forking
