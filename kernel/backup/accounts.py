"""The users of an imported tenant, and what else the platform keeps of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from kernel.backup.checking import PLATFORM, read_parts
from kernel.backup.errors import ArchiveUnreadable
from kernel.backup.exporting import CREDENTIALS_OF_TENANT, CREDENTIALS_OF_USERS, OF_TENANT
from kernel.backup.loading import Loader
from kernel.backup.manifest import Manifest, TableEntry
from kernel.context import KernelContext
from kernel.tenancy.record import TenantRecord
from sdk.identifiers import new_id

if TYPE_CHECKING:
    from kernel.main import Kernel

# Documents that name users by id; what happened in the past keeps the ids of those who did it.
GRANTS = "kernel.grant"

# Of the time an id was made, which they are sorted by, all is kept; of what is random in it, the rest is new.
_FRESH_ID = sql.SQL("(left(id::text, 19) || right(gen_random_uuid()::text, 17))::uuid")
_RENUMBER = """
UPDATE restored_users r SET id = n.fresh FROM unnest(%s::uuid[], %s::uuid[]) AS n(old, fresh) WHERE r.id = n.old
"""


@dataclass(frozen=True)
class Accounts:
    """users: how many. renumbered: new ids by the old ones that somebody else has here."""

    users: int = 0
    renumbered: Mapping[str, str] = field(default_factory=dict)
    has_credentials: bool = False

    def renumber_in(self, ctx: KernelContext) -> None:
        """Give the grants of renumbered users to their new ids."""
        if not self.renumbered:
            return
        asked = "SELECT id::text, data->>'actor_id' FROM {t}.documents WHERE type = %s AND deleted_at IS NULL"
        for id, actor_id in ctx.uow.execute(asked, [GRANTS]).fetchall():
            if actor_id in self.renumbered:
                ctx.documents.update(GRANTS, id, {"actor_id": self.renumbered[actor_id]})


def restore_accounts(
    kernel: Kernel, path: Path, manifest: Manifest, tenant: TenantRecord, *, has_passwords: bool
) -> Accounts:
    """Users always, with their ids where nobody has them. Keys, factors and clients only where they came from, and
    only with all ids as they were: elsewhere they would not open, and beside the original they would open that.
    """
    with kernel.database.owner() as connection, connection.transaction():
        _load(kernel, connection, path, manifest)
        if not has_passwords:
            connection.execute("UPDATE restored_users SET password_hash = NULL")
        renumbered = _renumber(connection)
        is_home = manifest.installation == kernel.installation.id and tenant.id == manifest.tenant["id"]
        is_whole = manifest.has_credentials and is_home and not renumbered
        names = OF_TENANT + (CREDENTIALS_OF_TENANT + CREDENTIALS_OF_USERS if is_whole else ())
        found = {entry.name: entry for entry in manifest.platform}
        if is_whole:
            _check_holders(connection, path, [found[name] for name in names if name in found])
        counts: dict[str, int] = defaultdict(int)
        for name in names:
            if name in found:
                counts[name] = _keep(connection, found[name], tenant)
    return Accounts(counts["users"], renumbered, is_whole)


def _load(kernel: Kernel, connection: psycopg.Connection[Any], path: Path, manifest: Manifest) -> None:
    """Into temporary tables, since ids are to be looked at before anything is kept."""
    for entry in manifest.platform:
        target = sql.Identifier(f"restored_{entry.name}")
        connection.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT * FROM {} LIMIT 0").format(
                target, sql.Identifier("bos", entry.name)
            )
        )
    entries = {entry.name: entry for entry in manifest.platform}
    with Loader(connection, entries, lambda table: sql.Identifier(f"restored_{table}")) as loader:
        for folder, table, part in read_parts(path, kernel.keyring, manifest):
            if folder == PLATFORM:
                loader.write(table, part)


def _renumber(connection: psycopg.Connection[Any]) -> dict[str, str]:
    taken = connection.execute("SELECT id::text FROM restored_users WHERE id IN (SELECT id FROM bos.users)").fetchall()
    renumbered = {old: new_id() for (old,) in taken}
    connection.execute(_RENUMBER, [list(renumbered), list(renumbered.values())])
    return renumbered


def _check_holders(connection: psycopg.Connection[Any], path: Path, entries: Sequence[TableEntry]) -> None:
    """Nobody gets keys or factors by an archive whose own users they do not belong to."""
    for entry in entries:
        if entry.name in OF_TENANT or "user_id" not in entry.columns:
            continue
        strange = sql.SQL(
            "SELECT 1 FROM {} WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM restored_users) LIMIT 1"
        ).format(sql.Identifier(f"restored_{entry.name}"))
        if connection.execute(strange).fetchone():
            raise ArchiveUnreadable(path=path, reason=f"it holds {entry.name} of users it does not hold")


def _keep(connection: psycopg.Connection[Any], entry: TableEntry, tenant: TenantRecord) -> int:
    """The rows as they were, but of this tenant; the record of log-ins gets ids of its own beside the original's."""
    given: dict[str, sql.Composable] = {column: sql.Identifier(column) for column in entry.columns}
    given["tenant_id"] = sql.SQL("{}::uuid").format(sql.Literal(tenant.id))
    if entry.name == "auth_events" and _is_taken(connection, entry):
        given["id"] = _FRESH_ID
    return connection.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier("bos", entry.name),
            sql.SQL(", ").join(map(sql.Identifier, entry.columns)),
            sql.SQL(", ").join(given[column] for column in entry.columns),
            sql.Identifier(f"restored_{entry.name}"),
        )
    ).rowcount


def _is_taken(connection: psycopg.Connection[Any], entry: TableEntry) -> bool:
    asked = sql.SQL("SELECT 1 FROM {} JOIN {} USING (id) LIMIT 1").format(
        sql.Identifier("bos", entry.name), sql.Identifier(f"restored_{entry.name}")
    )
    return connection.execute(asked).fetchone() is not None
