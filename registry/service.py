"""What can be asked about applets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.context import KernelContext
from registry.compatibility import check_compatibility
from registry.discovery import Release
from registry.releases import Releases
from registry.rows import AVAILABLE, AppletRow, read_rows
from registry.transitions import RESOURCE


def list_applets(ctx: KernelContext, releases: Releases) -> list[dict[str, Any]]:
    """Every applet here or once enabled, with its state for the tenant and why it does not fit, if so."""
    ctx.permissions.check_resource("read", RESOURCE)
    known, rows = releases.known(ctx.kernel.database), read_rows(ctx.uow)
    shown = [
        _describe(name, versions, rows.get(name)) | _fitness(versions[0], known) for name, versions in known.items()
    ]
    gone = [name for name in rows if name not in known]
    shown += [{"name": name, "version": rows[name].version, "state": "missing", "fits": False} for name in gone]
    return sorted(shown, key=lambda row: str(row["name"]))


def _describe(name: str, versions: Sequence[Release], row: AppletRow | None) -> dict[str, Any]:
    """version: the newest here; enabled_version: the one the tenant has, where that is another."""
    release = versions[0]
    shown: dict[str, Any] = {"name": name, "version": release.version, "state": row.state if row else AVAILABLE}
    if row is not None and row.version != release.version:
        shown["enabled_version"] = row.version
    if row is not None:
        kept = {"previous_version": row.previous_version, "pinned_to": row.pinned_to, "plan": row.plan}
        shown |= {field: value for field, value in kept.items() if value is not None}
        shown |= {"unswept": list(row.unswept)} if row.unswept else {}
    if len(versions) > 1:
        shown["versions"] = [each.version for each in versions]
    if release.applet:
        manifest = release.applet.manifest
        shown |= {
            "title": manifest.title,
            "description": manifest.description,
            "author": manifest.author,
            "license": manifest.license,
            "trust": manifest.trust,
            "requires": {name: str(range) for name, range in manifest.requires.applets.items()},
            "capabilities": [str(capability) for capability in manifest.capabilities],
        }
    return shown


def _fitness(release: Release, releases: Mapping[str, Sequence[Release]]) -> dict[str, Any]:
    violations = check_compatibility(release, releases)
    return {"fits": not violations, "reasons": [violation.as_json() for violation in violations]}
