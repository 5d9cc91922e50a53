"""Where a page of events or deliveries ended, as opaque text that is checked when it comes back."""

from __future__ import annotations

import base64

from sdk.document_errors import CursorInvalid

POSITION_MAX = 2**63 - 1
CURSOR_CHARACTERS_MAX = 64


def encode_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The position; raises CursorInvalid for anything this list cannot have given."""
    try:
        digits = base64.b64decode(cursor[:CURSOR_CHARACTERS_MAX] + "=" * (-len(cursor) % 4), altchars=b"-_").decode()[
            1:
        ]
        position = int(digits)
    except ValueError:
        raise CursorInvalid from None
    # One position has one text: whatever else decodes to it was not made here.
    if not 0 < position <= POSITION_MAX or encode_cursor(position) != cursor:
        raise CursorInvalid
    return position
