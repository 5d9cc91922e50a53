"""The machine: follows every hook of an applet, and every function no hook leads to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from registry.contracts.following.annotations import value_of_annotation
from registry.contracts.following.calling import bind_parameters, call_atom
from registry.contracts.following.expressions import evaluate_expression
from registry.contracts.following.python_models import is_builtin
from registry.contracts.following.reading import read_attribute, read_item, symbol_value
from registry.contracts.following.recording import Recorder
from registry.contracts.following.state import Cell, Frame, Given, ObjectCell, State, has_refs, join_cells, join_states
from registry.contracts.following.statements import assign_target, execute_statement
from registry.contracts.following.values import (
    NONE,
    OTHER,
    Atom,
    Bound,
    Doc,
    External,
    Function,
    HookMark,
    Many,
    OwnClass,
    OwnModule,
    Ref,
    Symbol,
    Value,
    join,
    one,
)
from registry.contracts.following.walking import find_class_node
from registry.contracts.following.writing import write_item
from registry.contracts.lookup import find_symbol
from registry.contracts.model import SDK, Offer
from registry.contracts.source import ROOT, Module
from sdk.applet import Applet

# Calls within calls: deeper than any applet, and shallower than Python's own stack.
DEPTH_MAX = 24
# How often one function is followed within itself.
RECURSION_MAX = 2
# Expressions looked at for one function that is entered, and for all of an applet: a bound on time, seconds at most.
# Applets that come with Bos need 1,200 and 8,000.
STEPS_MAX = 60_000
STEPS_TOTAL_MAX = 600_000


class _Exhausted(Exception):
    """Following has taken all the steps it may."""


class Interpreter:
    """See `registry.contracts.following.machine.Machine`, which it is."""

    def __init__(self, applet: Applet, sdk: Offer, modules: Mapping[str, Module]) -> None:
        self.applet, self.sdk, self.modules = applet.name, sdk, modules
        self.types: Iterable[str] = tuple(applet.types)
        # What the applet's own link fields lead to; of others' types the code says nothing.
        self.links: Mapping[tuple[str, str], str] = {
            (type.name, field.path): field.link or "*" for type in applet.types.values() for field in type.links
        }
        self.recorder = Recorder(applet.name)
        self.hooks: list[tuple[Function, HookMark]] = []
        self.seen: set[tuple[str, int]] = set()
        self.statics: dict[int, Cell] = {}
        self._globals: dict[str, Frame] = {}
        self._cells = 0
        # Whether something was put into a list or dict of a module: then it is worth looking again.
        self.has_news = False
        self._steps = self._total = 0
        self._results: dict[tuple[object, ...], Value] = {}

    def run_module(self, name: str) -> Frame:
        """The top of a module, once; what it binds is there for its functions."""
        if name not in self._globals:
            module = self.modules[name]
            frame = Frame(name, State({}, {}), is_module=True)
            self._globals[name] = frame
            before = self.recorder.path, self.recorder.line
            self.recorder.at(module.path, module.tree)
            self.execute(module.tree.body, frame)
            self.recorder.path, self.recorder.line = before
            self.statics.update(frame.state.heap)
        return self._globals[name]

    def forget(self) -> None:
        """Follow functions again that were followed before."""
        self.has_news = False
        self._results.clear()

    def enter(self, function: Function, given: Given) -> None:
        """Follow a function from outside; says so where that takes too long."""
        self._steps = 0 if self._total < STEPS_TOTAL_MAX else STEPS_MAX
        try:
            self.call_function(function, given, Frame(function.module, State({}, {})))
        except (_Exhausted, RecursionError):
            self.recorder.at(self.modules[function.module].path, function.node)
            self.recorder.leave_open("is too much to be followed to its end")
        self._total += self._steps

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise _Exhausted
        self.recorder.line = node.lineno if hasattr(node, "lineno") else self.recorder.line
        return evaluate_expression(self, node, frame)

    def execute(self, body: list[ast.stmt], frame: Frame) -> None:
        for node in body:
            if frame.state.is_dead and not isinstance(node, ast.FunctionDef | ast.ClassDef):
                return
            self.recorder.line = node.lineno
            execute_statement(self, node, frame)

    def call(self, function: Value, given: Given, frame: Frame) -> Value:
        line = self.recorder.line
        found = []
        receivers = frozenset(atom.receiver for atom in function if isinstance(atom, Bound))
        for atom in sorted(function, key=repr):
            self.recorder.line = line
            with self.among(receivers if isinstance(atom, Bound) else frozenset()):
                found.append(call_atom(self, atom, given, frame))
        self.recorder.line = line
        return join(found) if found else OTHER

    def call_function(self, function: Function, given: Given, frame: Frame) -> Value:
        key = (function.module, function.name, function.line)
        self.seen.add((function.module, function.line))
        if len(frame.stack) >= DEPTH_MAX or frame.stack.count(key) >= RECURSION_MAX:
            return self.of_annotation(getattr(function.node, "returns", None), function.module)
        memo = self._memo_key(function, given)
        if memo is not None and memo in self._results:
            return self._results[memo]
        before = self.recorder.path, self.recorder.line
        inner = Frame(function.module, State({}, frame.state.heap), (*frame.stack, key), function.outer, function.cls)
        inner.state.names = bind_parameters(self, function, given, inner)
        self.recorder.path = self.modules[function.module].path
        value = self._follow(function, inner)
        self.recorder.path, self.recorder.line = before
        frame.state.heap = inner.state.heap
        if memo is not None and not has_refs(value):
            self._results[memo] = value
        return value

    def _memo_key(self, function: Function, given: Given) -> tuple[object, ...] | None:
        """The same function of the same things does the same, unless it may change one of them."""
        if function.outer is not None or given.is_open or any(has_refs(value) for value in given.everything()):
            return None
        return (function.module, function.name, function.line, given.positional, tuple(sorted(given.keywords.items())))

    def _follow(self, function: Function, inner: Frame) -> Value:
        node = function.node
        if isinstance(node, ast.Lambda):
            return self.evaluate(node.body, inner)
        self.execute(node.body, inner)
        if not inner.state.is_dead:
            inner.returned.append((NONE, inner.state))
        if inner.yielded:
            inner.returned.append((one(Many(join(inner.yielded))), inner.state))
            inner.returned = inner.returned[-1:]
        if not inner.returned:
            return OTHER
        value = join(value for value, _ in inner.returned)
        joined = inner.returned[0][1]
        for _, state in inner.returned[1:]:
            joined = join_states(joined, state)
        inner.state.heap = joined.heap
        # An annotation says more than a value nothing is known of.
        if value == OTHER:
            return self.of_annotation(node.returns, function.module)
        return value

    def attribute(self, value: Value, name: str, frame: Frame) -> Value:
        return join(read_attribute(self, atom, name, frame) for atom in sorted(value, key=repr)) or OTHER

    def subscript(self, value: Value, key: Value, frame: Frame) -> Value:
        with self.among(value):
            return self._subscript(value, key, frame)

    @contextmanager
    def among(self, value: Value) -> Iterator[None]:
        """While a field is read of one of several documents."""
        before = self.recorder.among
        self.recorder.among = {(atom.type, atom.path) for atom in value if isinstance(atom, Doc)}
        yield
        self.recorder.among = before

    def _subscript(self, value: Value, key: Value, frame: Frame) -> Value:
        return join(read_item(self, atom, key, frame) for atom in sorted(value, key=repr)) or OTHER

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        assign_target(self, target, value, frame)

    def set_item(self, atom: Atom, key: Value, value: Value, frame: Frame) -> None:
        write_item(self, atom, key, value, frame)

    def set_attribute(self, atom: Atom, name: str, value: Value, frame: Frame) -> None:
        cell = self.cell(atom, frame)
        if isinstance(cell, ObjectCell):
            self.store(atom, ObjectCell(cell.module, cell.name, {**cell.members, name: value}), frame)

    def decorate(self, decorator: ast.expr, value: Value, frame: Frame) -> Value:
        """What a decorator makes of a function: a hook of its own is told, else it is taken as it is."""
        made = self.call(self.evaluate(decorator, frame), Given((value,)), frame)
        return made if any(isinstance(atom, Function) for atom in made) else value

    def instance_of(self, cls: OwnClass, frame: Frame) -> Value:
        return self.new(ObjectCell(cls.module, cls.name), frame)

    def name(self, name: str, frame: Frame) -> Value:
        """A variable: of the function, of those around it, of the module, of Python."""
        if name in frame.state.names:
            return frame.state.names[name]
        if frame.outer is not None and name in frame.outer:
            return frame.outer[name]
        found = self.module_name(frame.module, name)
        if found is not None:
            return found
        return one(External(name)) if is_builtin(name) else OTHER

    def module_name(self, module: str, name: str) -> Value | None:
        """What a name at the top of a module stands for; None where it has none."""
        known = self.modules.get(module)
        if known is None:
            return None
        values = self.run_module(module).state.names
        if name in values:
            return values[name]
        if name in known.imports:
            return self.imported(*known.imports[name][:2])
        if name in known.classes:
            return one(OwnClass(module, name))
        if name in known.functions:
            node = known.functions[name]
            return one(Function(module, name, node, node.lineno))
        below = f"{module}.{name}"
        return one(OwnModule(below)) if below in self.modules else None

    def imported(self, source: str, name: str) -> Value:
        root = source.partition(".")[0]
        if root == SDK:
            return symbol_value(self, source, name) if name else one(Symbol(source))
        if root != ROOT:
            return one(External(f"{source}.{name}".strip(".")))
        below = f"{source}.{name}"
        if below in self.modules:
            return one(OwnModule(below))
        return (self.module_name(source, name) if name else one(OwnModule(source))) or OTHER

    def new(self, cell: Cell, frame: Frame) -> Value:
        self._cells += 1
        frame.state.heap[self._cells] = cell
        return one(Ref(self._cells))

    def cell(self, atom: Atom, frame: Frame) -> Cell | None:
        if not isinstance(atom, Ref):
            return None
        found = frame.state.heap.get(atom.cell)
        if found is None:
            found = self.statics.get(atom.cell)
        if found is None:
            # Of a module that is being read: its heap is not done yet.
            found = next((g.state.heap[atom.cell] for g in self._globals.values() if atom.cell in g.state.heap), None)
        return found

    def store(self, atom: Atom, cell: Cell, frame: Frame) -> None:
        if not isinstance(atom, Ref):
            return
        frame.state.heap[atom.cell] = cell
        known = self.statics.get(atom.cell)
        if known is not None:
            # Of a module: whatever function looks there next may find it.
            self.statics[atom.cell] = join_cells(known, cell)
            self.has_news = self.has_news or self.statics[atom.cell] != known

    def of_annotation(self, annotation: ast.expr | None, module: str) -> Value:
        return value_of_annotation(annotation, lambda name: self._resolve(module, name))

    def _resolve(self, module: str, dotted: str) -> Value:
        first, *rest = dotted.split(".")
        if module.partition(".")[0] == SDK:
            found = find_symbol(self.sdk, module, first)
            return one(Symbol(found[0], first)) if found and not rest else OTHER
        known = self.modules.get(module)
        value: Value | None = None
        if known is not None and first in known.imports:
            value = self.imported(*known.imports[first][:2])
        elif find_class_node(self.modules, module, first) is not None:
            value = one(OwnClass(module, first))
        for name in rest:
            value = self.attribute(value, name, Frame(module, State())) if value is not None else None
        return value or OTHER
