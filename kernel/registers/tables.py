"""The tables composed queries need. Their columns are created by kernel/db/migrations; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, MetaData, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql import quoted_name

DIMENSION_SLOTS = tuple(f"d{number}" for number in range(1, 9))
RESOURCE_SLOTS = tuple(f"r{number}" for number in range(1, 5))
# Sums of the positive movements alone, so that debit and credit need no movements either: credit = p - r.
POSITIVE_SLOTS = tuple(f"p{number}" for number in range(1, 5))

# "{t}" is replaced by the tenant's schema when the compiled text is run.
metadata = MetaData(schema=quoted_name("{t}", quote=False))

movements = Table(
    "movements",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("register", Text, nullable=False),
    Column("company_id", UUID(as_uuid=False), nullable=False),
    Column("document_id", UUID(as_uuid=False), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    *(Column(slot, Text, nullable=False) for slot in DIMENSION_SLOTS),
    *(Column(slot, Numeric) for slot in RESOURCE_SLOTS),
    Column("balanced", Boolean, nullable=False),
    Column("folded", Boolean, nullable=False),
)

totals = Table(
    "totals",
    metadata,
    Column("register", Text, primary_key=True),
    Column("company_id", UUID(as_uuid=False), primary_key=True),
    Column("month", Date, primary_key=True),
    *(Column(slot, Text, primary_key=True) for slot in DIMENSION_SLOTS),
    *(Column(slot, Numeric) for slot in RESOURCE_SLOTS),
    *(Column(slot, Numeric) for slot in POSITIVE_SLOTS),
)
