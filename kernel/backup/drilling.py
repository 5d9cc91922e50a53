"""The restore drill: a backup is made, brought up somewhere else, and looked at; how long that took is told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from kernel.backup.creating import BackupWish, create_backup
from kernel.backup.exporting import count_tables
from kernel.backup.restoring import RestoreWish, discard_restored, restore_backup
from kernel.backup.shelf import Backup, Shelf
from kernel.postgres import EmbeddedPostgres
from kernel.postgres.archiving import ARCHIVE_INTERVAL_S

if TYPE_CHECKING:
    from kernel.main import Kernel
    from kernel.settings import Settings

GIB = 1024**3
EXAMPLE_BYTES = 10 * GIB
RECOVERY_GOAL_S = 4 * 3600
LOSS_GOAL_S = 3600
_UNBALANCED = """
SELECT count(*) FROM (SELECT 1 FROM {}.movements WHERE balanced
                       GROUP BY register, document_id, company_id HAVING sum(r1) <> 0) x
"""

# Builds a kernel on a restored database; the composition root hands its own builder on.
Build = Callable[["Settings", str], "Kernel"]


@dataclass
class DrillReport:
    """What was measured. faults: what is not as it should be; none is a success. counts: rows by tenant and table."""

    backup: Backup
    restore_s: float
    start_s: float
    loss_s: float | None
    faults: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def recovery_s(self) -> float:
        """From an empty folder to tenants that can be read."""
        return self.restore_s + self.start_s

    def recovery_of(self, unpacked: int) -> float:
        """Seconds for a server of so many bytes: the files at the measured rate, the start as it is."""
        return self.restore_s * unpacked / max(1, self.backup.unpacked) + self.start_s

    def as_json(self) -> dict[str, Any]:
        ten_gb = self.recovery_of(EXAMPLE_BYTES)
        return {
            "backup": self.backup.id,
            "tenants": len(self.counts),
            "rows": sum(sum(counts.values()) for counts in self.counts.values()),
            "faults": self.faults,
            "bytes": self.backup.unpacked,
            "backup_s": self.backup.seconds,
            "recovery_s": round(self.recovery_s, 3),
            "mib_per_s": round(self.backup.unpacked / max(self.restore_s, 1e-3) / 1024**2, 1),
            "recovery_10gib_s": round(ten_gb, 1),
            "recovery_goal_s": RECOVERY_GOAL_S,
            "data_loss_window_s": self.loss_s,
            "data_loss_goal_s": LOSS_GOAL_S,
            "goals_met": not self.faults and ten_gb <= RECOVERY_GOAL_S
            and self.loss_s is not None and self.loss_s <= LOSS_GOAL_S,
        }  # fmt: skip


def drill(
    kernel: Kernel, shelf: Shelf, build: Build, *, is_encrypted: bool = False, folder: Path | None = None,
    progress: Callable[[int], None] = lambda bytes: None,
) -> DrillReport:  # fmt: skip
    """Back up, restore into another folder, start, open every tenant. All of it but the backup is removed again.

    folder: where to restore to, else a temporary one. Raises what creating and restoring raise.
    """
    loss_s = data_loss_window(kernel, shelf)
    backup = create_backup(kernel, shelf, BackupWish(is_encrypted=is_encrypted), progress)
    with tempfile.TemporaryDirectory(dir=folder, prefix="bos-drill-", ignore_cleanup_errors=True) as name:
        home = Path(name) / "data"
        try:
            started = time.monotonic()
            restore_backup(shelf, backup, kernel.keyring, RestoreWish(home, pg_bin=kernel.settings.pg_bin), progress)
            report = DrillReport(backup, round(time.monotonic() - started, 3), 0.0, loss_s)
            started = time.monotonic()
            with EmbeddedPostgres(home, kernel.settings.pg_bin) as server:
                _look(kernel, build, home, server.dsn, report, started)
        finally:
            discard_restored(home)
    return report


def data_loss_window(kernel: Kernel, shelf: Shelf) -> float | None:
    """Seconds of work that are lost when the machine is: with an archived log its interval, else as long as the last
    two whole backups lie apart; None where there were no two.
    """
    if kernel.settings.wal_archive is not None and kernel.settings.database_url is None:
        return float(ARCHIVE_INTERVAL_S)
    made = [backup.made_at for backup in shelf.list() if backup.kind == "whole"]
    return (made[-1] - made[-2]).total_seconds() if len(made) > 1 else None


def _look(kernel: Kernel, build: Build, home: Path, dsn: str, report: DrillReport, started: float) -> None:
    restored = build(_settings_there(kernel.settings, home), dsn)
    try:
        tenants = {tenant.name: tenant for tenant in restored.directory.list()}
        report.start_s = round(time.monotonic() - started, 3)
        for name, position in report.backup.positions.items():
            if name not in tenants:
                report.faults.append(f"{name}: it is not there")
                continue
            tenant = tenants[name]
            with restored.database.owner() as connection:
                report.counts[name] = count_tables(connection, tenant.schema)
                schema = sql.Identifier(tenant.schema)
                asked = sql.SQL("SELECT coalesce(max(position), 0) FROM {}.events").format(schema)
                if connection.execute(asked).fetchall()[0][0] < position:
                    report.faults.append(f"{name}: events are missing")
                if connection.execute(sql.SQL(_UNBALANCED).format(schema)).fetchall()[0][0]:
                    report.faults.append(f"{name}: movements do not balance")
            with restored.operate(tenant) as ctx:
                if ctx.runtime.unavailable:
                    report.faults.append(f"{name}: applets are missing: {', '.join(ctx.runtime.unavailable)}")
    finally:
        restored.close()


def _settings_there(settings: Settings, home: Path) -> Settings:
    """The same but for the place; the master key is not in a backup, so it is the one of here."""
    key = settings.master_key_file or settings.data_dir / "master.key"
    changed: dict[str, Any] = {"data_dir": home, "master_key_file": key, "wal_archive": None}
    changed |= {"database_url": None, "databases": {}, "replicas": {}}
    return settings.model_copy(update=changed)
