"""Where a page of events or deliveries ended, as opaque text that is checked when it comes back."""

from __future__ import annotations

import base64
import binascii

from kernel.documents.errors import CursorInvalid

POSITION_MAX = 2**63 - 1
CURSOR_CHARACTERS_MAX = 64


def encode_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The position; raises CursorInvalid for anything this list cannot have given."""
    if len(cursor) > CURSOR_CHARACTERS_MAX or not cursor.isascii():
        raise CursorInvalid
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise CursorInvalid from None
    digits = text[1:]
    if text[:1] != "p" or not digits.isdecimal() or not 0 < int(digits) <= POSITION_MAX:
        raise CursorInvalid
    return int(digits)
