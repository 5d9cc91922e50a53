"""The thread that does for a pool what no caller should wait for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sandbox.limits import UPKEEP_S

_log = logging.getLogger(__name__)


class Upkeep:
    """Calls `work` when woken, and every so often besides."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._wanted = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="bos-sandbox", daemon=True)

    def start(self) -> None:
        self._wanted.set()
        self._thread.start()

    def wake(self) -> None:
        self._wanted.set()

    def close(self) -> None:
        """Waits for what it is at."""
        self._is_closing = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closing:
            self._wanted.wait(UPKEEP_S)
            self._wanted.clear()
            if not self._is_closing:
                self._try()

    def _try(self) -> None:
        try:
            self._work()
        except Exception:  # reason: without this thread no spare is made and nothing idle is let go, ever again
            _log.exception("the upkeep of the sandbox's workers failed; it is tried again")
