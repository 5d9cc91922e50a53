"""A cursor is opaque, and refused when it was tampered with."""

import base64

import pytest

from kernel.events.cursors import POSITION_MAX, decode_cursor, encode_cursor
from sdk.document_errors import CursorInvalid


@pytest.mark.parametrize("position", [1, 42, POSITION_MAX])
def test_a_position_comes_back(position):
    assert decode_cursor(encode_cursor(position)) == position


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["42", "", "!!!!", "x" * 1000, "ｐ42", _encoded("p"), _encoded("p-1"), _encoded("p0"), _encoded("q42"),
     _encoded("p42; drop"), _encoded("p٤٢"), _encoded(f"p{POSITION_MAX + 1}"), encode_cursor(42) + "="],
)  # fmt: skip
def test_anything_else_is_refused(cursor):
    with pytest.raises(CursorInvalid):
        assert decode_cursor(cursor) == 42
