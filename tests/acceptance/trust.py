"""The applets that come with Bos in a folder of their own, some of them as if strangers had written them."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

APPLETS = Path(__file__).resolve().parents[2] / "applets"
IN_PROCESS, SANDBOXED = "in process", "sandboxed"


def copy_applets(folder: Path, sandboxed: Collection[str]) -> Path:
    """All of them, their files as they are, but for the trust of those that are named."""
    shutil.copytree(APPLETS, folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for name in sandboxed:
        manifest = folder / name / "applet.toml"
        lines = [line for line in manifest.read_text().splitlines() if not line.startswith("trust")]
        # Before the first table: what stands behind one belongs to it.
        manifest.write_text("\n".join(['trust = "sandboxed"', *lines]) + "\n")
    return folder


def environment(trust: str, folder: Path, *names: str) -> dict[str, str]:
    """What an installation is given so that these applets run as `trust` says."""
    if trust == IN_PROCESS:
        return {}
    return {"BOS_APPLETS_DIR": str(copy_applets(folder / "applets", names))}
