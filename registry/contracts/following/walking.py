"""Classes of the applet: their members, fields and bases, by their syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from registry.contracts.lookup import find_symbol
from registry.contracts.model import SDK, Offer
from registry.contracts.source import Module

BASES_MAX = 20


def find_class_node(modules: Mapping[str, Module], module: str, name: str) -> tuple[str, ast.ClassDef] | None:
    """A class by the name it has in a module, followed through imports."""
    for _ in range(BASES_MAX):
        found = modules.get(module)
        if found is None:
            return None
        if name in found.classes:
            return module, found.classes[name]
        if name not in found.imports:
            return None
        module, name, _ = found.imports[name]
    return None


def classes_of(modules: Mapping[str, Module], module: str, name: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """The class and those of the applet's it is made from, itself first."""
    waiting: list[tuple[str, str]] = [(module, name)]
    seen: set[tuple[str, str]] = set()
    while waiting and len(seen) < BASES_MAX:
        found = find_class_node(modules, *waiting.pop(0))
        if found is None or (found[0], found[1].name) in seen:
            continue
        seen.add((found[0], found[1].name))
        yield found
        waiting += [(found[0], base.id) for base in found[1].bases if isinstance(base, ast.Name)]


def class_members(modules: Mapping[str, Module], module: str, name: str) -> dict[str, tuple[str, ast.stmt]]:
    """Functions and assignments of a class's body by name, with the module they stand in."""
    members: dict[str, tuple[str, ast.stmt]] = {}
    for where, node in classes_of(modules, module, name):
        for item in node.body:
            for known in _names_of(item):
                members.setdefault(known, (where, item))
    return members


def _names_of(item: ast.stmt) -> Iterator[str]:
    match item:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def fields_of(modules: Mapping[str, Module], module: str, name: str) -> list[tuple[str, ast.expr | None, str]]:
    """(name, default, module) of each annotated field, as a dataclass or NamedTuple takes them."""
    fields: dict[str, tuple[str, ast.expr | None, str]] = {}
    for where, node in reversed(list(classes_of(modules, module, name))):
        for item in node.body:
            match item:
                case ast.AnnAssign(target=ast.Name(id=known), value=value, annotation=annotation):
                    if "ClassVar" not in ast.unparse(annotation):
                        fields[known] = (known, value, where)
    return list(fields.values())


def sdk_bases_of(modules: Mapping[str, Module], sdk: Offer, module: str, name: str) -> list[str]:
    """Dotted names of the SDK's classes a class of the applet's is made from."""
    found = []
    for where, node in classes_of(modules, module, name):
        for base in node.bases:
            dotted = _sdk_name(modules[where], sdk, base)
            if dotted:
                found.append(dotted)
    return found


def _sdk_name(module: Module, sdk: Offer, node: ast.expr) -> str:
    if isinstance(node, ast.Name) and node.id in module.imports:
        source, name, _ = module.imports[node.id]
        if source.partition(".")[0] != SDK or not name:
            return ""
        found = find_symbol(sdk, source, name)
        return f"{found[0]}.{name}" if found else f"{source}.{name}"
    if isinstance(node, ast.Attribute):
        outer = _sdk_module(module, sdk, node.value)
        found = find_symbol(sdk, outer, node.attr) if outer else None
        return f"{found[0]}.{node.attr}" if found else ""
    return ""


def _sdk_module(module: Module, sdk: Offer, node: ast.expr) -> str:
    if isinstance(node, ast.Name) and node.id in module.imports:
        source, name, _ = module.imports[node.id]
        dotted = f"{source}.{name}" if name else source
        return dotted if dotted in sdk.symbols else ""
    if isinstance(node, ast.Attribute):
        outer = _sdk_module(module, sdk, node.value)
        return f"{outer}.{node.attr}" if f"{outer}.{node.attr}" in sdk.symbols else ""
    return ""
