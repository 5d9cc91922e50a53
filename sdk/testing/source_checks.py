"""What an applet's code says without being run: its imports, calls and names, by the standard library's ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sdk.definition import QUALIFIED_NAME

DOCUMENT_READS = frozenset({"get", "find", "query"})
DOCUMENT_WRITES = frozenset({"create", "update", "delete", "restore", "archive", "unarchive", "perform"})
FORBIDDEN_MODULES = frozenset({"kernel", "registry", "marketplace", "sandbox", "applets"})
OUTSIDE_MODULES = frozenset({
    "socket", "subprocess", "http", "urllib", "ssl", "asyncio", "threading", "multiprocessing", "ctypes", "shutil",
    "tempfile", "signal", "sqlite3", "pickle", "importlib", "secrets",
})  # fmt: skip
OUTSIDE_CALLS = frozenset({"open", "eval", "exec", "compile", "__import__", "input", "print", "globals", "breakpoint"})
OUTSIDE_NAMES = frozenset({"os.environ", "os.getenv", "sys.modules", "sys.path"})
CLOCKS = frozenset({"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time.time", "time.sleep"})
PATH_WRITES = frozenset({"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "rename"})


@dataclass(frozen=True)
class Module:
    """One file. path: below the applet's folder."""

    path: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@dataclass(frozen=True)
class Use:
    """A call such as `ctx.documents.get("parties.party", …)`. resource and verb: as a capability has them."""

    where: str
    resource: str
    verb: str
    name: str


class Source:
    """All modules of an applet but its tests."""

    def __init__(self, folder: Path) -> None:
        self.modules = [
            Module(str(path.relative_to(folder)), ast.parse(path.read_text(encoding="utf-8"), str(path)))
            for path in sorted(folder.rglob("*.py"))
            if "tests" not in path.relative_to(folder).parts
        ]

    @cached_property
    def constants(self) -> dict[str, str]:
        """Module-level names that stand for a text: `INVOICE = "receivables.invoice"`."""
        return {
            target.id: node.value.value
            for module in self.modules
            for node in module.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Every text in the code that could be the name of a type, register, report or event."""
        return frozenset(
            node.value
            for _, node in self.walk()
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if QUALIFIED_NAME.match(node.value)
        )

    def walk(self) -> Iterator[tuple[Module, ast.AST]]:
        for module in self.modules:
            for node in ast.walk(module.tree):
                yield module, node

    def calls(self) -> Iterator[tuple[Module, ast.Call, str]]:
        """Calls with what is called, dotted: `ctx.documents.get`."""
        for module, node in self.walk():
            if isinstance(node, ast.Call):
                yield module, node, dotted(node.func)

    def text_of(self, node: ast.expr) -> str | None:
        """The text of a literal or of a constant's name."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self.constants.get(dotted(node).rpartition(".")[2])

    def uses(self) -> Iterator[Use]:
        """What is asked of `ctx`, as far as the names are written in the code."""
        for module, node, called in self.calls():
            *_, part, verb = ["", *called.split(".")]
            kind = _capability(part, verb)
            name = self.text_of(node.args[0]) if kind and node.args else None
            if kind and name:
                yield Use(module.at(node), *kind, name)

    def emitted(self) -> Iterator[tuple[str, str]]:
        """(where, event type) of each `ctx.events.emit`."""
        for module, node, called in self.calls():
            name = self.text_of(node.args[0]) if called.endswith("events.emit") and node.args else None
            if name:
                yield module.at(node), name

    def imports(self) -> Iterator[tuple[str, str]]:
        """(where, dotted name) of each absolute import."""
        for module, node in self.walk():
            if isinstance(node, ast.Import):
                yield from ((module.at(node), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                yield module.at(node), node.module or ""

    def find_floats(self) -> list[str]:
        """Float literals and calls of `float`."""
        return [
            f"{module.at(node)} has a float"
            for module, node in self.walk()
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
        ]

    def find_outside(self) -> list[str]:
        """Files, sockets, environment, processes and the like."""
        found = [
            f"{where} imports {name}" for where, name in self.imports() if name.partition(".")[0] in OUTSIDE_MODULES
        ]
        for module, node in self.walk():
            name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
            if name in OUTSIDE_CALLS or name in OUTSIDE_NAMES or name.rpartition(".")[2] in PATH_WRITES:
                found.append(f"{module.at(node)} uses {name}")
        return found

    def find_clocks(self) -> list[str]:
        return [
            f"{module.at(node)} calls {called}"
            for module, node, called in self.calls()
            if ".".join(called.split(".")[-2:]) in CLOCKS
        ]


def _capability(part: str, verb: str) -> tuple[str, str] | None:
    if part == "documents" and verb in DOCUMENT_READS | DOCUMENT_WRITES:
        return "documents", "read" if verb in DOCUMENT_READS else "write"
    if part == "registers" and verb in ("balance", "turnover"):
        return "registers", "read"
    return ("reports", "run") if (part, verb) == ("reports", "run") else None


def dotted(node: ast.AST) -> str:
    """`ctx.documents.get` of its expression; parts that are no names are left out."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".removeprefix(".")
    return ""
