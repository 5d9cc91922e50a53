"""Limits of one process: the wall that every system has."""

from __future__ import annotations

import resource

from sandbox.limits import STACK_BYTES_MAX, WORKER_CPU_S_MAX


def limits(address_space_bytes: int) -> dict[int, int]:
    """What a worker may have of each resource."""
    return {
        # A core dump would put tenants' data on the disk.
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        # Counted per user, so it may be reached by others; seccomp is what stops a fork for certain.
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 16,
        # None at all, not one more than there are: closed 0, 1 and 2 would be free slots below any number above 3,
        # and what is open already stays usable.
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_STACK: STACK_BYTES_MAX,
        resource.RLIMIT_CPU: WORKER_CPU_S_MAX,
        resource.RLIMIT_AS: address_space_bytes,
    }


def limit(address_space_bytes: int) -> None:
    """For good: soft and hard limits are the same. Raises OSError."""
    for kind, maximum in limits(address_space_bytes).items():
        _, hard = resource.getrlimit(kind)
        # The machine's operator may have set a lower one, which only root could raise.
        allowed = maximum if hard == resource.RLIM_INFINITY else min(maximum, hard)
        resource.setrlimit(kind, (allowed, allowed))
