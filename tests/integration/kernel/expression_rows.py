"""Documents as rows of a real PostgreSQL, and what an expression answers about them there and in Python."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from kernel.expressions import DocumentColumns, render, to_typed_sql
from sdk.expressions import parse, scope_of
from sdk.expressions.kinds import read_instant
from sdk.values import instant_text

FUNCTIONS = Path(__file__).parents[3] / "kernel" / "expressions" / "functions.sql"
TABLE = """
CREATE TABLE documents (
    id uuid, type text, company_id uuid, version integer, schema_version integer, state text, number text,
    data jsonb NOT NULL, created_at timestamptz, created_by text, updated_at timestamptz, updated_by text,
    deleted_at timestamptz)
"""
INSTANTS = ("created_at", "updated_at", "deleted_at")
READERS = {"decimal": Decimal, "date": date.fromisoformat, "instant": read_instant}


def prepare(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE SCHEMA IF NOT EXISTS bos")
    connection.execute(FUNCTIONS.read_text(encoding="utf-8"))
    connection.execute(TABLE)
    return connection


def load(data: Any, kinds: dict[str, str], path: str = "") -> Any:
    """Values as a document has them in Python: decimals and dates by the kinds of their paths."""
    if isinstance(data, dict):
        return {key: load(value, kinds, f"{path}.{key}" if path else key) for key, value in data.items()}
    kind = kinds.get(path, "")
    if isinstance(data, list):
        item = kind.removeprefix("array[").removesuffix("]")
        return [load(v, kinds, path) if kind == "array" else READERS.get(item, lambda x: x)(v) for v in data]
    return READERS.get(kind, lambda value: value)(data)


def revive(value: Any) -> Any:
    """A value of the vector file: {"decimal": "1.5"} and {"date": "2026-01-31"} become what they say."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in READERS:
        ((kind, text),) = value.items()
        return READERS[kind](text)
    return {key: revive(item) for key, item in value.items()} if isinstance(value, dict) else value


def store(connection: psycopg.Connection[Any], data: dict[str, Any], system: dict[str, Any]) -> None:
    columns = {**system, "data": json.dumps(data)}
    names = ", ".join(columns)
    values = ", ".join(f"%({name})s" for name in columns)
    connection.execute("TRUNCATE documents")
    connection.execute(f"INSERT INTO documents ({names}) VALUES ({values})", columns)


def answer_in_sql(
    connection: psycopg.Connection[Any], source: str, kinds: dict[str, str], context: dict[str, Any]
) -> Any:
    typed = to_typed_sql(parse(source), DocumentColumns("documents", kinds), context)
    assert typed.sql is not None
    text, parameters = render(typed.sql)
    row = connection.execute(f"SELECT {text} FROM documents", parameters).fetchone()
    assert row is not None
    value = row[0]
    if typed.kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return instant_text(value) if isinstance(value, datetime) else value


def answer_in_python(
    source: str, data: dict[str, Any], system: dict[str, Any], kinds: dict[str, str], context: dict[str, Any]
) -> Any:
    instants = {name: read_instant(system[name]) if system.get(name) else None for name in INSTANTS}
    fields = {**load(data, kinds), **system, **instants}
    value = parse(source).evaluate(
        scope_of(fields, actor=context["actor"], today=context["today"], parameters=context["param"])
    )
    return instant_text(value.astimezone(UTC)) if isinstance(value, datetime) else value
