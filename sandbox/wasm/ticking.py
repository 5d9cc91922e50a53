"""The clock of running instances: WebAssembly looks at a counter at each turn of a loop, and this is who counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from sandbox.wasm.limits import IDLE_TICKS, TICK_S


class Clock:
    """Ticks while something runs (`with clock:`), and a while longer: to wake it costs more than a few ticks."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._lock = threading.Lock()
        self._running = 0
        self._is_asleep = self._is_closed = False
        self._wake, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="bos-wasm-clock", daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
            is_asleep = self._is_asleep
        if is_asleep:
            self._wake.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._running -= 1

    def close(self) -> None:
        self._end.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        idle = 0
        while not self._end.wait(TICK_S):
            self._tick()
            idle = 0 if self._running else idle + 1
            if idle > IDLE_TICKS:
                self._sleep()
                idle = 0

    def _sleep(self) -> None:
        with self._lock:
            if self._running:
                return
            self._wake.clear()
            self._is_asleep = True
        if not self._end.is_set():
            self._wake.wait()
        with self._lock:
            self._is_asleep = False
