"""What an applet logs: kept until its call ends, within limits."""

from __future__ import annotations

from typing import Any

from sandbox.limits import LOG_BYTES_MAX, LOG_LINE_CHARACTERS_MAX, LOG_LINES_MAX

_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class Lines:
    """Of one call: `kept`, and how many were `dropped` beyond the limits."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.kept: list[tuple[str, str]] = []
        self.dropped = 0
        self._bytes_left = LOG_BYTES_MAX

    def add(self, level: str, text: str) -> None:
        if len(self.kept) >= LOG_LINES_MAX or self._bytes_left <= 0:
            self.dropped += 1
            return
        # Half of a surrogate pair is a text to Python, and to nobody else.
        data = text[:LOG_LINE_CHARACTERS_MAX].encode(errors="replace")[: self._bytes_left]
        self._bytes_left -= len(data)
        self.kept.append((level, data.decode(errors="ignore")))


class Log:
    """`ctx.log`: the methods of a logger that take a text and its arguments."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def debug(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("debug", message, arguments)

    def info(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("info", message, arguments)

    def warning(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("warning", message, arguments)

    def error(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("error", message, arguments)

    def exception(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("error", message, arguments)

    def critical(self, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add("critical", message, arguments)

    def log(self, level: int, message: Any, *arguments: Any, **kwargs: Any) -> None:
        self._add(_LEVELS.get(level, "info"), message, arguments)

    def _add(self, level: str, message: Any, arguments: tuple[Any, ...]) -> None:
        text = str(message)
        if arguments:
            # As logging does it: one mapping fills in names.
            values = arguments[0] if len(arguments) == 1 and type(arguments[0]) is dict else arguments
            text = text % values
        self._lines.add(level, text)
