"""JSON in and out by orjson. Of a key given twice in one object the last value counts (RFC 8259, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel

from kernel.http.errors import JsonTooDeep, JsonTooLarge, MalformedJson, UnsupportedMediaType
from sdk.values import decimal_text

JSON_DEPTH_MAX = 64
# Numbers, texts, lists and objects. What a request costs grows with them, not with its bytes: a thousand invoices of
# fifty lines are fewer.
JSON_VALUES_MAX = 250_000
_VALUE_BYTES_MIN = 2
_OPTIONS = orjson.OPT_UTC_Z


def parse_json(body: bytes, content_type: str | None) -> Any:
    """The value a body holds. Numbers with a point stay floats, which decimal fields refuse."""
    if content_type and not _is_json(content_type):
        raise UnsupportedMediaType(given=content_type.split(";")[0])
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(reason=error.msg, line=error.lineno, column=error.colno, position=error.pos) from None
    # Counting brackets is nearly free and spares the walk for almost every body; a short one has no room for too many.
    is_long = len(body) > JSON_VALUES_MAX * _VALUE_BYTES_MIN
    if is_long or body.count(b"[") + body.count(b"{") > JSON_DEPTH_MAX:
        _check_size(value)
    return value


def _is_json(content_type: str) -> bool:
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _check_size(value: Any) -> None:
    """Raises JsonTooDeep, JsonTooLarge. Level by level, so that no input exhausts the stack."""
    level, depth, count = [value], 0, 1
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > JSON_DEPTH_MAX:
            raise JsonTooDeep(maximum=JSON_DEPTH_MAX)
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
        count += len(level)
        if count > JSON_VALUES_MAX:
            raise JsonTooLarge(limit="json", maximum=JSON_VALUES_MAX)


def render_json(value: Any) -> bytes:
    """JSON of documents, dataclasses, dates, Decimals (as canonical text) and pydantic models."""
    return orjson.dumps(value, _plain, _OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON")
