"""The rules of the house as functions: source tree in, offenders out. Standard library only."""

import ast
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("sdk", "kernel", "sandbox", "registry", "marketplace", "applets")
MAY_IMPORT = {
    "sdk": set(),
    "kernel": {"sdk"},
    "sandbox": {"sdk"},
    "registry": {"sdk", "kernel", "sandbox"},
    "marketplace": {"sdk", "kernel", "registry", "sandbox"},
    "applets": {"sdk"},
}
# Whoever writes an applet gets the SDK, and with it everything the SDK needs: so it needs little.
MAY_NEED = {"sdk": {"pluggy", "packaging", "jsonschema"}, "applets": set()}
MAY_COMMIT = {"kernel/db/unit_of_work.py", "kernel/db/migrate.py"}
FILE_LINES_MAX, FILE_LINES_MEDIAN_MAX = 400, 90
FUNCTION_LINES_MAX, FUNCTION_LINES_MEDIAN_MAX = 60, 8
ROOM_DOCSTRING_LINES_MAX = 5
VAGUE = re.compile(r"(^|_)(info|manager|helpers?|utils?)(_|$)")
VAGUE_CLASS = re.compile(r"(Info|Manager|Helper|Utils?)$")
REASON = re.compile(r"#\s*reason: \S+")


@dataclass(frozen=True)
class Module:
    path: str  # relative to the root, with slashes
    name: str  # dotted
    lines: list[str]
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.split("/")[0]

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{node.lineno}"


def read_modules(root: Path) -> list[Module]:
    return [
        read_module(root, path)
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if "tests" not in path.relative_to(root).parts
    ]


def read_module(root: Path, path: Path) -> Module:
    relative = path.relative_to(root)
    name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Module(relative.as_posix(), name, text.splitlines(), ast.parse(text))


def imports_of(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import with the full dotted name of what it asks for; `from a import b` may mean a.b, so both."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_source(module, node)
            yield node, source
            yield from ((node, f"{source}.{alias.name}") for alias in node.names)


def resolve_source(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    base = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return node.end_lineno - node.lineno + 1


def find_layer_breaks(modules: Iterable[Module]) -> list[str]:
    return sorted(
        {
            f"{module.at(node)} imports {target}"
            for module in modules
            for node, target in imports_of(module)
            if breaks_layer(module, target)
        }
    )


def breaks_layer(module: Module, target: str) -> bool:
    top = target.split(".", maxsplit=1)[0]
    if top not in PACKAGES:
        return False
    return top != module.package and top not in MAY_IMPORT[module.package]


def find_applet_reaches(modules: Iterable[Module]) -> list[str]:
    """An applet that names itself cannot be loaded twice; one that names another applet is tied to it."""
    return [
        f"{module.at(node)} imports {resolve_source(module, node) if isinstance(node, ast.ImportFrom) else 'applets'}"
        for module in modules
        if module.package == "applets"
        for node in ast.walk(module.tree)
        if leaves_applet(module, node)
    ]


def leaves_applet(module: Module, node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "applets" for alias in node.names)
    if not isinstance(node, ast.ImportFrom):
        return False
    source = resolve_source(module, node).split(".")
    if not node.level:
        return source[0] == "applets"
    return source[:2] != module.name.split(".")[:2]


def find_foreign_needs(modules: Iterable[Module]) -> list[str]:
    return sorted(
        {
            f"{module.at(node)} needs {target.split('.')[0]}"
            for module in modules
            if module.package in MAY_NEED
            for node, target in imports_of(module)
            if is_foreign(module.package, target.split(".")[0])
        }
    )


def is_foreign(package: str, top: str) -> bool:
    return top not in sys.stdlib_module_names and top not in MAY_NEED[package] and top not in PACKAGES


def find_cycles(modules: Iterable[Module]) -> list[str]:
    """The first cycle, if any, as the chain of modules that import each other."""
    known = {module.name: module for module in modules}
    graph = {
        name: {target for _, target in imports_of(module) if target in known and target != name}
        for name, module in known.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def find_long_files(modules: Iterable[Module]) -> list[str]:
    return [f"{each.path}: {len(each.lines)} lines" for each in modules if len(each.lines) > FILE_LINES_MAX]


def find_long_functions(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.at(node)} {node.name}: {length_of(node)} lines"
        for module in modules
        for node in functions_of(module)
        if length_of(node) > FUNCTION_LINES_MAX
    ]


def median_file_lines(modules: Iterable[Module]) -> float:
    return statistics.median([len(module.lines) for module in modules] or [0])


def median_function_lines(modules: Iterable[Module]) -> float:
    return statistics.median([length_of(node) for module in modules for node in functions_of(module)] or [0])


def find_late_imports(modules: Iterable[Module]) -> list[str]:
    return sorted(
        {
            f"{module.at(node)} imports inside {function.name}"
            for module in modules
            for function in functions_of(module)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
    )


def find_missing_annotations(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.at(node)} {node.name}" for module in modules for node in functions_of(module) if node.returns is None
    ]


def find_commits(modules: Iterable[Module]) -> list[str]:
    """Who opened a unit of work (`with ... as uow`) may end it; whoever was handed one may not, nor a connection."""
    return [
        module.at(node)
        for module in modules
        if module.path not in MAY_COMMIT
        for node in set(ast.walk(module.tree)) - set(own_commits_of(module))
        if is_commit(node) or is_commit_text(node)
    ]


def own_commits_of(module: Module) -> Iterator[ast.AST]:
    for block in ast.walk(module.tree):
        if isinstance(block, ast.With) and any(is_unit_of_work(item.optional_vars) for item in block.items):
            yield from (node for node in ast.walk(block) if is_commit(node) and is_unit_of_work(node.func.value))


def is_unit_of_work(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Name) and node.id == "uow"


def is_commit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


def is_commit_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip(" ;").upper() == "COMMIT"


def find_silent_excepts(modules: Iterable[Module]) -> list[str]:
    """`except Exception` must raise again, or say `# reason: ...` on its line or before its first statement."""
    return [
        module.at(node)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not is_explained(module, node)
    ]


def is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(is_broad(each) for each in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})


def is_explained(module: Module, node: ast.ExceptHandler) -> bool:
    if any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
        return True
    return any(REASON.search(line) for line in module.lines[node.lineno - 1 : node.body[0].lineno])


def find_undescribed_rooms(modules: Iterable[Module]) -> list[str]:
    return [
        module.path
        for module in modules
        if module.is_package
        and not 1 <= len((ast.get_docstring(module.tree) or "").splitlines()) <= ROOM_DOCSTRING_LINES_MAX
    ]


def find_vague_names(modules: Iterable[Module]) -> list[str]:
    files = [module.path for module in modules if VAGUE.search(module.name.rpartition(".")[2])]
    classes = [
        f"{module.at(node)} {node.name}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name)
    ]
    return files + classes
