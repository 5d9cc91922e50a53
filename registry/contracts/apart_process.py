"""The process that reads a sandboxed applet's code: files first, then walls, then the parser.

It is held as a worker is: no file, no process, no network, bounded memory and time; one descriptor to answer on.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from registry.contracts.apart_answer import Answer
from registry.contracts.code import read_code
from registry.contracts.source import UnreadableCode, read_sources
from registry.contracts.surface import offered_sdk
from sandbox.frames import WORKER_FD
from sandbox.lockdown import landlock, process, rlimits, seccomp
from sandbox.lockdown.libc import ARCHITECTURE, IS_LINUX
from sandbox.lockdown.rules import LOADING
from sandbox.lockdown.syscalls import NUMBERS
from sdk.applet import Applet

ANSWER_FD = WORKER_FD
ADDRESS_SPACE_BYTES = 1 << 30


def main(folder: str) -> None:
    """Answer on the descriptor that BOS_ANSWER_FD names."""
    given = int(os.environ["BOS_ANSWER_FD"])
    if given != ANSWER_FD:
        os.dup2(given, ANSWER_FD, inheritable=False)
        os.close(given)
    _answer(msgspec.json.encode(read(Path(folder))))
    # Nothing that runs at the end of an interpreter is needed, and much of it is forbidden by now.
    os._exit(0)


def read(folder: Path) -> Answer:
    try:
        applet, sources = Applet.load(folder), read_sources(folder)
        # Read from files as well, and kept.
        offered_sdk()
        _raise_walls()
        return Answer(read_code(applet, sources))
    except UnreadableCode as error:
        return Answer(None, str(error.details["file"]), str(error.details["reason"]))


def _raise_walls() -> None:
    """As many as there are here: this process has nothing in it but the SDK and what it is to read."""
    rlimits.limit(ADDRESS_SPACE_BYTES)
    if not IS_LINUX or ARCHITECTURE not in NUMBERS:
        return
    with contextlib.suppress(OSError):
        process.stay_small()
        process.hide()
        landlock.restrict()
    with contextlib.suppress(OSError):
        seccomp.Filter(LOADING).install()


def _answer(data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(ANSWER_FD, data[written:])
