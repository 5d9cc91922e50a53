"""Values that travel, of every kind."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sdk.document import Document

NOTE = Document("1", "demo.note", {"total": Decimal("1.50"), "lines": [{"on": date(2026, 1, 2)}]}, version=2)
VALUES = [
    None, True, 0, -(2**63), 2**63 - 1, 1.5, "", "grün", b"\x00", [], {}, [1, ["a"]], {"a": {"b": [None]}},
    Decimal("-0.10"), date(2026, 2, 28), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), NOTE,
]  # fmt: skip
ERROR = ["Conflict", "too_late", "Too late", {"by": 3}, [["/on", "late", "is late", None]], [["rules", "check", 7]]]
