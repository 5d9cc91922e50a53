"""Keeps the garbage collector's pauses short: what has survived a full collection is not looked at in the next one."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any

# A server keeps some 200,000 objects for good, and a full collection stops every request for 100 to 250 ms.
WHOLE_EVERY_S = 1800.0
_OLDEST = 2


class ShortCollections:
    """A callback of `gc`. Full collections freeze what they leave; now and then one looks at everything again.

    Most of what a server drops later goes by its count of references. What goes in cycles, such as catalogues of an
    earlier generation, waits for the collection that is whole.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._whole_at = clock()

    def __call__(self, phase: str, about: Mapping[str, Any]) -> None:
        if about["generation"] != _OLDEST:
            return
        if phase == "stop":
            gc.freeze()
        elif self._clock() - self._whole_at >= WHOLE_EVERY_S:
            self._whole_at = self._clock()
            gc.unfreeze()


def shorten_collections() -> None:
    """Once per process that serves requests or works in the background."""
    gc.callbacks.append(ShortCollections())
