"""Releases as the resolver sees them, and the platform they would run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.version import Version

from registry.compatibility import kernel_version
from registry.discovery import Release
from registry.resolver.models import Candidate, Platform
from sdk import __version__ as sdk_version


def candidates_of(known: Mapping[str, Sequence[Release]]) -> dict[str, list[Candidate]]:
    """Every release whose files can be read."""
    found = {name: [_candidate(release) for release in releases if release.applet] for name, releases in known.items()}
    return {name: candidates for name, candidates in found.items() if candidates}


def present_platform() -> Platform:
    """The SDK and the kernel of this process."""
    return Platform(Version(sdk_version), kernel_version())


def _candidate(release: Release) -> Candidate:
    assert release.applet is not None
    manifest = release.applet.manifest
    requires = manifest.requires
    return Candidate(release.name, manifest.version, requires.applets, requires.sdk, requires.kernel)
