"""Brings a schema up to date: numbered SQL files, each applied once, recorded in the schema's own ledger."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kernel.db.names import PLATFORM_SCHEMA, app_role, check_identifier

_FOLDER = Path(__file__).parent / "migrations"
FUNCTIONS = Path(__file__).parents[1] / "expressions" / "functions.sql"
_STEP_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
# Two processes that start at once must not both migrate; the number is arbitrary but fixed.
_MIGRATION_LOCK = 7_203_155


@dataclass(frozen=True)
class Installation:
    """Who this database belongs to. Its repr shows no secret.

    token_secret: what access tokens were signed with when the process began; it is rotated. root_secret: what keys
    are derived from; it stays.
    """

    id: str
    token_secret: str
    root_secret: str

    def __repr__(self) -> str:
        return f"Installation({self.id})"


@cache
def steps(kind: str) -> tuple[Path, ...]:
    """The steps of the `platform` or the `tenant` schema, in order. Those of this process: read once."""
    return tuple(sorted(path for path in (_FOLDER / kind).iterdir() if _STEP_NAME.match(path.name)))


def steps_behind(done: int) -> int:
    """How many steps a tenant's schema lacks whose ledger holds so many; none when it is ahead of this code."""
    return max(0, len(steps("tenant")) - done)


def migrate_platform(connection: psycopg.Connection[Any]) -> Installation:
    """Create or update the platform schema of one database, with its functions, installation row and login role."""
    with connection.transaction():
        hold_migration_lock(connection)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {PLATFORM_SCHEMA}")
        installation = _installation(connection) or secrets.token_hex(4)
        _ensure_login_role(connection, installation)
        names = {"p": PLATFORM_SCHEMA, "app": app_role(installation)}
        migrate_schema(connection, PLATFORM_SCHEMA, "platform", names)
        # CREATE OR REPLACE throughout, so they are simply those of this version.
        connection.execute(FUNCTIONS.read_bytes())
        return _ensure_installation(connection, installation)


def hold_migration_lock(connection: psycopg.Connection[Any], schema: str = "") -> None:
    """Until the transaction ends nobody else changes this tenant's schema; or the platform's, which is the empty one.

    Each schema has a lock of its own, so that a thousand of them need not wait for each other.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_MIGRATION_LOCK, schema])


def migrate_schema(connection: psycopg.Connection[Any], schema: str, kind: str, names: Mapping[str, str]) -> list[str]:
    """Apply the steps a schema has not had, in one transaction; their names. `names` fill the braces in the SQL.

    The caller holds the migration lock.
    """
    check_identifier(schema)
    with connection.transaction():
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{schema}".schema_ledger'
            " (step text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        missing = missing_steps(kind, read_ledger(connection, schema))
        apply_steps(connection, schema, missing, names)
    return [path.stem for path in missing]


def read_ledger(connection: psycopg.Connection[Any], schema: str) -> set[str]:
    """Names of the steps a schema has had."""
    return {step for (step,) in connection.execute(f'SELECT step FROM "{check_identifier(schema)}".schema_ledger')}


def missing_steps(kind: str, done: set[str]) -> list[Path]:
    return [path for path in steps(kind) if path.stem not in done]


def apply_steps(
    connection: psycopg.Connection[Any], schema: str, missing: Sequence[Path], names: Mapping[str, str]
) -> None:
    """Each step and its line in the ledger as one script: one trip to the server, however many tables it makes."""
    for path in missing:
        noted = f"INSERT INTO \"{schema}\".schema_ledger (step) VALUES ('{path.stem}');"
        try:
            connection.execute(f"{fill_names(path.read_text(), names)}\n;{noted}")
        except psycopg.Error as error:
            error.add_note(f"in step {path.stem}")
            raise


def fill_names(text: str, names: Mapping[str, str]) -> str:
    """Replace `{name}` by checked identifiers; other braces (JSON, arrays) stay."""
    for name, identifier in names.items():
        text = text.replace("{" + name + "}", check_identifier(identifier))
    return text


def _installation(connection: psycopg.Connection[Any]) -> str | None:
    exists = connection.execute("SELECT to_regclass(%s)", [f"{PLATFORM_SCHEMA}.installation"]).fetchone()
    if exists is None or exists[0] is None:
        return None
    row = connection.execute(f"SELECT id FROM {PLATFORM_SCHEMA}.installation").fetchone()
    return str(row[0]) if row else None


def _ensure_login_role(connection: psycopg.Connection[Any], installation: str) -> None:
    role = app_role(installation)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        connection.execute(f"CREATE ROLE {role} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE")


def _ensure_installation(connection: psycopg.Connection[Any], installation: str) -> Installation:
    password, token_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    inserted = connection.execute(
        f"INSERT INTO {PLATFORM_SCHEMA}.installation (id, app_password, token_secret)"
        " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [installation, password, token_secret],
    ).fetchone()
    if inserted:
        role = sql.Identifier(app_role(installation))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
    row = connection.execute(f"SELECT id, token_secret, root_secret FROM {PLATFORM_SCHEMA}.installation").fetchone()
    assert row is not None
    return Installation(*row)
