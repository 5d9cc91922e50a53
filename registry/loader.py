"""Imports an applet's code under a name of its version, so that several versions can stand side by side."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import threading
from dataclasses import replace
from importlib.machinery import ModuleSpec
from types import ModuleType

from registry.discovery import Release
from sdk.applet import Applet

_ROOT = "bos_applets"
_lock = threading.Lock()


def load_hooks(release: Release) -> ModuleType:
    """The hooks module of a release; imported once. Code of an applet imports itself relatively only."""
    assert release.applet is not None
    return _load(release, release.applet.manifest.hooks)


def load_applet(release: Release) -> Applet:
    """The applet with the functions of its `lenses.py`, where it has any."""
    assert release.applet is not None
    if not any(chain.pairs for chain in release.applet.lenses.values()):
        return release.applet
    module = _load(release, "lenses")
    return replace(release.applet, lenses={name: c.with_functions(module) for name, c in release.applet.lenses.items()})


def _load(release: Release, module: str) -> ModuleType:
    package = f"{_ROOT}.{release.name}_{_suffix(release)}"
    with _lock:
        _ensure_package(_ROOT, None)
        _ensure_package(package, release)
        if not (release.folder / f"{module}.py").is_file():
            return sys.modules[package]
        return importlib.import_module(f"{package}.{module}")


def _suffix(release: Release) -> str:
    """Of the version, to be read, and of the content: what is not the same is not the same applet to Python."""
    return re.sub(r"\W", "_", f"{release.version}_{release.digest[:8]}")


def _ensure_package(name: str, release: Release | None) -> None:
    """A package whose modules are looked for in the release's folder; its own `__init__` is not run."""
    folders = [str(release.folder)] if release else []
    if name not in sys.modules:
        sys.modules[name] = importlib.util.module_from_spec(ModuleSpec(name, loader=None, is_package=True))
    # The same content may lie in several folders, and the one it was first seen in be gone by now.
    sys.modules[name].__path__ = folders
