"""What an applet's code uses: its imports, and what its functions do with documents when they are followed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from registry.contracts.model import SDK, Unresolved, Use
from registry.contracts.source import Module, read_modules
from sdk.applet import Applet


@dataclass
class Code:
    """What was found. emitted: payload members by event."""

    uses: list[Use] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    emitted: Mapping[str, set[str]] = field(default_factory=dict)


def read_code(applet: Applet) -> Code:
    """Raises UnreadableCode."""
    modules = read_modules(applet.folder)
    return Code([use for module in modules.values() for use in _imports(module)])


def _imports(module: Module) -> Iterator[Use]:
    """Every name of the SDK a module imports, wherever the import stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == SDK:
                    yield Use("symbol", alias.name, "", "import", (module.at(node),))
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == SDK:
            for alias in node.names:
                # Where each name has a line of its own, that is the one to be told.
                yield Use("symbol", node.module or "", alias.name, "import", (f"{module.path}:{alias.lineno}",))
