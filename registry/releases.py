"""Releases kept in the database: what was ever enabled or installed can be loaded again, on every host."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from packaging.version import Version

from kernel.db.database import Database
from registry.bundles import digest_of, is_whole, pack, unpack
from registry.discovery import Discovery, Release
from registry.errors import BundleUnreadable, ReleaseTaken, TrustNotGiven
from sdk.applet import Applet
from sdk.errors import BosError

_LIST = "SELECT name, version, digest FROM {p}.releases ORDER BY name, version"
_READ_DIGEST = "SELECT digest FROM {p}.releases WHERE name = %s AND version = %s"
_READ_BUNDLE = "SELECT bundle FROM {p}.releases WHERE name = %s AND version = %s AND digest = %s"
# A shipped applet may be corrected in place while its number stays; what was installed is as it was signed, for good.
_KEEP = """
INSERT INTO {p}.releases AS r (name, version, digest, source, bundle, stored_at, stored_by)
VALUES (%(name)s, %(version)s, %(digest)s, %(source)s, %(bundle)s, %(at)s, %(by)s)
ON CONFLICT (name, version) DO UPDATE
   SET digest = excluded.digest, bundle = excluded.bundle, stored_at = excluded.stored_at,
       stored_by = excluded.stored_by
 WHERE r.source = 'shipped' AND excluded.source = 'shipped'
RETURNING digest
"""


class Releases:
    """Those on the disk and those in the database, together. One per process.

    folder: where bundles are unpacked to, each under its digest; it may be lost at any time.
    """

    def __init__(self, discovery: Discovery, folder: Path) -> None:
        self.discovery, self._folder = discovery, folder
        self._unpacked: dict[str, Release] = {}
        self._kept: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def find(self, database: Database, name: str, version: str) -> Release | None:
        """The release that runs under this name and version: as it lies on the disk, else as it was kept."""
        return self.discovery.find(name, version) or self._stored(database, name, version)

    def known(self, database: Database) -> dict[str, Sequence[Release]]:
        """Every release here by name, newest first; a broken one stands for itself where there is no other."""
        found = {name: [release] for name, release in self.discovery.releases().items()}
        with database.glance(aside=True) as uow:
            rows = uow.execute(_LIST).fetchall()
        for name, version, digest in rows:
            releases = found.setdefault(name, [])
            if version not in {release.version for release in releases}:
                releases.append(self._opened(database, name, version, digest))
        return {name: sorted(releases, key=_age, reverse=True) for name, releases in sorted(found.items())}

    def keep(self, database: Database, release: Release, at: datetime, by: str, *, source: str = "shipped") -> Release:
        """Store a release, once. Raises ReleaseTaken where the version has another content."""
        key = (release.name, release.version, release.digest)
        if key in self._kept:
            return release
        with database.glance(aside=True) as uow:
            row = uow.execute(_READ_DIGEST, key[:2]).fetchone()
            if row is None or row[0] != release.digest:
                values = {
                    "name": release.name,
                    "version": release.version,
                    "digest": release.digest,
                    "at": at,
                    "by": by,
                }
                values |= {"source": source, "bundle": pack(release.folder)}
                if uow.execute(_KEEP, values).fetchone() is None:
                    raise ReleaseTaken(applet=release.name, version=release.version)
        self._kept.add(key)
        return release

    def add(self, database: Database, folder: Path, at: datetime, by: str, *, is_trusted: bool = True) -> Release:
        """Make the applet in a folder known here, for every tenant to install.

        is_trusted: whether whoever adds it has read it, or trusts its author with this server. Raises InvalidApplet,
        ReleaseTaken, BundleUnreadable, TrustNotGiven.
        """
        applet = Applet.load(folder)
        release = Release(applet.name, folder, applet)
        # What lies on the disk would run, whatever was added under its number.
        shipped = self.discovery.find(release.name, release.version)
        if shipped is not None and shipped.digest != release.digest:
            raise ReleaseTaken(applet=release.name, version=release.version)
        if shipped is None and not release.is_sandboxed and not is_trusted:
            raise TrustNotGiven(applet=release.name)
        self.keep(database, release, at, by, source="installed")
        stored = self._stored(database, release.name, release.version)
        assert stored is not None
        return stored

    def _stored(self, database: Database, name: str, version: str) -> Release | None:
        with database.glance(aside=True) as uow:
            row = uow.execute(_READ_DIGEST, [name, version]).fetchone()
        return self._opened(database, name, version, str(row[0])) if row is not None else None

    def _opened(self, database: Database, name: str, version: str, digest: str) -> Release:
        """The release of this content; its bundle is asked for once per process."""
        if digest not in self._unpacked:
            with database.glance(aside=True) as uow:
                row = uow.execute(_READ_BUNDLE, [name, version, digest]).fetchone()
            try:
                if row is None:
                    raise BundleUnreadable(reason="another content was kept meanwhile")
                self._unpacked[digest] = _read(name, self._unpack(digest, row[0]), self.discovery.sandbox)
            except BundleUnreadable as fault:
                # Everybody asks for all releases: one that is broken must not keep them from the others.
                return Release(name, self._folder / digest, fault=fault)
        return self._unpacked[digest]

    def _unpack(self, digest: str, bundle: bytes) -> Path:
        """Into a folder beside first, so that another process never reads half of it."""
        folder = self._folder / digest
        with self._lock:
            if folder.is_dir() and is_whole(folder, digest):
                return folder
            self._folder.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=f"{digest[:8]}-", dir=self._folder))
            unpack(bundle, made)
            if digest_of(made) != digest:
                raise BundleUnreadable(reason="its content is not what its digest says")
            if folder.is_dir():
                old = folder.rename(made.with_name(f"{made.name}-old"))
                shutil.rmtree(old, ignore_errors=True)
            try:
                os.rename(made, folder)
            except OSError:
                # Somebody else was faster, with the same content.
                if not folder.is_dir():
                    raise
            return folder


def _read(name: str, folder: Path, sandbox: Any) -> Release:
    try:
        return Release(name, folder, Applet.load(folder), sandbox=sandbox)
    except BosError as fault:
        return Release(name, folder, fault=fault)


def _age(release: Release) -> tuple[bool, Version]:
    return (release.applet is not None, Version(release.version or "0"))


def by_version(known: Mapping[str, Sequence[Release]], name: str, version: str | None) -> Release | None:
    """The release of this version; without one the newest that can be read and is no pre-release, else the newest."""
    releases = [release for release in known.get(name, ()) if release.applet]
    if version is not None:
        return next((release for release in releases if release.version == version), None)
    final = [release for release in releases if not Version(release.version).is_prerelease]
    return next(iter(final or releases), None)
