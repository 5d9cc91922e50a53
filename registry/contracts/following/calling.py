"""Calls: the applet's functions and classes, the SDK's, Python's."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from registry.contracts.following.comparing import compare
from registry.contracts.following.items import enumerated
from registry.contracts.following.machine import Machine
from registry.contracts.following.method_models import call_method
from registry.contracts.following.python_models import call_external, call_getter, hand_over
from registry.contracts.following.reading import of_sdk_annotation
from registry.contracts.following.sdk_models import MODELS
from registry.contracts.following.state import DictCell, Frame, Given, ListCell, ObjectCell, State
from registry.contracts.following.values import (
    NOTHING,
    OTHER,
    Atom,
    Bound,
    Const,
    Doc,
    External,
    Function,
    Getter,
    HookMark,
    Instance,
    Other,
    OwnClass,
    Partial,
    Ref,
    Symbol,
    Value,
    join,
    one,
    texts_of,
)
from registry.contracts.following.walking import class_members, fields_of, sdk_bases_of
from registry.contracts.lookup import find_member, find_symbol

HOOKS = "sdk.hooks"
# Methods Python calls that are followed where it does, or are about classes.
_CALLED = frozenset({
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__class_getitem__", "__getitem__", "__setitem__",
    "__delitem__", "__getattr__", "__call__", "__iter__", "__enter__",
})  # fmt: skip
# Of these the first argument is a document type and the others its actions.
_OF_ACTIONS = frozenset({"validate_action", "perform_action", "after_action"})


def call_atom(machine: Machine, atom: Atom, given: Given, frame: Frame) -> Value:
    """What calling one thing gives."""
    found = OTHER
    match atom:
        case Function():
            found = machine.call_function(atom, given, frame)
        case OwnClass():
            found = construct(machine, atom, given, frame)
        case Symbol():
            found = _call_symbol(machine, atom, given, frame)
        case Bound():
            found = _call_bound(machine, atom, given, frame)
        case External(name=name):
            found = call_external(machine, name, given, frame)
        case Partial(function=function, positional=positional, keywords=keywords):
            both = Given((*positional, *given.positional), {**dict(keywords), **given.keywords}, given.is_open)
            found = machine.call(function, both, frame)
        case Getter():
            found = call_getter(machine, atom, given, frame)
        case HookMark():
            found = _mark_functions(machine, atom, given)
        case Ref():
            found = _call_object(machine, atom, given, frame)
        case Other():
            for value in given.everything():
                hand_over(machine, value, "a function that is not known", frame)
    return found


def _mark_functions(machine: Machine, mark: HookMark, given: Given) -> Value:
    """`before_save("x.y")(function)`."""
    for value in given.positional[:1]:
        for atom in value:
            if isinstance(atom, Function):
                machine.hooks.append((atom, mark))
    return given.positional[0] if given.positional else OTHER


def _call_object(machine: Machine, ref: Ref, given: Given, frame: Frame) -> Value:
    cell = machine.cell(ref, frame)
    if isinstance(cell, ObjectCell):
        return call_own_method(machine, ref, cell, "__call__", given, frame)
    return OTHER


def call_own_method(
    machine: Machine, receiver: Atom, cell: ObjectCell | OwnClass, name: str, given: Given, frame: Frame
) -> Value:
    """A method of one of the applet's classes; OTHER where it has none."""
    found = class_members(machine.modules, cell.module, cell.name).get(name)
    if found is None or not isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef):
        return OTHER
    module, node = found[0], found[1]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    function = Function(module, name, node, node.lineno, cls=cell.name)
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    first: tuple[Value, ...] = () if "staticmethod" in decorators else (one(receiver),)
    if "classmethod" in decorators:
        first = (one(OwnClass(cell.module, cell.name)),)
    return machine.call_function(function, Given((*first, *given.positional), given.keywords, given.is_open), frame)


def _call_symbol(machine: Machine, symbol: Symbol, given: Given, frame: Frame) -> Value:
    """A function or class of the SDK."""
    if symbol.module == HOOKS:
        return _call_decorator(machine, symbol, given)
    found = find_symbol(machine.sdk, symbol.module, symbol.name)
    entry: Mapping[str, object] = found[1] if found else {}
    kind = "construction" if entry.get("kind") == "class" else "call"
    dotted = f"{symbol.module}.{symbol.name}"
    machine.recorder.use(kind, symbol.module, symbol.name, "", _shape(given))
    for value in given.everything():
        hand_over(machine, value, f"{symbol.module}.{symbol.name}", frame) if kind == "call" else None
    if kind == "construction":
        made = MODELS.get((dotted, "__init__"))
        return made(machine, given, frame) if made is not None else one(Instance(dotted))
    return of_sdk_annotation(machine, str(entry.get("returns", "")), symbol.module)


def _shape(given: Given) -> dict[str, object]:
    shape: dict[str, object] = {"positional": len(given.positional), "keywords": sorted(given.keywords)}
    return shape | ({"open": True} if given.is_open else {})


def _call_decorator(machine: Machine, symbol: Symbol, given: Given) -> Value:
    """`hooks.before_save("x.y")` makes a mark, `hooks.enabled` marks the function it is given."""
    entry = machine.sdk.symbols.get(HOOKS, {}).get(symbol.name, {})
    hook = str(entry.get("marks", symbol.name))
    if symbol.name != "hookimpl" and any(isinstance(atom, Function) for value in given.positional for atom in value):
        return _mark_functions(machine, HookMark(hook, ()), given)
    machine.recorder.use("call", HOOKS, symbol.name, "", _shape(given))
    texts = [texts_of(value) for value in given.positional]
    if symbol.name == "hookimpl":
        names = texts_of(given.keywords.get("specname", NOTHING))
        return one(HookMark(names[0], ())) if names else _mark_by_name(machine, given)
    if symbol.name == "resolve":
        return join(one(HookMark(f"resolve_{question}", ())) for question in (texts[0] if texts else ())) or OTHER
    if hook in _OF_ACTIONS and texts:
        actions = [action for found in texts[1:] for action in found] or ["*"]
        return one(HookMark(hook, tuple(f"{type}.{action}" for type in texts[0] for action in actions)))
    if any(not found for found in texts) or given.is_open:
        machine.recorder.leave_open(f"implements {hook} for what is computed")
        return one(HookMark(hook, tuple(text for found in texts for text in found) or ("*",)))
    return one(HookMark(hook, tuple(text for found in texts for text in found)))


def _mark_by_name(machine: Machine, given: Given) -> Value:
    """pluggy's own mark without a name: the function is called as the hook is."""
    for value in given.positional[:1]:
        for atom in value:
            if isinstance(atom, Function):
                machine.hooks.append((atom, HookMark(atom.name, ())))
    return given.positional[0] if given.positional else OTHER


def _call_bound(machine: Machine, bound: Bound, given: Given, frame: Frame) -> Value:
    receiver = bound.receiver
    if isinstance(receiver, Instance):
        return _call_sdk_method(machine, receiver.cls, bound.name, given, frame)
    if isinstance(receiver, Symbol):
        machine.recorder.use("call", f"{receiver.module}.{receiver.name}", bound.name, "", _shape(given))
        return OTHER
    if isinstance(receiver, OwnClass):
        return call_own_method(machine, receiver, receiver, bound.name, given, frame)
    cell = machine.cell(receiver, frame)
    if isinstance(cell, ObjectCell):
        if class_members(machine.modules, cell.module, cell.name).get(bound.name) is not None:
            return call_own_method(machine, receiver, cell, bound.name, given, frame)
        return _call_inherited(machine, cell, bound.name, given, frame)
    if isinstance(receiver, Other):
        for value in given.everything():
            hand_over(machine, value, f"a method {bound.name}", frame) if bound.name not in _TAKES_ITEMS else None
    return call_method(machine, bound, given, frame)


_TAKES_ITEMS = frozenset({"choice", "sample", "shuffle", "get", "pop", "index", "format", "info", "debug", "warning"})


def _call_inherited(machine: Machine, cell: ObjectCell, name: str, given: Given, frame: Frame) -> Value:
    for base in sdk_bases_of(machine.modules, machine.sdk, cell.module, cell.name):
        if find_member(machine.sdk, base, name) is not None:
            machine.recorder.use("call", base, name, "", _shape(given))
    return OTHER


def _call_sdk_method(machine: Machine, cls: str, name: str, given: Given, frame: Frame) -> Value:
    machine.recorder.use("call", cls, name, "", _shape(given))
    model = MODELS.get((cls, name))
    if model is not None:
        return model(machine, given, frame)
    member = find_member(machine.sdk, cls, name)
    if member is None or cls.startswith("logging"):
        return OTHER
    for value in given.everything():
        if any(isinstance(atom, Doc) and not atom.path for atom in value):
            hand_over(machine, value, f"{cls}.{name}", frame)
    return of_sdk_annotation(machine, str(member.get("returns", "")), cls.rpartition(".")[0])


def construct(machine: Machine, cls: OwnClass, given: Given, frame: Frame) -> Value:
    """An object of the applet's own class."""
    values = enumerated(machine, cls, frame)
    if values:
        return _one_of(machine, given, values)
    made = machine.instance_of(cls, frame)
    members = class_members(machine.modules, cls.module, cls.name)
    bases = sdk_bases_of(machine.modules, machine.sdk, cls.module, cls.name)
    if "__init__" in members:
        (receiver,) = made
        cell = machine.cell(receiver, frame)
        if isinstance(cell, ObjectCell):
            call_own_method(machine, receiver, cell, "__init__", given, frame)
            _call_implied(machine, receiver, frame)
        return made
    for base in bases[:1]:
        module, _, name = base.rpartition(".")
        machine.recorder.use("construction", module, name, "", _shape(given))
    if not bases:
        _fill_fields(machine, cls, given, made, frame)
        _call_implied(machine, next(iter(made)), frame)
    return made


def _call_implied(machine: Machine, receiver: Atom, frame: Frame) -> None:
    """Python itself calls `__str__`, `__bool__`, `__eq__` and their like, wherever the object gets to."""
    cell = machine.cell(receiver, frame)
    members = class_members(machine.modules, cell.module, cell.name) if isinstance(cell, ObjectCell) else {}
    for name in members:
        if isinstance(cell, ObjectCell) and name.startswith("__") and name.endswith("__") and name not in _CALLED:
            call_own_method(machine, receiver, cell, name, Given(), frame)


def _one_of(machine: Machine, given: Given, values: list[Value]) -> Value:
    """`Kind(document["kind"])` compares the field with every member, and is still the field."""
    value = given.positional[0] if given.positional else OTHER
    for atom in value:
        for member in join(values):
            if isinstance(member, Const):
                compare(machine, atom, member.value)
    return value


def _fill_fields(machine: Machine, cls: OwnClass, given: Given, made: Value, frame: Frame) -> None:
    (receiver,) = made
    cell = machine.cell(receiver, frame)
    assert isinstance(cell, ObjectCell)
    members = dict(cell.members)
    for index, (name, default, module) in enumerate(fields_of(machine.modules, cls.module, cls.name)):
        value = given.get(index, name)
        if value is None:
            inner = Frame(module, State({}, frame.state.heap), frame.stack)
            value = machine.evaluate(default, inner) if default is not None else OTHER
        members[name] = value
    # What a class without known fields is given it may keep under any name.
    spare = given.positional[len(members) :]
    if spare:
        members["[]"] = join(spare)
    machine.store(receiver, ObjectCell(cell.module, cell.name, members), frame)
    found = class_members(machine.modules, cls.module, cls.name)
    if "__post_init__" in found:
        call_own_method(machine, receiver, ObjectCell(cls.module, cls.name), "__post_init__", Given(), frame)


def bind_parameters(machine: Machine, function: Function, given: Given, frame: Frame) -> dict[str, Value]:
    """The variables a function begins with."""
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    names: dict[str, Value] = {}
    used: set[str] = set()
    for index, parameter in enumerate(positional):
        if index < len(given.positional):
            names[parameter.arg] = given.positional[index]
    if arguments.vararg is not None:
        rest = given.positional[len(positional) :]
        content = ListCell(None, join((*rest, OTHER))) if given.is_open else ListCell(tuple(rest))
        names[arguments.vararg.arg] = machine.new(content, frame)
    for parameter in (*positional, *arguments.kwonlyargs):
        if parameter.arg in given.keywords:
            names[parameter.arg] = given.keywords[parameter.arg]
            used.add(parameter.arg)
    if arguments.kwarg is not None:
        more = {name: value for name, value in given.keywords.items() if name not in used}
        names[arguments.kwarg.arg] = machine.new(DictCell(more, frozenset(more), is_open=given.is_open), frame)
    _fill_defaults(machine, function, names, frame)
    return names


def _fill_defaults(machine: Machine, function: Function, names: dict[str, Value], frame: Frame) -> None:
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[tuple[ast.arg, ast.expr | None]] = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    defaults += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    inner = Frame(function.module, State({}, frame.state.heap), frame.stack, function.outer)
    for parameter, default in defaults:
        if parameter.arg not in names and default is not None:
            names[parameter.arg] = machine.evaluate(default, inner)
    for parameter in (*positional, *arguments.kwonlyargs):
        if parameter.arg not in names:
            names[parameter.arg] = machine.of_annotation(parameter.annotation, function.module)
