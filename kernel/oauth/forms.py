"""Parameters as OAuth sends them: `application/x-www-form-urlencoded`, each at most once (RFC 6749 section 3.1)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from kernel.oauth.refusals import Refusal

FORM_BYTES_MAX = 64 * 1024
FIELDS_MAX = 40
_MEDIA_TYPE = "application/x-www-form-urlencoded"


def read_form(body: bytes, content_type: str | None) -> dict[str, str]:
    """The fields of a body. Raises Refusal invalid_request."""
    media_type = (content_type or "").split(";", maxsplit=1)[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise Refusal("invalid_request", f"send {_MEDIA_TYPE}")
    if len(body) > FORM_BYTES_MAX:
        raise Refusal("invalid_request", "the body is too large")
    fields, repeated = read_fields(body)
    if repeated:
        raise Refusal("invalid_request", "a parameter is given twice")
    return fields


def read_fields(text: bytes) -> tuple[dict[str, str], frozenset[str]]:
    """The fields, and the names of those that stand there twice; empty ones count as left out (RFC 6749 3.1).

    Raises Refusal invalid_request for what is not UTF-8, holds control characters or is too much.
    """
    try:
        pairs = parse_qsl(text.decode("ascii"), max_num_fields=FIELDS_MAX, encoding="utf-8", errors="strict")
    except ValueError:
        raise Refusal("invalid_request", "the parameters cannot be read") from None
    if any("\0" in value for _, value in pairs):
        raise Refusal("invalid_request", "a parameter holds a NUL character")
    names = [name for name, _ in pairs]
    return dict(pairs), frozenset(name for name in names if names.count(name) > 1)
