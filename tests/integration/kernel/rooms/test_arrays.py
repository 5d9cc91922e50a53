"""Arrays written as text are what PostgreSQL reads."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kernel.db.arrays import array_text

INSTANT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("text", []),
        ("text", ["", "NULL", "a,b", '5" pipe', "back\\slash", "{x}", " spaces ", "line\nbreak", "ünï😀", None]),
        ("numeric", [Decimal("1250.00"), Decimal("-0.0001"), Decimal("1E+3"), 7, None]),
        ("timestamptz", [INSTANT]),
        ("boolean", [True, False, None]),
        ("bytea", [b"\x00\xff\\", b"", None]),
    ],
)
def test_every_value_comes_back_as_it_was(shelf, type, values):
    with shelf.operate() as ctx:
        row = ctx.uow.execute_raw(f"SELECT $1::{type}[]", [array_text(values)]).fetchone()
    assert row[0] == values
