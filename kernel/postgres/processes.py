"""What the system knows of another process: whether it lives, since when, under which name."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PROC = Path("/proc")
# Of the fields of /proc/<pid>/stat after the name, which may hold spaces and parentheses itself.
_STATE, _START = 0, 19


def read_start(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none or it has ended."""
    if not (_PROC / "self").exists():
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout.strip()
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # Where nothing collects the dead (a container without init), a killed process stays listed as a zombie.
    return "" if fields[_STATE] in "ZX" else fields[_START]


def read_name(pid: int) -> str | None:
    """The program's short name; None where the system does not tell."""
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
