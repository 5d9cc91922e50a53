"""How the modules of an applet name each other."""

from __future__ import annotations

from collections.abc import Collection

# The module that a package is itself.
PACKAGE = "__init__"


def find_module(name: str, own: Collection[str]) -> str | None:
    """The key of an own module: `data` is `data.py`, `data/__init__.py`, or a folder of modules (answered itself)."""
    for key in (name, f"{name}.{PACKAGE}"):
        if key in own:
            return key
    return name if any(other.startswith(f"{name}.") for other in own) else None


def package_of(module: str, own: Collection[str], level: int) -> str | None:
    """The package `level` dots lead to from a module; "" is the applet itself, None lies outside of it."""
    parts = module.split(".")
    is_package = parts[-1] == PACKAGE
    if is_package:
        parts.pop()
    elif module in own and any(other.startswith(f"{module}.") for other in own):
        is_package = True
    up = level - 1 if is_package else level
    return ".".join(parts[: len(parts) - up]) if up <= len(parts) else None
