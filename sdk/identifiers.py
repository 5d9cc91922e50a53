"""UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits, so that ids sort by time."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0
_RANDOM_BITS = 74  # 12 of rand_a and 62 of rand_b, around version and variant


def new_id() -> str:
    """A new UUIDv7 as text; ids made by one process never run backwards."""
    global _last
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big") >> 6
    with _lock:
        # Two ids of one millisecond keep the order they were asked for: method 3 of section 6.2.
        number = _last = max(number, _last + 1)
    high, low = number >> 62, number & (1 << 62) - 1
    stamp, random_high = high >> 12, high & 0xFFF
    return str(uuid.UUID(int=stamp << 80 | 7 << 76 | random_high << 64 | 2 << 62 | low))
