"""When a failed delivery is tried again, and when no more."""

from __future__ import annotations

import random
from datetime import timedelta

ATTEMPTS_MAX = 10
RETRY_DELAY_S_MIN = 1.0
RETRY_DELAY_S_MAX = 3600.0
# Up to a quarter is added, so that what failed together does not come back together.
RETRY_JITTER = 0.25
ERROR_CHARACTERS_MAX = 2000


def retry_delay(attempts: int, chance: random.Random) -> timedelta:
    """The pause after so many failures: doubled each time, bounded, with jitter."""
    seconds = min(RETRY_DELAY_S_MIN * 2 ** min(attempts - 1, 32), RETRY_DELAY_S_MAX)
    return timedelta(seconds=seconds * (1 + RETRY_JITTER * chance.random()))


def error_text(error: BaseException) -> str:
    """What is kept of an error: its class, its text, and of its cause the same; cut."""
    texts = [f"{type(error).__name__}: {error}"]
    if error.__cause__ is not None:
        texts.append(f"{type(error.__cause__).__name__}: {error.__cause__}")
    return " <- ".join(texts).replace("\0", "")[:ERROR_CHARACTERS_MAX]
