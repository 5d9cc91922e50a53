"""The bytes that are hashed: one JSON text for one value, in the manner of RFC 8785 (JCS).

Members sorted by name, no spaces, UTF-8, nothing escaped that need not be. Deviations: names are sorted by code
points, not UTF-16 units; and numbers stand as the database has them, since a double would lose digits of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

# Outside of texts these would not survive as they are; inside of texts they only cost time. jsonb writes a space or a
# bracket before every number: looking for those two first is four times as fast where there is none.
_DELICATE_NUMBER = re.compile(r"[ \[]-?\d+(?:[.eE]|\d{15})")
_NUMBER_STARTS = (re.compile(r" [-\d]"), re.compile(r"\[[-\d]"))


class Number(str):
    """A number as it was written."""


def canonical_bytes(value: Any) -> bytes:
    """Of what JSON knows, with `Number` for numbers that are to stand as they are."""
    return "".join(_write(value)).encode("utf-8", "surrogatepass")


def event_bytes(columns: Mapping[str, Any], texts: Mapping[str, str | None]) -> bytes:
    """Of one event. columns: plain values by name; texts: those columns that are JSON, as PostgreSQL writes jsonb."""
    if any(text is not None and _is_delicate(text) for text in texts.values()):
        exact = {name: None if text is None else parse_exactly(text) for name, text in texts.items()}
        return canonical_bytes({**columns, **exact})
    parsed = {name: None if text is None else orjson.loads(text) for name, text in texts.items()}
    return orjson.dumps({**columns, **parsed}, option=orjson.OPT_SORT_KEYS)


def _is_delicate(text: str) -> bool:
    padded = " " + text
    return any(start.search(padded) for start in _NUMBER_STARTS) and _DELICATE_NUMBER.search(padded) is not None


def parse_exactly(text: str) -> Any:
    """JSON with its numbers as they are written."""
    return json.loads(text, parse_float=Number, parse_int=Number)


def _write(value: Any) -> Sequence[str]:
    if isinstance(value, Number):
        return (value,)
    if isinstance(value, Mapping):
        members = (f"{_text(name)}:{''.join(_write(value[name]))}" for name in sorted(value))
        return ("{", ",".join(members), "}")
    if isinstance(value, list | tuple):
        return ("[", ",".join("".join(_write(each)) for each in value), "]")
    return (_text(value),)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
