"""Everything an applet holds in a tenant as a file: JSON lines, one member of a tar after the other.

To be kept and read, not to be imported: what reinstalling needs has never left the database. Values that are encrypted
in the database are so in the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import IsolationLevel

from kernel.backup.tape import MEMBER_BYTES_MAX, Tape, write_tape
from kernel.db.unit_of_work import qualify
from kernel.secrets.envelope import platform_key
from kernel.transfer.caller import Caller
from registry.errors import AppletUnknown
from registry.removal.extent import registers_of, types_of
from registry.rows import read_rows
from registry.transitions import RESOURCE
from sdk.nearest import nearest

FORMAT = "bos.applet/1"
ROWS_AT_ONCE = 1_000

# Amounts as text: as numbers, readers of JSON round them.
_AMOUNTS = ", ".join(f"'r{number}', r{number}::text" for number in range(1, 5))
_TABLES: Mapping[str, str] = {
    "documents": "SELECT to_jsonb(d) FROM {t}.documents d WHERE type = ANY(%(types)s) ORDER BY id",
    "events": "SELECT to_jsonb(e) FROM {t}.events e WHERE aggregate_type = ANY(%(types)s) ORDER BY position",
    "links": "SELECT to_jsonb(l) FROM {t}.links l JOIN {t}.documents d ON d.id = l.from_id"
    " WHERE d.type = ANY(%(types)s) ORDER BY l.from_id, l.field, l.to_id",
    "movements": f"SELECT to_jsonb(m) || jsonb_build_object({_AMOUNTS}) FROM {{t}}.movements m"
    " WHERE register = ANY(%(registers)s) ORDER BY id",
}


def export_applet(
    caller: Caller, name: str, path: Path, progress: Callable[[str, int], None] = lambda table, rows: None, *,
    is_encrypted: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Write the archive, in one snapshot while the tenant works on; rows by table.

    Raises PermissionDenied, AppletUnknown, ArchiveUnwritable.
    """
    with caller.begin() as uow:
        caller.context(uow).permissions.check_resource("export", RESOURCE)
        rows = read_rows(uow)
        if name not in rows:
            raise AppletUnknown(applet=name, nearest=nearest(name, rows) or "none")
        values = {"types": types_of(uow, name), "registers": registers_of(uow, name)}
    kernel, tenant = caller.kernel, caller.tenant
    if is_encrypted:
        # It unwraps, or is made: so the master key is that of the installation, not one made by mistake.
        platform_key(kernel)
    about = {
        "format": FORMAT, "made_at": kernel.clock().isoformat(), "applet": name, "version": rows[name].version,
        "tenant": {"id": tenant.id, "name": tenant.name},
    }  # fmt: skip
    with (
        write_tape(path, kernel.keyring if is_encrypted else None) as tape,
        kernel.database.owner(tenant.database) as connection,
    ):
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        with connection.transaction():
            told = {
                table: _write(tape, connection, table, qualify(sql, tenant.schema), values, progress)
                for table, sql in _TABLES.items()
            }
        tape.add("manifest.json", orjson.dumps({**about, "tables": told}, option=orjson.OPT_INDENT_2))
    return {table: entry["rows"] for table, entry in told.items()}


def _write(
    tape: Tape, connection: psycopg.Connection[Any], table: str, sql: str, values: Mapping[str, Sequence[str]],
    progress: Callable[[str, int], None],
) -> dict[str, Any]:  # fmt: skip
    part = _Part(tape, table)
    with connection.cursor(name=f"archive_{table}") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        # As a text: what is only passed on need not be read.
        cursor.execute(f"SELECT r.line::text FROM ({sql}) AS r (line)", values)
        while found := cursor.fetchmany(ROWS_AT_ONCE):
            for (line,) in found:
                part.add(line.encode() + b"\n")
            progress(table, len(found))
    part.flush()
    return {"rows": part.rows, "parts": part.number, "sha256": part.hash.hexdigest()}


class _Part:
    """Lines gathered for the next member. One that is longer than a member goes on in the next."""

    def __init__(self, tape: Tape, table: str) -> None:
        self._tape, self._table, self._waiting = tape, table, bytearray()
        self.rows = self.number = 0
        self.hash = hashlib.sha256()

    def add(self, line: bytes) -> None:
        if len(self._waiting) + len(line) > MEMBER_BYTES_MAX:
            self.flush()
        self._waiting += line
        self.rows += 1

    def flush(self) -> None:
        while self._waiting:
            content = bytes(self._waiting[:MEMBER_BYTES_MAX])
            del self._waiting[:MEMBER_BYTES_MAX]
            self._tape.add(f"{self._table}/{self.number:06}.jsonl", content)
            self.hash.update(content)
            self.number += 1
