"""Versions as entity tags: ETag on the way out, If-Match and If-None-Match on the way in."""

from __future__ import annotations

import re

from fastapi import Request

from kernel.http.errors import InvalidHeader
from sdk.errors import VersionRequired

_TAG = re.compile(r'"([1-9][0-9]{0,8})(?:-[1-9][0-9]{0,3})?"')
_WEAK_PREFIX = "W/"


def etag(version: int, schema_version: int = 1) -> str:
    """schema_version: of the document's type. The same revision reads otherwise as another version of its type, so
    that whoever has kept it as the one must not take it for the other; changing it is right with either.
    """
    return f'"{version}"' if schema_version == 1 else f'"{version}-{schema_version}"'


def read_if_match(request: Request) -> int | None:
    """The version the caller has read; None without the header or with `*`. Weak tags never match, so are refused."""
    value = request.headers.get("if-match")
    if value is None or value.strip() == "*":
        return None
    match = _TAG.fullmatch(value.strip())
    if match is None:
        raise InvalidHeader(header="If-Match", expected='the version as it was read, e.g. "3"')
    return int(match[1])


def require_if_match(request: Request) -> int | None:
    """The same where it must be there: raises VersionRequired."""
    if "if-match" not in request.headers:
        raise VersionRequired()
    return read_if_match(request)


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has what this tag stands for already (If-None-Match)."""
    value = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix(_WEAK_PREFIX) for tag in value.split(",")]
    return tag in tags or tags == ["*"]
