"""`applet.lock`: an applet's usage contract as a file beside its manifest, the same whenever its files are."""

from __future__ import annotations

import json
from pathlib import Path

from registry.contracts.model import Contract

LOCK_NAME = "applet.lock"


def write_lock(folder: Path, contract: Contract) -> bool:
    """Write the file; whether it was not like that before."""
    if is_current(folder, contract):
        return False
    (folder / LOCK_NAME).write_text(contract.as_text(), encoding="utf-8")
    return True


def is_current(folder: Path, contract: Contract) -> bool:
    path = folder / LOCK_NAME
    return path.is_file() and path.read_text(encoding="utf-8") == contract.as_text()


def read_lock(folder: Path) -> Contract:
    """Raises OSError, ValueError, KeyError where there is none that can be read."""
    return Contract.from_json(json.loads((folder / LOCK_NAME).read_text(encoding="utf-8")))
