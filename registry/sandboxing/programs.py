"""The files of a release as what a worker is loaded with; they are read as text, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from registry.bundles import list_files
from registry.discovery import Release
from sandbox.errors import LoadFailed
from sandbox.host.engine import Program
from sandbox.limits import MEMORY_MB

# Together they must fit into one frame with their names; a little is left for those.
PROGRAM_BYTES_MAX = 1_000_000
# What code may read of its own folder: data, not what Bos itself reads of an applet.
_DATA_SUFFIXES = frozenset({".json", ".txt", ".csv"})
_DEFINITIONS = frozenset({"schemas", "workflows", "registers", "reports", "lenses", "tests"})
_DEFINITION_FILES = frozenset({"settings.json", "roles.json", "applet.lock"})


def program_of(release: Release) -> Program:
    """Raises LoadFailed for a release that is too large, or holds no text."""
    applet = release.applet
    assert applet is not None
    modules, files = dict(_modules(release)), dict(_files(release))
    size = sum(len(text.encode()) for texts in (modules, files) for text in texts.values())
    if size > PROGRAM_BYTES_MAX:
        reason = f"its code and data are {size} bytes, {PROGRAM_BYTES_MAX} is the most"
        raise LoadFailed(applet=release.name, reason=reason)
    return Program(
        release.name,
        release.version,
        release.digest,
        modules,
        files,
        hooks_module=applet.manifest.hooks,
        memory_mb=applet.manifest.limits.memory_mb or MEMORY_MB,
    )


def _modules(release: Release) -> Iterator[tuple[str, str]]:
    """By their names inside of the applet. Its own `__init__` is not run, as it is not in this process."""
    for name, path in list_files(release.folder):
        parts = Path(name).with_suffix("").parts
        if path.suffix != ".py" or parts[0] == "tests" or parts == ("__init__",):
            continue
        module = parts[:-1] if parts[-1] == "__init__" else parts
        yield ".".join(module), _text(release, name, path)


def _files(release: Release) -> Iterator[tuple[str, str]]:
    """By their paths inside of the applet."""
    for name, path in list_files(release.folder):
        is_own = Path(name).parts[0] in _DEFINITIONS or name in _DEFINITION_FILES
        if path.suffix in _DATA_SUFFIXES and not is_own:
            yield name, _text(release, name, path)


def _text(release: Release, name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadFailed(applet=release.name, reason=f"{name} is no text: {type(error).__name__}") from None
