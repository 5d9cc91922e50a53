"""How a release runs for a tenant that has had others of it."""

from __future__ import annotations

from packaging.version import Version

from kernel.runtime import RunningRelease
from registry.discovery import Release
from registry.rows import AppletRow


def running_release(row: AppletRow | None, release: Release) -> RunningRelease:
    """With the lenses of the newest release the tenant ever ran: only they know every version there may be."""
    if row is None or (row.version == release.version and row.lens_version is None):
        return RunningRelease(release.name, release.version, None, row.unswept if row is not None else ())
    newest = max((Version(v), v) for v in (row.lens_version, row.version, release.version) if v is not None)[1]
    return RunningRelease(release.name, release.version, newest, row.unswept)
