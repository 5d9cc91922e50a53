"""The limits of a call as a table for people; docs/sandbox.md holds the same."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox import limits
from sandbox.broker.quotas import DECIDING as REQUESTS
from sandbox.broker.quotas import LIVING as LIFE_REQUESTS
from sandbox.proxy.deadlines import DECIDING, HEARING, LIVING


def limits_of_calls() -> str:
    """Markdown: a row for each limit."""
    rows = ["| of a call | at most |", "|---|---|", *(f"| {what} | {most} |" for what, most in _rows())]
    return "\n".join(rows) + "\n"


def _rows() -> Iterator[tuple[str, str]]:
    for what, times in (("that decides", DECIDING), ("that hears an event", HEARING), ("once in its life", LIVING)):
        told = f"{times.soft_s:g} s; killed after {times.hard_s:g} s"
        yield f"own time of one {what}, unless its manifest says other `hook_ms`", told
    yield "answers to its requests, together", f"{limits.ANSWERS_S_MAX:g} s"
    yield "loading its modules", f"{limits.LOAD_SOFT_S:g} s; killed after {limits.LOAD_HARD_S:g} s"
    yield "memory, unless its manifest says other `memory_mb`", f"{limits.MEMORY_MB} MB"
    yield "requests", f"{REQUESTS.requests}, once in its life {LIFE_REQUESTS.requests:,}"
    yield "writes among them", f"{REQUESTS.writes}, once in its life {LIFE_REQUESTS.writes:,}"
    yield "events among them", f"{REQUESTS.events}, once in its life {LIFE_REQUESTS.events:,}"
    yield "arguments, results, each request", f"{limits.FRAME_BYTES_MAX:,} bytes"
    yield "log", f"{limits.LOG_LINES_MAX} lines, {limits.LOG_BYTES_MAX:,} bytes"
    yield "text of an error", f"{limits.ERROR_CHARACTERS_MAX:,} characters"
    yield "depth of recursion", f"{limits.RECURSION_DEPTH_MAX:,} functions"
