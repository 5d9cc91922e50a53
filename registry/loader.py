"""Imports an applet's code under a name of its version, so that several versions can stand side by side."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType

from registry.discovery import Release

_ROOT = "bos_applets"
_lock = threading.Lock()


def load_hooks(release: Release) -> ModuleType:
    """The hooks module of a release; imported once. Code of an applet imports itself relatively only."""
    assert release.applet is not None
    package = f"{_ROOT}.{release.name}_{_suffix(release)}"
    with _lock:
        _ensure_package(_ROOT, None)
        _ensure_package(package, release)
        module = release.applet.manifest.hooks
        if not (release.folder / f"{module}.py").is_file():
            return sys.modules[package]
        return importlib.import_module(f"{package}.{module}")


def _suffix(release: Release) -> str:
    """Of the version, to be read, and of the folder: two copies of one version are two applets to Python."""
    digest = hashlib.sha256(str(release.folder).encode()).hexdigest()[:8]
    return re.sub(r"\W", "_", f"{release.version}_{digest}")


def _ensure_package(name: str, release: Release | None) -> None:
    """A package whose modules are looked for in the release's folder; its own `__init__` is not run."""
    if name in sys.modules:
        return
    spec = ModuleSpec(name, loader=None, is_package=True)
    spec.submodule_search_locations = [str(release.folder)] if release else []
    sys.modules[name] = importlib.util.module_from_spec(spec)
