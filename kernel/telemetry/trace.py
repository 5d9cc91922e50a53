"""W3C trace context (https://www.w3.org/TR/trace-context/): accepted, continued with a span of our own, answered."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class Span:
    """Ours within a trace. flags: two hexadecimal digits, 01 means sampled."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def start_span(traceparent: str | None) -> Span:
    """A new span of the trace a header names, or of a new trace where the header is missing or broken."""
    trace_id, flags = _parse(traceparent) if traceparent else (None, "01")
    return Span(trace_id or os.urandom(16).hex(), os.urandom(8).hex(), flags)


def _parse(traceparent: str) -> tuple[str | None, str]:
    match = _TRACEPARENT.fullmatch(traceparent.strip())
    if match is None:
        return None, "01"
    version, trace_id, span_id, flags, rest = match.groups()
    # Version 00 has exactly four parts; later versions may append more; ff is forbidden.
    is_broken = version == "ff" or (version == "00" and rest) or trace_id == _NO_TRACE or span_id == _NO_SPAN
    return (None, "01") if is_broken else (trace_id, flags)
