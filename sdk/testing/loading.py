"""Loading an applet under test: its folder, and its hooks module under the name a test would import it by."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from sdk.applet import Applet
from sdk.hookset import HookPlugin, collect_hooks

KERNEL_TYPES = Path(__file__).parent / "kernel_types"

Loaded = tuple[Applet, Sequence[HookPlugin]]


def load_applet(source: Applet | Path | str) -> Loaded:
    """The applet of a folder with its hooks and lenses. Raises InvalidApplet, InvalidHooks, InvalidLenses."""
    applet = load_lenses(source if isinstance(source, Applet) else Applet.load(Path(source).resolve()))
    module = import_hooks(applet)
    return applet, collect_hooks(applet.name, module) if module else ()


# Every fake kernel of a test run has the same ones, and reading them is most of what making one takes.
@cache
def load_kernel_types() -> Loaded:
    """The kernel's own document types: companies, settings, notifications, roles, grants."""
    return Applet.load(KERNEL_TYPES), ()


def load_lenses(applet: Applet) -> Applet:
    """The applet with the functions of its `lenses.py`, and types that cast by them. Raises InvalidLenses."""
    if not applet.lenses:
        return applet
    module = _import(applet, "lenses")
    chains = {
        name: chain.with_functions(module) if module is not None else chain for name, chain in applet.lenses.items()
    }
    types = {name: replace(type, lenses=chains.get(name)) for name, type in applet.types.items()}
    return replace(applet, lenses=chains, types=types)


def import_hooks(applet: Applet) -> ModuleType | None:
    """The hooks module, None where the applet has none."""
    return _import(applet, applet.manifest.hooks)


def _import(applet: Applet, name: str) -> ModuleType | None:
    if not (applet.folder / f"{name}.py").exists():
        return None
    return importlib.import_module(f"{applet.package or package_of(applet.folder)}.{name}")


def package_of(folder: Path) -> str:
    """The dotted name of an applet's folder; one made up for it where it cannot be imported.

    A module imported twice under two names has two of each error class, and `pytest.raises` would miss one.
    """
    names = sorted(_names(folder), key=lambda name: (name in sys.modules, name.count(".")), reverse=True)
    for name in names:
        if _leads_to(name, folder):
            return name
    return _make_package(folder)


def _names(folder: Path) -> Iterator[str]:
    for entry in sys.path:
        root = Path(entry or ".").resolve()
        if folder != root and folder.is_relative_to(root):
            parts = folder.relative_to(root).parts
            if all(part.isidentifier() for part in parts):
                yield ".".join(parts)


def _leads_to(name: str, folder: Path) -> bool:
    try:
        package = importlib.import_module(name)
    except ImportError:
        return False
    return str(folder) in {str(Path(path).resolve()) for path in getattr(package, "__path__", ())}


def _make_package(folder: Path) -> str:
    name = "bos_applet_" + "".join(c if c.isalnum() else "_" for c in str(folder))
    if name not in sys.modules:
        package = ModuleType(name, "An applet that lies outside of every import path.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
        importlib.invalidate_caches()
    return name
