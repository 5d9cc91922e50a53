"""The tables composed queries need. Their columns are created by kernel/db/migrations; a test compares the two."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.sql import quoted_name

# "{t}" is replaced by the tenant's schema when the compiled text is run.
metadata = MetaData(schema=quoted_name("{t}", quote=False))

documents = Table(
    "documents",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("type", Text, nullable=False),
    Column("company_id", UUID(as_uuid=False)),
    Column("version", Integer, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("state", Text),
    Column("number", Text),
    Column("data", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    Column("archived_at", DateTime(timezone=True)),
    Column("kept", JSONB),
)
