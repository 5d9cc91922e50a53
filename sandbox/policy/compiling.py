"""From the sources of an applet to code objects, or to everything that is wrong with them."""

from __future__ import annotations
import __future__

import ast
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType

from sandbox.policy.definitions import DefinitionRules
from sandbox.policy.imports import ImportRules
from sandbox.policy.limits import (
    DEPTH_MAX,
    MODULES_MAX,
    NODES_MAX,
    PROGRAM_BYTES_MAX,
    SOURCE_BYTES_MAX,
    VIOLATIONS_MAX,
)
from sandbox.policy.offer import OFFER
from sandbox.policy.statelessness import Parsed, stateless_modules_of
from sandbox.policy.statements import StatementRules
from sandbox.policy.violation import PolicyBroken, PolicyViolation, refusal


class Policy(ImportRules, DefinitionRules, StatementRules):
    """All rules together, for one module."""


@dataclass(frozen=True)
class CheckedProgram:
    """The modules of an applet as code that keeps to the policy. stateless: those no call can leave anything in."""

    codes: Mapping[str, CodeType]
    stateless: frozenset[str]


def check_sources(modules: Mapping[str, str], offered: Collection[str] = OFFER) -> list[PolicyViolation]:
    """Everything in these modules that is not in the language of applets, in order of modules and lines.

    modules: source by dotted name inside the applet. offered: what may be imported, a part of OFFER.
    """
    try:
        compile_sources(modules, offered)
    except PolicyBroken as broken:
        return list(broken.violations)
    return []


def compile_sources(modules: Mapping[str, str], offered: Collection[str] = OFFER) -> CheckedProgram:
    """Code of the modules, nothing of it executed. Raises PolicyBroken with all violations."""
    violations = list(_check_size(modules))
    trees: dict[str, Parsed] = {}
    for name, source in modules.items() if not violations else ():
        parsed = _parse(name, source)
        if isinstance(parsed, Parsed):
            trees[name] = parsed
        else:
            violations.append(parsed)
    stateless = frozenset() if violations else stateless_modules_of(trees)
    codes: dict[str, CodeType] = {}
    for name, tree in trees.items():
        made = _transform(name, tree, modules, offered)
        if isinstance(made, CodeType):
            codes[name] = made
        else:
            violations += made
    if violations:
        order = list(modules)
        violations.sort(key=lambda each: (order.index(each.module), each.line, each.column))
        raise PolicyBroken(violations[:VIOLATIONS_MAX])
    return CheckedProgram(codes, stateless)


def _check_size(modules: Mapping[str, str]) -> Iterator[PolicyViolation]:
    first = next(iter(modules), "")
    if len(modules) > MODULES_MAX:
        yield refusal(first, "too_many_modules", "", size=len(modules), maximum=MODULES_MAX)
        return
    total = 0
    for name, source in modules.items():
        if not all(part.isidentifier() and part.isascii() for part in name.split(".")):
            yield refusal(name, "module_name", name)
        size = len(source.encode(errors="replace"))
        total += size
        if size > SOURCE_BYTES_MAX:
            yield refusal(name, "source_too_large", "", size=size, maximum=SOURCE_BYTES_MAX)
    if total > PROGRAM_BYTES_MAX:
        yield refusal(first, "program_too_large", "", size=total, maximum=PROGRAM_BYTES_MAX)


def _parse(name: str, source: str) -> Parsed | PolicyViolation:
    if "\0" in source:
        return refusal(name, "encoding", "", problem="it holds a null byte")
    try:
        with warnings.catch_warnings():
            # A warning about an escape in a text is for the author's own tools.
            warnings.simplefilter("ignore")
            tree = ast.parse(source, _filename(name), "exec")
    except SyntaxError as error:
        return refusal(name, "syntax", "", line=error.lineno or 0, column=error.offset or 0, problem=error.msg)
    except (RecursionError, MemoryError):
        return refusal(name, "too_deep", "", size="too many", maximum=DEPTH_MAX)
    except ValueError as error:
        return refusal(name, "encoding", "", problem=str(error)[:200])
    return _measure(name, tree)


def _measure(name: str, tree: ast.Module) -> Parsed | PolicyViolation:
    """The tree with all its nodes, listed before anything recursive walks it."""
    nodes: list[ast.AST] = []
    below: list[ast.AST] = [tree]
    depth = 0
    while below:
        nodes += below
        depth += 1
        below = [child for node in below for child in ast.iter_child_nodes(node)]
        if len(nodes) > NODES_MAX:
            return refusal(name, "too_many_nodes", "", size=f"over {NODES_MAX}", maximum=NODES_MAX)
        if depth > DEPTH_MAX and below:
            line = next((node.lineno for node in below if hasattr(node, "lineno")), 0)
            return refusal(name, "too_deep", "", line=line, size=f"over {DEPTH_MAX}", maximum=DEPTH_MAX)
    return Parsed(tree, nodes)


def _transform(
    name: str, parsed: Parsed, own: Collection[str], offered: Collection[str]
) -> CodeType | list[PolicyViolation]:
    policy = Policy(name, own, offered, bound_names(parsed.nodes))
    try:
        checked = policy.visit(parsed.tree)
        if policy.violations:
            return policy.violations
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = __future__.annotations.compiler_flag
            code: CodeType = compile(checked, _filename(name), "exec", flags, dont_inherit=True, optimize=0)
            return code
    except SyntaxError as error:
        return [refusal(name, "syntax", "", line=error.lineno or 0, column=error.offset or 0, problem=error.msg)]
    except (RecursionError, MemoryError):
        return [refusal(name, "too_deep", "", size="too many", maximum=DEPTH_MAX)]
    except ValueError as error:
        return [refusal(name, "encoding", "", problem=str(error)[:200])]


def _filename(module: str) -> str:
    """What tracebacks call it: a path inside of the applet, that no file system has."""
    return f"{module.replace('.', '/')}.py"


def bound_names(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Names the module gives a meaning of its own anywhere: `id` may well be an argument."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            names.add(node.name)
    return frozenset(names)
