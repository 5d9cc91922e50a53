"""Values no log line should choke on, and secrets within what is no text."""

import io
import json
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from kernel.telemetry.logs import configure_logs, get_logger
from kernel.telemetry.redaction import REDACTED, redact


@pytest.fixture
def stream():
    stream = io.StringIO()
    configure_logs("api", stream=stream)
    yield stream
    configure_logs("bos", level="warning", format="text")


def data_of(stream):
    return json.loads(stream.getvalue())["data"]


@pytest.mark.parametrize("value", [2**70, -(2**64), 10**30])
def test_an_integer_of_any_size_is_told(stream, value):
    get_logger().info("request.finished", number=value)
    assert data_of(stream) == {"number": value}


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x1b[31mred", "line\nbreak", "\u2028"])
def test_a_text_of_any_characters_stays_on_one_line_and_comes_back(stream, text):
    get_logger().info("request.finished", path=text)
    assert stream.getvalue().count("\n") == 1
    assert data_of(stream) == {"path": text}


@pytest.mark.parametrize(
    "value",
    [
        ValueError("postgresql://bos:hunter2@db/bos"),
        {"of": RuntimeError("Authorization: Bearer hunter2")},
        [Path("/password=hunter2")],
        b"Basic hunter2",
    ],
)
def test_a_secret_in_what_is_told_as_text_is_blanked(stream, value):
    get_logger().info("request.failed", cause=value)
    assert "hunter2" not in stream.getvalue()
    assert REDACTED in stream.getvalue()


def test_what_has_a_form_of_its_own_keeps_it():
    id = UUID("00000000-0000-7000-8000-00000000000a")
    assert redact([None, True, 1, 1.5, id]) == [None, True, 1, 1.5, id]
    assert redact({"amount": Decimal("1.50")}) == {"amount": "1.50"}
