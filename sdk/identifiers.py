"""UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits, so that ids sort by time."""

from __future__ import annotations

import os
import threading
import time

_RANDOM_BITS = 74  # 12 of rand_a and 62 of rand_b, around version and variant


class _Ids:
    """The ids of one process, which never run backwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big") >> 6
        with self._lock:
            # Two ids of one millisecond keep the order they were asked for: method 3 of section 6.2.
            number = self._last = max(number, self._last + 1)
        high, low = number >> 62, number & (1 << 62) - 1
        stamp, random_high = high >> 12, high & 0xFFF
        text = f"{stamp << 80 | 7 << 76 | random_high << 64 | 2 << 62 | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_next_id = _Ids()


def new_id() -> str:
    """A new UUIDv7 as text; ids made by one process never run backwards."""
    return _next_id()
