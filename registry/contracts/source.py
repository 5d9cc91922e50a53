"""The modules of an applet as syntax trees, and what each name at their top stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from registry.contracts.surface import source_of
from sdk.applet_files import FILE_BYTES_MAX
from sdk.errors import Invalid

# The applet's own package, for modules that import each other relatively.
ROOT = "applet"
SKIPPED = frozenset({"tests", "__pycache__"})
MODULES_MAX = 500


class UnreadableCode(Invalid):
    """The module {file} of the applet cannot be read: {reason}."""


@dataclass
class Module:
    """One file. name: `applet.rules`; path: below the applet's folder. names: what stands at its top, by name.

    imports: (module, name, node) by the name they go by here; name empty: the module itself.
    """

    name: str
    path: str
    tree: ast.Module
    is_package: bool
    imports: dict[str, tuple[str, str, ast.stmt]] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    assigned: dict[str, list[ast.stmt]] = field(default_factory=dict)

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def read_sources(folder: Path) -> dict[str, str]:
    """The text of all modules but the tests, by their paths below the folder. Raises UnreadableCode."""
    paths = [path for path in sorted(folder.rglob("*.py")) if not SKIPPED.intersection(path.relative_to(folder).parts)]
    if len(paths) > MODULES_MAX:
        raise UnreadableCode(file=str(len(paths)), reason=f"there are more than {MODULES_MAX} modules")
    return {shown: _read(path, shown) for path in paths for shown in [path.relative_to(folder).as_posix()]}


def parse_modules(sources: Mapping[str, str]) -> dict[str, Module]:
    """By name. Raises UnreadableCode."""
    modules = {}
    for shown, text in sources.items():
        path = PurePosixPath(shown)
        name = ".".join([ROOT, *path.with_suffix("").parts]).removesuffix(".__init__")
        module = Module(name, shown, _parse(text, shown), path.name == "__init__.py")
        for node in _top_level(module.tree.body):
            _declare(module, node)
        modules[name] = module
    return modules


def _read(path: Path, shown: str) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise UnreadableCode(file=shown, reason="it is too large")
        return path.read_text(encoding="utf-8")
    except (ValueError, OSError) as error:
        raise UnreadableCode(file=shown, reason=f"{type(error).__name__}: {error}") from None


def _parse(text: str, shown: str) -> ast.Module:
    try:
        return ast.parse(text, shown)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableCode(file=shown, reason=f"{type(error).__name__}: {error}") from None


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, those in branches too."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For):
                yield from _top_level(getattr(node, name, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _top_level(handler.body)


def _declare(module: Module, node: ast.stmt) -> None:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            module.functions[node.name] = node
        case ast.ClassDef():
            module.classes[node.name] = node
        case ast.Import():
            for alias in node.names:
                # `import sdk.errors` binds `sdk`.
                bound = alias.asname or alias.name.partition(".")[0]
                module.imports[bound] = (alias.name if alias.asname else bound, "", node)
        case ast.ImportFrom():
            source = source_of(node, module.name, module.is_package)
            for alias in node.names:
                module.imports[alias.asname or alias.name] = (source, alias.name, node)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            for name in _bound_names(node):
                module.assigned.setdefault(name, []).append(node)
        case ast.For():
            for name in _names_in(node.target):
                module.assigned.setdefault(name, []).append(node)


def _bound_names(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from _names_in(target)


def _names_in(target: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
