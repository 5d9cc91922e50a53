"""`bos backup …`"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.backup.creating import BackupWish, create_backup
from kernel.backup.drilling import drill
from kernel.backup.importing import ImportWish, import_tenant
from kernel.backup.restoring import RestoreWish, restore_backup
from kernel.backup.shelf import Backup, Shelf, superfluous, superfluous_segments
from kernel.backup.verifying import verify_backup
from kernel.cli.archives import Encrypted
from kernel.cli.errors import InputUnreadable
from kernel.cli.options import AsJson, DryRun, Yes
from kernel.cli.root import EXIT_FAILED, Cli, group
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import build_kernel
from kernel.secrets.keyring import Keyring
from kernel.settings import Settings

COLUMNS = ("id", "kind", "tenant", "made_at", "bytes", "unpacked", "seconds", "is_encrypted")

Id = Annotated[str, typer.Argument(help="The backup's id, from `bos backup list`.", show_default=False)]


def add_commands(cli: Cli) -> None:
    """Add the group `backup`."""
    commands = group("Backups: of the whole server, or of single tenants.")
    cli.add_typer(commands, name="backup")
    for add in (_add_create, _add_list, _add_verify, _add_restore, _add_prune, _add_drill):
        add(commands)


def shelf_of(settings: Settings) -> Shelf:
    return Shelf(settings.backup_dir or settings.data_dir / "backups")


def _add_create(commands: typer.Typer) -> None:
    @commands.command()
    def create(
        context: typer.Context,
        tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Only this tenant.")] = None,
        database: Annotated[
            str | None, typer.Option("--database", help="The server of this name in BOS_DATABASES.")
        ] = None,
        encrypt: Encrypted = False,
        json: AsJson = False,
    ) -> None:
        """Back up the whole server while it works, or one tenant.

        Examples:

            bos backup create

            bos backup create --tenant acme --encrypt
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, terminal.progress("Backing up") as advance:
            wish = BackupWish(tenant, database, encrypt)
            backup = create_backup(kernel, shelf_of(terminal.settings), wish, advance)
        terminal.show_record(_describe(backup))


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_backups(context: typer.Context, json: AsJson = False) -> None:
        """List the backups, the oldest first.

        Example:

            bos backup list
        """
        terminal = Terminal.of(context)
        terminal.show_rows([_describe(backup) for backup in shelf_of(terminal.settings).list()], COLUMNS)


def _add_verify(commands: typer.Typer) -> None:
    @commands.command()
    def verify(context: typer.Context, id: Id, json: AsJson = False) -> None:
        """Read a backup from end to end and compare every file in it with its hash.

        Example:

            bos backup verify 20261121-030000
        """
        terminal = Terminal.of(context)
        shelf = shelf_of(terminal.settings)
        backup = shelf.get(id)
        with terminal.progress("Verifying") as advance:
            files = verify_backup(shelf, backup, Keyring(terminal.settings), advance)
        terminal.show_record({"verified": id, "files": files})


def _add_restore(commands: typer.Typer) -> None:
    @commands.command()
    def restore(
        context: typer.Context,
        id: Id,
        into: Annotated[
            Path | None, typer.Option("--into", help="An empty folder, the data folder of what is restored.")
        ] = None,
        until: Annotated[
            datetime | None,
            typer.Option("--until", help="No later than this moment (UTC); needs BOS_WAL_ARCHIVE."),
        ] = None,
        log: Annotated[bool, typer.Option("--log/--no-log", help="Bring it up to date from BOS_WAL_ARCHIVE.")] = True,
        name: Annotated[str | None, typer.Option("--as", help="Of a tenant: its name here.")] = None,
        json: AsJson = False,
    ) -> None:
        """Restore a whole server into a new data folder, or a tenant into this installation. Overwrites nothing.

        Examples:

            bos backup restore 20261121-030000 --into /srv/restored --until 2026-11-21T09:30:00

            bos backup restore 20261121-030000-acme --as acme_before
        """
        terminal = Terminal.of(context)
        shelf = shelf_of(terminal.settings)
        backup = shelf.get(id)
        if backup.kind == "tenant":
            terminal.show_record(_restore_tenant(terminal, shelf, backup, name))
            return
        if into is None:
            raise InputUnreadable(option="--into", reason="a whole server is restored into a folder of its own")
        archive = terminal.settings.wal_archive if log else None
        if until is not None and archive is None:
            raise InputUnreadable(option="BOS_WAL_ARCHIVE", reason="without the log there is only the backup's moment")
        wish = RestoreWish(into.absolute(), _utc(until), archive, terminal.settings.pg_bin)
        with terminal.progress("Restoring") as advance:
            report = restore_backup(shelf, backup, Keyring(terminal.settings), wish, advance)
        terminal.show_record(report.as_json())
        terminal.say(f"Serve it with BOS_DATA_DIR={report.folder} bos serve; master.key is not in a backup.")


def _add_prune(commands: typer.Typer) -> None:
    @commands.command()
    def prune(
        context: typer.Context,
        keep: Annotated[int, typer.Option("--keep", min=1, help="Whole ones, and as many of each tenant.")] = 7,
        yes: Yes = False,
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Remove all backups but the newest, and the archived log that none of those needs.

        Examples:

            bos backup prune --keep 14 --dry-run

            bos backup prune --keep 14 --yes
        """
        terminal = Terminal.of(context)
        shelf = shelf_of(terminal.settings)
        found = shelf.list()
        removed = superfluous(found, keep)
        archive = terminal.settings.wal_archive
        kept = [backup for backup in found if backup not in removed]
        segments = superfluous_segments(archive, kept) if archive and archive.exists() else []
        ids = {"backups": [backup.id for backup in removed], "log_segments": len(segments)}
        if dry_run:
            terminal.show_record({"would_remove": ids["backups"], "would_remove_log_segments": ids["log_segments"]})
            return
        terminal.confirm(f"Remove {len(removed)} backups and {len(segments)} segments of the log?", yes)
        for backup in removed:
            shelf.remove(backup)
        for segment in segments:
            segment.unlink()
        terminal.show_record({"removed": ids["backups"], "removed_log_segments": ids["log_segments"]})


def _add_drill(commands: typer.Typer) -> None:
    @commands.command("drill")
    def run_drill(
        context: typer.Context,
        folder: Annotated[
            Path | None, typer.Option("--folder", help="Where there is room for a second copy; else a temporary one.")
        ] = None,
        encrypt: Encrypted = False,
        json: AsJson = False,
    ) -> None:
        """Make a backup, restore it elsewhere, start it, look at every tenant, and say how long that took.

        Example:

            bos backup drill --json
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, terminal.progress("Drill") as advance:
            shelf = shelf_of(terminal.settings)
            report = drill(kernel, shelf, build_kernel, is_encrypted=encrypt, folder=folder, progress=advance)
        terminal.show_record(report.as_json())
        if report.faults:
            raise typer.Exit(EXIT_FAILED)


def _restore_tenant(terminal: Terminal, shelf: Shelf, backup: Backup, name: str | None) -> dict[str, Any]:
    with open_kernel(terminal.settings) as kernel, terminal.progress("Restoring") as advance:
        return import_tenant(kernel, shelf.file(backup), ImportWish(name), advance).as_json()


def _describe(backup: Backup) -> dict[str, Any]:
    return {name: getattr(backup, name) for name in COLUMNS}


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
