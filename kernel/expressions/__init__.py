"""Compiles expressions to SQL: what lists, permissions and reports filter and compute with.

Owns functions.sql, the columns of documents, the SQL of every node; imports sdk and SQLAlchemy Core only.
Verbs: to_sql, to_typed_sql, render; kinds_of_schema, DocumentColumns, PlainColumns.
"""

from kernel.expressions.columns import DocumentColumns, PlainColumns
from kernel.expressions.compiler import to_sql, to_typed_sql
from kernel.expressions.kinds import kinds_of_schema
from kernel.expressions.render import render
from kernel.expressions.typed import FieldResolver, Item, Typed

__all__ = [
    "DocumentColumns", "FieldResolver", "Item", "PlainColumns", "Typed", "kinds_of_schema", "render", "to_sql",
    "to_typed_sql",
]  # fmt: skip
