"""One tenant made like another, in this database or in another one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.backup.exporting import ExportWish, Progress, export_tenant
from kernel.backup.importing import ImportReport, ImportWish, import_tenant

if TYPE_CHECKING:
    from kernel.main import Kernel


def clone_tenant(
    kernel: Kernel, name: str, wish: ImportWish, progress: Progress = lambda name, rows: None
) -> ImportReport:
    """A copy as of now under another name. Its users have ids of their own and the passwords of the original's; keys,
    factors and clients stay with the original. Raises what export and import raise.
    """
    tenant = kernel.directory.get(name)
    kernel.settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kernel.settings.data_dir, prefix="clone-") as folder:
        path = Path(folder) / "tenant.tar.gz"
        export_tenant(kernel, tenant, path, ExportWish(has_passwords=wish.has_passwords), progress)
        return import_tenant(kernel, path, wish)
