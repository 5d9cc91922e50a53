"""From a fork of the zygote to a worker behind all its walls."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.frames import WORKER_FD
from sandbox.lockdown import landlock, process, rlimits, seccomp
from sandbox.lockdown.levels import Walls
from sandbox.lockdown.rules import LOADING, SEALED

_DESCRIPTORS_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """One worker that is asked for. probe: the name of a probe to run instead of a program's calls."""

    number: int
    memory_mb: int
    walls: Walls
    probe: str | None = None


class _Nowhere(io.TextIOBase):
    """Standard input, output and error of a worker: a stray warning is lost rather than a forbidden call."""

    def write(self, text: str) -> int:
        return len(text)


class Birth:
    """What all workers have in common; made in the zygote, where whatever a worker needs not make itself is shared."""

    def __init__(self, base_bytes: int, walls: Walls) -> None:
        """base_bytes: address space a worker has before it does anything. walls: of any of the workers."""
        self._base_bytes, self._zygote = base_bytes, os.getpid()
        # Limits alone hold on architectures too that nobody has written the numbers down for.
        self._filters = (seccomp.Filter(LOADING), seccomp.Filter(SEALED)) if walls.seccomp else None

    def lock_down(self, socket_fd: int, order: Order) -> Callable[[], None]:
        """Raise the walls around this process; the answer raises the last one. Raises OSError when one cannot be."""
        process.die_with(self._zygote)
        _keep_only(socket_fd)
        if order.walls.landlock:
            # Makes a descriptor for a moment, which the limits would refuse.
            landlock.restrict()
        rlimits.limit(self._base_bytes + (order.memory_mb << 20))
        if self._filters is None or not order.walls.seccomp:
            return _stay
        loading, sealed = self._filters
        loading.install()
        return sealed.install


def _stay() -> None:
    """Without seccomp there is no second filter."""


def _keep_only(socket_fd: int) -> None:
    if socket_fd != WORKER_FD:
        os.dup2(socket_fd, WORKER_FD, inheritable=False)
    os.closerange(0, WORKER_FD)
    os.closerange(WORKER_FD + 1, _DESCRIPTORS_MAX)


def silence() -> None:
    """Nothing a worker or its zygote says reaches anybody."""
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, _Nowhere())
        setattr(sys, f"__{name}__", getattr(sys, name))
    sys.unraisablehook = sys.excepthook = _say_nothing


def _say_nothing(*_: object) -> None:
    """What cannot be raised is lost."""
