"""Finds applets: folders with an applet.toml, in the applets folder and in installed packages (entry points)."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from registry.bundles import digest_of, stamp_of
from sdk.applet import Applet
from sdk.errors import BosError

ENTRY_POINT_GROUP = "bos.applets"
MANIFEST_NAME = "applet.toml"


@dataclass(frozen=True)
class Release:
    """An applet found here. `fault` instead of `applet` when its files are wrong, so that it can be told.

    sandbox: where it would run if it is not trusted, a `registry.sandboxing.Sandbox`; None where there is none.
    """

    name: str
    folder: Path
    applet: Applet | None = None
    fault: BosError | None = None
    sandbox: Any = field(default=None, compare=False, repr=False)

    @property
    def is_sandboxed(self) -> bool:
        return self.applet is not None and self.applet.manifest.trust != "trusted"

    @property
    def version(self) -> str:
        return str(self.applet.manifest.version) if self.applet else ""

    @cached_property
    def digest(self) -> str:
        """Of all its files, as they were when first asked for."""
        return digest_of(self.folder)


class Discovery:
    """Looks again whenever it is asked for something it has not seen: a package installed meanwhile is found."""

    def __init__(self, folder: Path | None, sandbox: Any = None) -> None:
        """sandbox: see `Release`."""
        self._folder, self.sandbox = folder or _shipped_folder(), sandbox
        self._releases: dict[str, Release] = {}
        self._stamps: Mapping[Path, object] = {}
        self._lock = threading.Lock()

    def releases(self) -> Mapping[str, Release]:
        """All applets here by name, read anew where files have changed or appeared."""
        importlib.invalidate_caches()
        with self._lock:
            folders = list(self._folders())
            stamps = {folder: stamp_of(folder) for _, folder in folders}
            same = {folder for folder, stamp in stamps.items() if self._stamps.get(folder) == stamp}
            known = {r.folder: r for r in self._releases.values() if r.applet and r.folder in same}
            found = (known.get(folder) or _read(name, folder, self.sandbox) for name, folder in folders)
            # First come, first served: an installed package cannot take the name of a shipped applet.
            releases: dict[str, Release] = {}
            for release in found:
                releases.setdefault(release.name, release)
            self._releases, self._stamps = releases, stamps
            return dict(releases)

    def find(self, name: str, version: str | None = None) -> Release | None:
        """The release of this name, and of this version if one is asked for."""
        for releases in (self._releases, None):
            release = (self.releases() if releases is None else releases).get(name)
            if release and release.applet and version in (None, release.version):
                return release
        return None

    def _folders(self) -> Iterator[tuple[str, Path]]:
        """Where applets lie, and what they are called as long as their manifest cannot be read."""
        if self._folder.is_dir():
            yield from ((path.parent.name, path.parent) for path in sorted(self._folder.glob(f"*/{MANIFEST_NAME}")))
        for entry in sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
            folder = _package_folder(entry.value)
            if folder and (folder / MANIFEST_NAME).is_file():
                yield entry.name, folder


def _read(name: str, folder: Path, sandbox: Any) -> Release:
    try:
        applet = Applet.load(folder)
    except BosError as fault:
        return Release(name, folder, fault=fault)
    return Release(applet.name, folder, applet, sandbox=sandbox)


def _shipped_folder() -> Path:
    return _package_folder("applets") or Path("applets")


def _package_folder(package: str) -> Path | None:
    """Where a package lies, without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
