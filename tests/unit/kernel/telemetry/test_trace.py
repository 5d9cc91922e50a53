"""W3C trace context: continued where it is right, begun anew where it is not."""

import re

import pytest

from kernel.telemetry.trace import start_span

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_trace_is_continued_with_a_span_of_our_own():
    span = start_span(f"00-{TRACE}-{PARENT}-00")
    assert span.trace_id == TRACE
    assert span.span_id != PARENT
    assert span.traceparent == f"00-{TRACE}-{span.span_id}-00"


def test_a_later_version_may_say_more():
    assert start_span(f"01-{TRACE}-{PARENT}-01-more").trace_id == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None, "", "nonsense", f"00-{TRACE}-{PARENT}", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE.upper()}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01-more",
    ],
)  # fmt: skip
def test_a_missing_or_broken_header_begins_a_new_trace(header):
    span = start_span(header)
    assert span.trace_id != TRACE
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", span.traceparent)


def test_two_spans_differ():
    assert start_span(None) != start_span(None)
