"""json, hashlib and hmac for applets: their functions, with what they call back held to known values."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sandbox.policy.offer import OFFER
from sandbox.runtime.enums import Enum
from sandbox.runtime.records import asdict, is_dataclass


def plain_value(value: Any) -> Any:
    """A value of an applet as data: texts of decimals and dates, values of enum members, dicts of dataclasses.

    No method of the applet is called for it. Raises TypeError for everything else.
    """
    kind = type(value)
    if kind is Decimal or kind is UUID:
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"a {kind.__name__} is no JSON")


def dumps(
    obj: Any,
    *,
    indent: int | None = None,
    sort_keys: bool = False,
    ensure_ascii: bool = True,
    separators: tuple[str, str] | None = None,
    default: Callable[[Any], Any] | None = None,
) -> str:
    """`json.dumps`, which also takes decimals, dates, enum members and dataclasses."""
    return json.dumps(
        obj,
        indent=indent,
        sort_keys=sort_keys,
        ensure_ascii=ensure_ascii,
        separators=separators,
        default=default or plain_value,
    )


def loads(s: str | bytes, *, parse_float: Any = None, parse_int: Any = None, object_pairs_hook: Any = None) -> Any:
    """`json.loads`."""
    if type(s) not in (str, bytes):
        raise TypeError(f"JSON is text, not a {type(s).__name__}")
    return json.loads(s, parse_float=parse_float, parse_int=parse_int, object_pairs_hook=object_pairs_hook)


def _digest_name(digestmod: Any) -> str:
    name = digestmod if type(digestmod) is str else getattr(digestmod, "__name__", "").removeprefix("openssl_")
    if name not in OFFER["hashlib"]:
        raise ValueError(f"the digest is one of {', '.join(OFFER['hashlib'])}")
    return name


def hmac_new(key: bytes, msg: bytes | None = None, digestmod: Any = "") -> Any:
    """`hmac.new`. digestmod: the name of a digest of hashlib, or its function."""
    return hmac.new(key, msg, _digest_name(digestmod))


def hmac_digest(key: bytes, msg: bytes, digest: Any) -> bytes:
    """`hmac.digest`."""
    return hmac.digest(key, msg, _digest_name(digest))


HASHLIB = {name: getattr(hashlib, name) for name in OFFER["hashlib"]}
