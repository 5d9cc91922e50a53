"""A process of its own world: users, mounts, network, System V IPC, host name, processes and control groups."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.lockdown.libc import call, prctl

_CLONE_NEWUSER, _CLONE_NEWNS, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000, 0x20000000, 0x40000000
_CLONE_NEWIPC, _CLONE_NEWUTS, _CLONE_NEWCGROUP = 0x8000000, 0x4000000, 0x2000000
_ALL = (
    # First of all, for it is what lets somebody without privileges make the others.
    _CLONE_NEWUSER
    # A root that can be emptied without emptying the host's.
    | _CLONE_NEWNS
    # Other processes have no number here, so none can be signalled or traced.
    | _CLONE_NEWPID
    # No interface but a loopback that is down, and no abstract socket of the host.
    | _CLONE_NEWNET
    # Shared memory and message queues are named by numbers anybody may guess.
    | _CLONE_NEWIPC
    | _CLONE_NEWUTS
    | _CLONE_NEWCGROUP
)
_PR_SET_DUMPABLE = 4
NOBODY = 65534


def drop_root() -> None:
    """Go on as nobody, where this is root; else nothing."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def enter() -> None:
    """Leave the host's namespaces. Only children are in the process namespace, so the caller forks afterwards.

    Raises OSError where the machine does not let anybody do this.
    """
    drop_root()
    uid, gid = os.geteuid(), os.getegid()
    # A change of the user makes a process undumpable, and then its maps of users belong to root.
    prctl(_PR_SET_DUMPABLE, 1)
    call("unshare", _ALL)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    # Nobody inside, too: user 0 of a namespace gets its capabilities back with an exec.
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1", encoding="ascii")
