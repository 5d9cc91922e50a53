"""Reads the code of a sandboxed applet in a process made for that: a parser in C is no place for strangers' texts."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from registry.contracts.apart_answer import Answer
from registry.contracts.code import Code
from registry.contracts.source import UnreadableCode
from sdk.applet import Applet

READING_S_MAX = 60.0
ANSWER_BYTES_MAX = 32 << 20
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1])\nfrom registry.contracts.apart_process import main\nmain(sys.argv[2])"
)
# Exact types, and nothing that is not in them.
_decoder = msgspec.json.Decoder(Answer)


def read_apart(applet: Applet) -> Code:
    """What `read_code` finds. Raises UnreadableCode."""
    answer = _run(applet.folder)
    try:
        told = _decoder.decode(answer)
    except msgspec.MsgspecError:
        raise UnreadableCode(file="its code", reason="reading it took more than it may, or ended badly") from None
    if told.code is None:
        raise UnreadableCode(file=told.file, reason=told.reason)
    return told.code


def _run(folder: Path) -> bytes:
    """All that the process wrote, as far as it came in time."""
    ours, theirs = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _PROGRAM, str(_ROOT), str(folder.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs],
            # No secret of the kernel's is in it.
            env={"LC_ALL": "C.UTF-8", "BOS_ANSWER_FD": str(theirs)},
            cwd="/",
        )
        os.close(theirs)
        try:
            return _read_all(ours)
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(ours)


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    size, end = 0, time.monotonic() + READING_S_MAX
    while size <= ANSWER_BYTES_MAX and (left := end - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            break
        part = os.read(descriptor, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return b""
