"""Where files of transfers lie: in the data folder, by tenant and the transfer's id. No name that was sent is used."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

FileKind = Literal["upload", "rejects", "export"]


class TransferFiles:
    """Of one tenant. The folder is shared by all processes of an installation."""

    def __init__(self, data_dir: Path, tenant_id: str) -> None:
        self._folder = data_dir / "transfers" / str(UUID(tenant_id))

    def path(self, id: str, kind: FileKind) -> Path:
        """Of a file that may not be there; its folder is made when missing."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder / f"{UUID(id)}.{kind}"

    def partial(self, id: str, kind: FileKind) -> Path:
        """Where it is written until it is whole."""
        return self.path(id, kind).with_suffix(f".{kind}.partial")

    def remove(self, id: str, *kinds: FileKind) -> None:
        """Whether they are there or not."""
        for kind in kinds or ("upload", "rejects", "export"):
            for path in (self.path(id, kind), self.partial(id, kind)):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def remove_unknown(self, known: Collection[str], before: datetime) -> None:
        """Files of no transfer that were last written to before this moment."""
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            with suppress(OSError):
                if path.name.partition(".")[0] not in known and path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def remove_all(self) -> None:
        """The tenant is gone."""
        shutil.rmtree(self._folder, ignore_errors=True)
