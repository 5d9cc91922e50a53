"""A log line is one JSON object of exactly the documented fields, without secrets."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from kernel.telemetry.logs import FIELDS, configure_logs, get_logger
from kernel.telemetry.scope import LogScope, log_scope


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    config, out = structlog.get_config(), io.StringIO()
    yield out
    structlog.configure(**config)
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_exactly_the_documented_fields(stream):
    configure_logs("api", stream=stream)
    get_logger().info("request.finished", status=200, duration=0.012)
    (line,) = lines(stream)
    assert tuple(line) == FIELDS
    assert tuple(line) == (
        "timestamp", "level", "service", "tenantId", "userId", "requestId", "traceId", "spanId", "event", "message",
        "data", "duration", "status",
    )  # fmt: skip
    assert (line["service"], line["level"], line["event"]) == ("api", "info", "request.finished")
    assert (line["status"], line["duration"], line["data"]) == (200, 0.012, None)
    assert line["timestamp"].endswith("Z")


def test_what_has_no_field_of_its_own_stands_in_data(stream):
    configure_logs("api", stream=stream)
    get_logger(method="GET").info("request.finished", path="/x")
    assert lines(stream)[0]["data"] == {"method": "GET", "path": "/x"}


def test_a_line_carries_the_ids_of_the_work_at_hand(stream):
    configure_logs("worker", stream=stream)
    with log_scope(LogScope("r-1", "t" * 32, "s" * 16)) as scope:
        scope.tenant_id, scope.user_id = "acme", "u-1"
        get_logger().info("x")
    get_logger().info("y")
    inside, outside = lines(stream)
    assert [inside[name] for name in ("tenantId", "userId", "requestId", "traceId", "spanId")] == [
        "acme", "u-1", "r-1", "t" * 32, "s" * 16,
    ]  # fmt: skip
    assert outside["tenantId"] is None
    assert outside["requestId"] is None


def test_lines_of_libraries_and_applets_end_in_the_same_stream(stream):
    configure_logs("api", stream=stream)
    logging.getLogger("bos.applet.ledger").warning("period %s", "2026-01", extra={"document": "d-1"})
    (line,) = lines(stream)
    assert (line["event"], line["message"], line["level"]) == ("bos.applet.ledger", "period 2026-01", "warning")
    assert line["data"] == {"document": "d-1"}
    assert tuple(line) == FIELDS


def test_less_important_lines_are_left_out(stream):
    configure_logs("api", level="warning", stream=stream)
    get_logger().info("quiet")
    logging.getLogger("x").info("quiet")
    get_logger().error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


@pytest.mark.parametrize("given", [True, "object"])
def test_an_exception_is_told_with_its_traceback_and_without_its_secrets(stream, given):
    configure_logs("api", stream=stream)
    try:
        raise ValueError("postgresql://bos:hunter2@db/x refused")
    except ValueError as error:
        get_logger().error("failed", exc_info=error if given == "object" else True)
    told = lines(stream)[0]["data"]["exception"]
    assert "ValueError: postgresql://bos:[redacted]@db/x refused" in told
    assert "hunter2" not in stream.getvalue()


def test_an_exception_logged_by_a_library_is_told_too(stream):
    configure_logs("api", stream=stream)
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("lib").exception("went wrong")
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert "KeyError: 'x'" in line["data"]["exception"]


def test_what_json_cannot_hold_is_told_as_text(stream):
    configure_logs("api", stream=stream)
    get_logger().info("x", thing=object, number=1)
    assert lines(stream)[0]["data"] == {"thing": "<class 'object'>", "number": 1}


def test_before_anything_is_configured_only_warnings_are_told_and_without_secrets(capsys):
    get_logger().info("quiet")
    get_logger().warning("loud", password="hunter2")
    told = capsys.readouterr().err
    assert "loud" in told
    assert "quiet" not in told
    assert "hunter2" not in told


def test_text_lines_are_for_people(stream):
    configure_logs("api", format="text", stream=stream)
    with log_scope(LogScope(tenant_id="acme")):
        get_logger().info("request.finished", status=200, path="/x")
    assert stream.getvalue().rstrip().endswith("info    request.finished tenant=acme status=200 path=/x")


def test_what_was_sent_neither_begins_a_line_nor_commands_the_terminal(stream):
    configure_logs("api", format="text", stream=stream)
    get_logger().info("request.finished", path="/x\n12:00:00.000 info    all is well\x1b[2J\x9b")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r"path=/x\n12:00:00.000 info    all is well\x1b[2J\x9b")
