"""What can be asked about applets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import KernelContext
from registry.compatibility import check_compatibility
from registry.discovery import Discovery, Release
from registry.lifecycle import RESOURCE, applet_states


def list_applets(ctx: KernelContext, discovery: Discovery) -> list[dict[str, Any]]:
    """Every applet here or once enabled, with its state for the tenant and why it does not fit, if so."""
    ctx.permissions.check_resource("read", RESOURCE)
    releases, states = discovery.releases(), applet_states(ctx)
    rows = [_describe(release, states.get(name)) | _fitness(release, releases) for name, release in releases.items()]
    gone = [name for name in states if name not in releases]
    rows += [{"name": name, "version": states[name][0], "state": "missing", "fits": False} for name in gone]
    return sorted(rows, key=lambda row: str(row["name"]))


def _describe(release: Release, state: tuple[str, str] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": release.name, "version": release.version}
    row["state"] = state[1] if state else "available"
    if state and state[0] != release.version:
        row["enabled_version"] = state[0]
    if release.applet:
        manifest = release.applet.manifest
        row |= {
            "title": manifest.title,
            "description": manifest.description,
            "author": manifest.author,
            "license": manifest.license,
            "trust": manifest.trust,
            "requires": {name: str(range) for name, range in manifest.requires.applets.items()},
            "capabilities": [str(capability) for capability in manifest.capabilities],
        }
    return row


def _fitness(release: Release, releases: Mapping[str, Release]) -> dict[str, Any]:
    violations = check_compatibility(release, releases)
    return {"fits": not violations, "reasons": [violation.as_json() for violation in violations]}
