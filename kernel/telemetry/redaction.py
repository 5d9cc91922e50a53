"""No secret in a log line: by the name of its key, or by what it looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any
from uuid import UUID

REDACTED = "[redacted]"
DEPTH_MAX = 8
_PLAIN = (bool, int, float, date, time, UUID)

_SECRET_KEY = re.compile(r"passw|secret|token|authorization|cookie|api_?key|credential|dsn|private", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]+"
    r"|(?P<url>\w+://[^\s:/@]*:)[^\s@]+(?=@)"
    r"|(?P<keyword>\bpassword=)\S+"
    r"|(?P<jwt>\beyJ)[\w-]+\.[\w-]+\.[\w-]+",
    re.IGNORECASE,
)


def redact(value: Any, depth: int = 0) -> Any:
    """The value without its secrets; what nests too deeply is told as text."""
    if isinstance(value, str):
        return redact_text(value)
    if depth >= DEPTH_MAX:
        return redact_text(str(value))
    if isinstance(value, Mapping):
        return {str(key): _redact_member(str(key), member, depth) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(member, depth + 1) for member in value]
    # Anything else would be told as text later, with whatever stands in it.
    return value if value is None or isinstance(value, _PLAIN) else redact_text(str(value))


def redact_text(text: str) -> str:
    """Bearer and basic credentials, passwords of URLs and connection strings, JSON web tokens are blanked."""
    return _SECRET_TEXT.sub(lambda match: "".join(filter(None, match.groups())) + REDACTED, text)


def _redact_member(key: str, member: Any, depth: int) -> Any:
    return REDACTED if _SECRET_KEY.search(key) and member is not None else redact(member, depth + 1)
