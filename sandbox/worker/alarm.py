"""The soft deadline: a signal from the kernel that ends a call where the applet stands."""

from __future__ import annotations

import signal
from types import FrameType


class DeadlineExceeded(BaseException):
    """Raised in the middle of an applet's code; no `except` of an applet can catch it."""


class Alarm:
    """Goes off in a call only, and never between the two halves of a frame."""

    def __init__(self) -> None:
        self._is_armed = self._is_shielded = self._is_due = False

    def listen(self) -> None:
        signal.signal(signal.SIGALRM, self._ring)

    def arm(self) -> None:
        self._is_armed, self._is_due = True, False

    def disarm(self) -> None:
        self._is_armed = False

    def shield(self) -> None:
        self._is_shielded = True

    def unshield(self) -> None:
        """Raises DeadlineExceeded when it came meanwhile."""
        self._is_shielded = False
        if self._is_due and self._is_armed:
            self._is_due = False
            raise DeadlineExceeded

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if not self._is_armed:
            return
        if self._is_shielded:
            self._is_due = True
            return
        raise DeadlineExceeded
