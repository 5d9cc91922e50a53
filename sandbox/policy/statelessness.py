"""Whether an applet can carry anything from one call to the next, judged without running it.

Only what is shown to be harmless counts. Functions and classes of applets cannot be written to (the guard refuses), so
what could keep something are values of modules, defaults of arguments, attributes of classes, and what decorators
close over. A mapping or list of a module passes where every use of it reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sandbox.policy.packages import PACKAGE, find_module, package_of

# Calls that give a value nobody can change, whatever values they are given.
_PURE_CALLS = frozenset({
    "Decimal", "bool", "bytes", "dataclasses.field", "datetime.date", "datetime.datetime", "datetime.time",
    "datetime.timedelta", "datetime.timezone", "decimal.Decimal", "enum.auto", "float", "fractions.Fraction",
    "frozenset", "int", "pathlib.Path", "re.compile", "str", "tuple", "typing.NewType", "typing.TypeVar", "uuid.UUID",
})  # fmt: skip
# These keep what is in a display, and not the display.
_COPYING_CALLS = frozenset({"frozenset", "tuple"})
_PURE_DECORATORS = frozenset({
    "classmethod", "contextlib.contextmanager", "dataclasses.dataclass", "enum.unique", "functools.total_ordering",
    "property", "staticmethod", "typing.final", "typing.overload", "typing.runtime_checkable",
})  # fmt: skip
_READING_METHODS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_READING_CALLS = frozenset({
    "all", "any", "dict", "enumerate", "frozenset", "len", "list", "max", "min", "set", "sorted", "sum", "tuple",
})  # fmt: skip
_BUILTINS = _READING_CALLS | {"bool", "bytes", "float", "int", "str", "property", "staticmethod", "classmethod"}


class _Stateful(Exception):
    """Something that could keep state."""


def is_stateless(trees: Mapping[str, ast.Module]) -> bool:
    """Whether the modules of an applet, as parsed, keep nothing between two calls. False where in doubt."""
    return len(stateless_modules(trees)) == len(trees)


class Parsed(NamedTuple):
    """A module's tree, and all nodes of it: they are asked for more than once, and walking takes its time."""

    tree: ast.Module
    nodes: Sequence[ast.AST]


def stateless_modules(trees: Mapping[str, ast.Module]) -> frozenset[str]:
    """The modules that keep nothing and import no own module that might, so that all calls may share them."""
    return stateless_modules_of({name: Parsed(tree, list(ast.walk(tree))) for name, tree in trees.items()})


def stateless_modules_of(modules: Mapping[str, Parsed]) -> frozenset[str]:
    """The same, for trees whose nodes are listed already."""
    reached: set[str] = set()
    for parsed in modules.values():
        reached.update(_reached_names(parsed.nodes))
    stateless = {name for name, parsed in modules.items() if _keeps_nothing(parsed, reached)}
    imports = {name: _own_imports(name, modules) for name in stateless}
    while True:
        # Whoever holds a function of a module that keeps something keeps it as well.
        doubtful = {name for name in stateless if not imports[name] <= stateless}
        if not doubtful:
            return frozenset(stateless)
        stateless -= doubtful


def _keeps_nothing(parsed: Parsed, reached: set[str]) -> bool:
    try:
        tables = _Module(parsed).tables
    except _Stateful:
        return False
    # A table that another module gets hold of could be written to there.
    return not tables or ("getattr" not in reached and not tables & reached)


def _own_imports(module: str, trees: Mapping[str, Parsed]) -> set[str]:
    """The applet's modules a module imports anywhere, in functions too. What leads nowhere is no module of the set."""
    found: set[str] = set()
    for node in trees[module].nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            package = package_of(module, trees, node.level) or ""
            base = f"{package}.{node.module}" if package and node.module else package or node.module or ""
            inner = {f"{base}.{alias.name}" if base else alias.name for alias in node.names}
            modules = {find_module(name, trees) for name in ({base} if node.module else set()) | inner}
            found |= {name for name in modules if name is not None and name in trees}
            # `from . import name` may take the name from the package itself.
            package_itself = find_module(base, trees) if base else PACKAGE
            if not node.module and package_itself is not None and package_itself in trees:
                found.add(package_itself)
    return found


def _reached_names(nodes: Iterable[ast.AST]) -> Iterable[str]:
    """Names a module may take from others: imported ones, read as attributes, or read by a text."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs
        elif isinstance(node, ast.Name) and node.id == "getattr":
            yield node.id


class _Module:
    """One module, read from top to bottom; raises _Stateful at the first doubt."""

    def __init__(self, parsed: Parsed) -> None:
        self.imports: dict[str, str] = {}
        self.values: set[str] = set()
        self.references: set[str] = set()
        self.tables: set[str] = set()
        if any(type(node) is ast.Global for node in parsed.nodes):
            raise _Stateful
        for statement in parsed.tree.body:
            self._statement(statement)
        if self.tables:
            self._check_tables(parsed.nodes)

    def _bind(self, name: str, kind: set[str]) -> None:
        # A name with two meanings is followed no further.
        if name in self.imports or name in self.values | self.references | self.tables or name in _BUILTINS:
            raise _Stateful
        kind.add(name)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.FunctionDef):
            self._function(node)
            self._bind(node.name, self.references)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
            self._bind(node.name, self.references)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, node.value)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for other in node.orelse:
                self._statement(other)
        elif not isinstance(node, ast.Pass):
            self._require(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))

    def _require(self, holds: bool) -> None:
        if not holds:
            raise _Stateful

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                name, full = alias.asname or alias.name, f"{node.module}.{alias.name}"
            else:
                name = alias.asname or alias.name.partition(".")[0]
                full = alias.name if alias.asname else name
            if isinstance(node, ast.Import) and self.imports.get(name) == full:
                continue
            self._bind(name, set())
            self.imports[name] = f".{full}" if isinstance(node, ast.ImportFrom) and node.level else full

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name) and target.id == "__all__":
            return
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for each, item in zip(target.elts, value.elts, strict=True):
                self._assign(each, item)
            return
        self._require(isinstance(target, ast.Name))
        if self._is_value(value):
            self._bind(target.id, self.values)  # type: ignore[attr-defined]
        elif self._is_immutable(value):
            self._bind(target.id, self.references)  # type: ignore[attr-defined]
        else:
            self._require(self._is_table(value))
            self._bind(target.id, self.tables)  # type: ignore[attr-defined]

    def _full_name(self, node: ast.expr) -> str:
        """`decimal.Decimal`, however it was imported; "" where it is not known."""
        if isinstance(node, ast.Name):
            known = self.values | self.references | self.tables
            return self.imports.get(node.id) or (node.id if node.id in _BUILTINS and node.id not in known else "")
        if isinstance(node, ast.Attribute):
            outer = self._full_name(node.value)
            return f"{outer}.{node.attr}" if outer else ""
        return ""

    def _is_value(self, node: ast.expr) -> bool:
        """Plain values, whose operators run no code of the applet and give plain values again."""
        match node:
            case ast.Call():
                name = self._full_name(node.func)
                is_fine = self._is_item if name in _COPYING_CALLS else self._is_immutable
                return name in _PURE_CALLS and all(map(is_fine, _arguments(node)))
            case ast.Tuple():
                parts = node.elts
            case ast.UnaryOp():
                parts = [node.operand]
            case ast.BinOp():
                parts = [node.left, node.right]
            case ast.Attribute():
                parts = [node.value]
            case ast.Name():
                return node.id in self.values or node.id == "__file__"
            case _:
                return isinstance(node, ast.Constant)
        return all(map(self._is_value, parts))

    def _is_item(self, node: ast.expr) -> bool:
        return self._is_immutable(node) or self._is_copied(node)

    def _is_copied(self, node: ast.expr) -> bool:
        """A display given to `frozenset` or `tuple`, which keep what is in it and not itself."""
        return isinstance(node, ast.List | ast.Set) and all(map(self._is_immutable, node.elts))

    def _is_immutable(self, node: ast.expr) -> bool:
        """Values, and what is known by its name: imports, functions, classes and their attributes."""
        match node:
            case ast.Name():
                return node.id in self.references | self.imports.keys() | _BUILTINS or self._is_value(node)
            case ast.Attribute():
                parts = [node.value]
            case ast.Tuple():
                parts = node.elts
            case ast.JoinedStr():
                parts = node.values
            case ast.FormattedValue():
                parts = [node.value] if node.format_spec is None else [node.value, node.format_spec]
            case ast.Lambda():
                parts = _defaults(node.args)
            case _:
                return self._is_value(node)
        return all(map(self._is_immutable, parts))

    def _is_table(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Dict):
            return all(
                self._is_table(value) if key is None else self._is_immutable(key) and self._is_immutable(value)
                for key, value in zip(node.keys, node.values, strict=True)
            )
        if isinstance(node, ast.Call):
            return self._full_name(node.func) == "dict.fromkeys" and all(map(self._is_immutable, node.args))
        return self._is_copied(node)

    def _function(self, node: ast.FunctionDef) -> None:
        self._require(all(map(self._is_immutable, _defaults(node.args))))
        self._decorators(node.decorator_list)

    def _decorators(self, decorators: list[ast.expr]) -> None:
        for decorator in decorators:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = self._full_name(called)
            is_accessor = isinstance(called, ast.Attribute) and called.attr in ("setter", "getter", "deleter")
            self._require(name in _PURE_DECORATORS or name.startswith("sdk.hooks.") or is_accessor)
            if isinstance(decorator, ast.Call):
                self._require(all(map(self._is_immutable, _arguments(decorator))))

    def _class(self, node: ast.ClassDef) -> None:
        self._require(all(map(self._is_immutable, node.bases)))
        self._decorators(node.decorator_list)
        for statement in node.body:
            match statement:
                case ast.FunctionDef():
                    self._function(statement)
                case ast.ClassDef():
                    self._class(statement)
                case ast.Assign():
                    self._require(self._is_immutable(statement.value))
                case ast.AnnAssign():
                    self._require(statement.value is None or self._is_immutable(statement.value))
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    raise _Stateful

    def _check_tables(self, nodes: Sequence[ast.AST]) -> None:
        reading: set[int] = set()
        for node in nodes:
            reading.update(id(name) for name in self._reads(node))
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in self.tables and isinstance(node.ctx, ast.Load):
                self._require(id(node) in reading)

    def _reads(self, node: ast.AST) -> Iterable[ast.AST]:
        """The operands of a node that are only read by it."""
        operands: Iterable[ast.AST] = ()
        match node:
            case ast.Subscript(ctx=ast.Load(), value=value) | ast.Starred(ctx=ast.Load(), value=value):
                operands = (value,)
            case ast.keyword(arg=None, value=value) | ast.For(iter=value) | ast.comprehension(iter=value):
                operands = (value,)
            case ast.Compare(ops=[ast.In() | ast.NotIn()]):
                operands = node.comparators
            case ast.Dict():
                operands = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
            case ast.Call(func=ast.Attribute(attr=attr, value=value)) if attr in _READING_METHODS:
                operands = (value,)
            case ast.Call(func=ast.Name(id=name)) if name in _READING_CALLS and name not in self.imports:
                operands = node.args
        return operands


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]
