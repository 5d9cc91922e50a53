"""Where the kernel comes into an applet: its hooks with what they are given, then whatever they do not lead to."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from registry.contracts.following.interpreter import Interpreter
from registry.contracts.following.reading import types_matching
from registry.contracts.following.recording import Recorder
from registry.contracts.following.state import Given
from registry.contracts.following.values import (
    NONE,
    NUMBER,
    OTHER,
    ActionOf,
    Arguments,
    Atom,
    Const,
    Doc,
    Function,
    Happening,
    HookMark,
    Instance,
    Value,
    join,
    one,
)
from registry.contracts.model import Offer
from registry.contracts.source import Module
from sdk.applet import Applet

CONTEXT = "sdk.context.Context"
_ABOUT_ACTIONS = frozenset({"validate_action", "perform_action", "after_action"})
_ABOUT_TYPES = frozenset({"before_save", "validate_document", "after_save", "before_delete"})


def follow_code(applet: Applet, sdk: Offer, modules: Mapping[str, Module]) -> Recorder:
    """Everything the code of an applet does with documents, as far as it can be seen."""
    machine = Interpreter(applet, sdk, modules)
    for name in modules:
        machine.run_module(name)
    marked = list(dict.fromkeys((function, mark) for function, mark in machine.hooks))
    for _ in range(2):
        machine.forget()
        for function, mark in marked:
            _enter_hook(machine, function, mark)
        if not machine.has_news:
            break
    for function in _functions(modules):
        if (function.module, function.line) not in machine.seen:
            machine.enter(function, Given((one(Instance(CONTEXT)),)) if _takes_context(function) else Given())
    return machine.recorder


def _functions(modules: Mapping[str, Module]) -> list[Function]:
    found = [
        Function(name, node.name, node, node.lineno)
        for name, module in modules.items()
        for node in module.functions.values()
    ]
    for name, module in modules.items():
        for cls in module.classes.values():
            for node in cls.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.append(Function(name, node.name, node, node.lineno, cls=cls.name))
    return found


def _takes_context(function: Function) -> bool:
    parameters = function.node.args.args
    return bool(parameters) and parameters[0].arg == "ctx"


def _enter_hook(machine: Interpreter, function: Function, mark: HookMark) -> None:
    recorder = machine.recorder
    recorder.at(machine.modules[function.module].path, function.node)
    arguments = function.node.args
    names = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    recorder.use("hook", mark.hook)
    for name in names:
        recorder.use("hook", mark.hook, name)
    _use_subjects(machine, mark)
    known = _hook_values(machine, mark)
    given = {name: known[name] for name in names if name in known}
    machine.enter(function, Given((), given))


def _use_subjects(machine: Interpreter, mark: HookMark) -> None:
    recorder = machine.recorder
    for subject in mark.subjects:
        if mark.hook == "on_event":
            recorder.use("event", subject, "", "heard")
            continue
        type, action = _split(subject) if mark.hook in _ABOUT_ACTIONS else (subject, "*")
        recorder.use("type", type, "", "hook")
        if not action.endswith("*") and not type.endswith("*"):
            recorder.use("action", type, action, "hook")


def _split(subject: str) -> tuple[str, str]:
    type, _, action = subject.rpartition(".")
    return (type, action) if type.count(".") or not action.endswith("*") else (f"{type}.*", "*")


def _hook_values(machine: Interpreter, mark: HookMark) -> dict[str, Value]:
    """What the kernel gives a hook, by the names of its arguments."""
    known: dict[str, Value] = {"ctx": one(Instance(CONTEXT)), "seed": NUMBER}
    if mark.hook == "on_event":
        known["event"] = join(one(Happening(_event_pattern(subject))) for subject in mark.subjects or ("",))
    elif mark.hook in _ABOUT_TYPES:
        document = _documents(machine, list(mark.subjects))
        known |= {"document": document, "previous": document | NONE}
    elif mark.hook in _ABOUT_ACTIONS:
        pairs = [_split(subject) for subject in mark.subjects]
        known["document"] = _documents(machine, [type for type, _ in pairs])
        known["action"] = join(one(_action(type, action)) for type, action in pairs) or OTHER
        named = [(type, action) for type, action in pairs if not action.endswith("*") and not type.endswith("*")]
        known["arguments"] = join(one(Arguments(*pair)) for pair in named) or OTHER
    elif mark.hook == "resolve_tax_rate":
        known |= {"document": one(Doc("")), "line": one(Doc("", "lines"))}
    return known


def _action(type: str, action: str) -> Atom:
    return ActionOf("" if type.endswith("*") else type) if action.endswith("*") else Const(action)


def _event_pattern(subject: str) -> str:
    return "" if subject == "*" else subject


def _documents(machine: Interpreter, subjects: list[str]) -> Value:
    types = [type for subject in subjects for type in types_matching(machine, "" if subject == "*" else subject)]
    return join(one(Doc(type)) for type in types) or one(Doc(""))
