"""A bounded number of threads that look at tenants, each tenant by one of them at a time, in the order they came."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable


class Crew:
    """look: what is done with a name, in any of the threads. `start` it before giving it work."""

    def __init__(self, name: str, size: int, look: Callable[[str], None]) -> None:
        self._look = look
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(size)]

    @property
    def is_busy(self) -> bool:
        return bool(self._busy)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def give(self, name: str) -> None:
        """Have it looked at; once more afterwards, if it is being looked at now."""
        with self._lock:
            if name in self._busy:
                self._again.add(name)
                return
            self._busy.add(name)
        self._waiting.put(name)

    def stop(self, seconds_max: float) -> bool:
        """Finish what is at hand, begin nothing else; whether all ended in time."""
        for _ in self._threads:
            self._waiting.put(None)
        end = time.monotonic() + seconds_max
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (name := self._waiting.get()) is not None:
            self._look(name)
            with self._lock:
                is_wanted = name in self._again
                self._again.discard(name)
                if not is_wanted:
                    self._busy.discard(name)
            if is_wanted:
                # To the end: others have waited longer.
                self._waiting.put(name)
