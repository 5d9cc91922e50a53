"""Who has work: the names announced in this process, handed to whoever waits."""

from __future__ import annotations

import threading


class Announcements:
    """A set with a bell. A name announced twice before somebody looks counts once."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._bell = threading.Condition()
        self._is_closed = False

    def add(self, *names: str) -> None:
        with self._bell:
            self._names.update(names)
            self._bell.notify_all()

    def note(self, name: str) -> None:
        """Announce without ringing the bell: whoever waits finds the name when the wait is over."""
        with self._bell:
            self._names.add(name)

    def take(self, timeout_s: float) -> frozenset[str]:
        """All names announced so far; waits for one up to the timeout."""
        with self._bell:
            if not self._names and not self._is_closed:
                self._bell.wait(timeout_s)
            taken = frozenset(self._names)
            self._names.clear()
        return taken

    def close(self) -> None:
        with self._bell:
            self._is_closed = True
            self._bell.notify_all()
