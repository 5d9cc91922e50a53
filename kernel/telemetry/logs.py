"""Structured logs: one JSON object a line, always with the same fields.

`log.info("request.finished", message=..., status=200, duration=0.012, anything=...)`: the event is a stable name,
what has no field of its own goes into `data`. The standard library's loggers end in the same stream.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog

from kernel.telemetry.redaction import redact
from kernel.telemetry.scope import LogScope, current_scope

FIELDS = (
    "timestamp", "level", "service", "tenantId", "userId", "requestId", "traceId", "spanId",
    "event", "message", "data", "duration", "status",
)  # fmt: skip
_OWN = ("message", "duration", "status")
# What a LogRecord has anyway; everything else came as `extra`.
_RECORD_KEYS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_EMPTY = LogScope()
# Of what somebody has sent, a path for instance: a line of its own, or a command to the terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_CONTROLS_AND_BREAKS = {**_CONTROLS, ord("\n"): "\\n", ord("\t"): "\\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}

Line = MutableMapping[str, Any]
Renderer = Callable[[dict[str, Any]], str]


def configure_logs(service: str, *, level: str = "info", format: str = "json", stream: TextIO | None = None) -> None:
    """Set up the logs of this process, once, at its start. service: `api`, `worker`, `cli`; format: json or text."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    render = _render_text if format == "text" else _render_json
    _configure(service, threshold, render, stream)
    handler = _ForeignHandler(service, render, stream or sys.stderr)
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # uvicorn's access line says less than ours and would double it.
    logging.getLogger("uvicorn.access").disabled = True


def _configure(service: str, threshold: int, render: Renderer, stream: TextIO | None) -> None:
    def shape_line(_logger: Any, method: str, given: Line) -> str:
        return render(shape(service, method, given))

    structlog.configure(
        processors=[shape_line],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(**data: Any) -> Any:
    """A logger whose lines carry this data."""
    return structlog.get_logger(**data)


def shape(service: str, method: str, given: Line) -> dict[str, Any]:
    """Exactly the documented fields, null where unknown, without secrets."""
    scope = current_scope() or _EMPTY
    event = given.pop("event", None)
    own = {name: given.pop(name, None) for name in _OWN}
    error = given.pop("exc_info", None)
    if error:
        given["exception"] = _exception_text(error)
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": {"exception": "error", "warn": "warning"}.get(method, method),
        "service": service,
        "tenantId": scope.tenant_id,
        "userId": scope.user_id,
        "requestId": scope.request_id,
        "traceId": scope.trace_id,
        "spanId": scope.span_id,
        "event": event,
        "message": redact(own["message"] or event),
        "data": redact(given) if given else None,
        "duration": own["duration"],
        "status": own["status"],
    }


class _ForeignHandler(logging.Handler):
    """Lines of libraries and of `ctx.log`, in the same shape."""

    def __init__(self, service: str, render: Renderer, stream: TextIO) -> None:
        super().__init__()
        self._service, self._render_line, self._stream = service, render, stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self._render_line(self._shape(record)) + "\n")
            self._stream.flush()
        except Exception:  # reason: a line that cannot be written must not stop the work it tells of
            self.handleError(record)

    def _shape(self, record: logging.LogRecord) -> dict[str, Any]:
        given = {key: value for key, value in vars(record).items() if key not in _RECORD_KEYS}
        given.update(event=record.name, message=record.getMessage(), exc_info=record.exc_info)
        return shape(self._service, record.levelname.lower(), given)


def _exception_text(error: Any) -> str:
    if error is True:
        error = sys.exc_info()
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error))
    return "".join(traceback.format_exception(*error))


def _render_json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, str, orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # An integer of more than 64 bits, half of a surrogate pair: json escapes them.
        return json.dumps(line, default=str)


def _render_text(line: dict[str, Any]) -> str:
    """For people at a terminal: time, level, event, what it says, the rest as key=value."""
    shown = {"tenant": line["tenantId"], "status": line["status"], "duration": line["duration"], **(line["data"] or {})}
    exception = shown.pop("exception", "")
    rest = " ".join(f"{key}={value}" for key, value in shown.items() if value is not None)
    message = "" if line["message"] == line["event"] else f"{line['message']} "
    text = f"{line['timestamp'][11:23]} {line['level']:<7} {line['event']} {message}{rest}".rstrip()
    return f"{text.translate(_CONTROLS_AND_BREAKS)}\n{exception.translate(_CONTROLS)}".rstrip()


# Until a process says otherwise; structlog's own default would draw tracebacks with all their variables, secrets too.
_configure("bos", logging.WARNING, _render_text, None)
