"""What a package of Python offers, by its source: names, parameters, members. Nothing of it is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import sdk
from registry.contracts.model import SDK, Offer
from sdk.expressions.signatures import SIGNATURES
from sdk.manifest import CAPABILITY_VERBS, LIMITS_KEYS, MANIFEST_KEYS, REQUIRES_KEYS
from sdk.registers import REGISTER_KEYS
from sdk.reports import REPORT_KEYS
from sdk.schema.formats import FORMATS
from sdk.schema.vocabulary import FIELD_KEYS, KNOWN_AT_FIELD, KNOWN_AT_TYPE, TYPE_KEYS
from sdk.states import ACTION_KEYS, MACHINE_KEYS, STATE_KEYS

Entry = dict[str, Any]
_VERSION = re.compile(r"""^__version__\s*=\s*["']([^"']+)""", re.MULTILINE)
_HOOKSPECS = "sdk.hookspecs"


@lru_cache(maxsize=8)
def offered_sdk(folder: Path | None = None) -> Offer:
    """What the SDK offers whose source lies in the folder (the one that runs, unless another is named).

    The words of schemas, expressions and manifests are those of the SDK that runs, unless they can be read there.
    """
    root = folder or Path(sdk.__file__).parent
    symbols = describe_package(root, SDK)
    found = _VERSION.search((root / "__init__.py").read_text(encoding="utf-8"))
    specs = symbols.get(_HOOKSPECS, {})
    hooks = {name: {"arguments": spec["parameters"]} for name, spec in specs.items() if spec.get("is_hookspec")}
    return Offer(SDK, found[1] if found else "0", symbols=symbols, hooks=hooks, words=_words(folder))


def _words(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return {name: list(words) for name, words in _WORDS.items()}
    return {name: _literal(folder / file, constant) or list(_WORDS[name]) for name, (file, constant) in _PLACES.items()}


_WORDS: Mapping[str, tuple[str, ...]] = {
    "type_keys": KNOWN_AT_TYPE, "field_keys": KNOWN_AT_FIELD, "type_x_keys": TYPE_KEYS, "field_x_keys": FIELD_KEYS,
    "formats": tuple(sorted(FORMATS)), "functions": tuple(sorted(SIGNATURES)), "manifest_keys": MANIFEST_KEYS,
    "requires_keys": REQUIRES_KEYS, "limits_keys": LIMITS_KEYS, "machine_keys": MACHINE_KEYS, "state_keys": STATE_KEYS,
    "action_keys": ACTION_KEYS, "report_keys": REPORT_KEYS, "register_keys": REGISTER_KEYS,
    "capabilities": tuple(f"{what}:{verb}" for what, verbs in CAPABILITY_VERBS.items() for verb in verbs),
}  # fmt: skip
_PLACES = {
    "type_keys": ("schema/vocabulary.py", "KNOWN_AT_TYPE"), "field_keys": ("schema/vocabulary.py", "KNOWN_AT_FIELD"),
    "type_x_keys": ("schema/vocabulary.py", "TYPE_KEYS"), "field_x_keys": ("schema/vocabulary.py", "FIELD_KEYS"),
    "formats": ("schema/formats.py", "FORMATS"), "functions": ("expressions/signatures.py", "SIGNATURES"),
    "manifest_keys": ("manifest.py", "MANIFEST_KEYS"), "requires_keys": ("manifest.py", "REQUIRES_KEYS"),
    "limits_keys": ("manifest.py", "LIMITS_KEYS"), "machine_keys": ("states.py", "MACHINE_KEYS"),
    "state_keys": ("states.py", "STATE_KEYS"), "action_keys": ("states.py", "ACTION_KEYS"),
    "report_keys": ("reports.py", "REPORT_KEYS"), "register_keys": ("registers.py", "REGISTER_KEYS"),
    "capabilities": ("manifest.py", "CAPABILITY_VERBS"),
}  # fmt: skip


def _literal(file: Path, name: str) -> list[str]:
    """The texts of a constant of a module, constants of the same module it is made of included."""
    if not file.is_file():
        return []
    values: dict[str, ast.expr] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            values |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
    return list(_texts(values[name], values)) if name in values else []


def _texts(node: ast.expr, values: Mapping[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Name(id=name) if name in values:
            yield from _texts(values[name], values)
        case ast.Starred(value=inner):
            yield from _texts(inner, values)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            for item in items:
                yield from _texts(item, values)
        case ast.Dict(keys=keys, values=items):
            for key, item in zip(keys, items, strict=True):
                yield from _member_texts(key, item, values)


def _member_texts(key: ast.expr | None, item: ast.expr, values: Mapping[str, ast.expr]) -> Iterator[str]:
    """`{"documents": ("read", "write")}` says documents:read and documents:write, any other member its key."""
    for name in [] if key is None else _texts(key, values):
        verbs = list(_texts(item, values)) if isinstance(item, ast.Tuple) else []
        yield from [f"{name}:{verb}" for verb in verbs] or [name]


def describe_package(root: Path, name: str) -> dict[str, dict[str, Entry]]:
    """Every module with what it offers, by its dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if "__pycache__" in parts or "tests" in parts:
            continue
        module = ".".join([name, *parts]).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        found[module] = describe_module(tree, module, is_package=path.name == "__init__.py")
    return found


def describe_module(tree: ast.Module, module: str, *, is_package: bool) -> dict[str, Entry]:
    """The public names of a module; a name it imports is a reference to where it is from."""
    entries: dict[str, Entry] = {}
    declared = _declared(tree)
    for node in _statements(tree):
        for name, entry in _describe(node, module, is_package):
            if not name.startswith("_"):
                entries[name] = entry
    for name in declared:
        entries.setdefault(name, {"kind": "value"})
    return dict(sorted(entries.items()))


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Top-level statements, those under `if TYPE_CHECKING` and `try` too."""
    for node in tree.body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from node.body


def _declared(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(_texts(node.value, {}))
    return []


def _describe(node: ast.stmt, module: str, is_package: bool) -> Iterator[tuple[str, Entry]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name, describe_function(node)
        case ast.ClassDef():
            yield node.name, _describe_class(node)
        case ast.Assign(targets=targets):
            yield from ((target.id, {"kind": "value"}) for target in targets if isinstance(target, ast.Name))
            tuples = (item for t in targets if isinstance(t, ast.Tuple) for item in t.elts)
            yield from ((item.id, {"kind": "value"}) for item in tuples if isinstance(item, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
            yield name, {"kind": "value", "returns": ast.unparse(annotation)}
        case ast.ImportFrom():
            source = source_of(node, module, is_package)
            for alias in node.names:
                yield alias.asname or alias.name, {"kind": "import", "from": source, "name": alias.name}


def source_of(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The absolute name of the module an import is from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def describe_function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool = False) -> Entry:
    """Parameters as Python writes them, a trailing `=` for one that may be left out: ["type", "*", "lock="]."""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    is_static = "staticmethod" in decorators
    entry: Entry = {"kind": "function", "parameters": _parameters(node.args)[is_method and not is_static :]}
    if node.returns is not None:
        entry["returns"] = ast.unparse(node.returns)
    if any(decorator.partition("(")[0].rpartition(".")[2] == "hookspec" for decorator in decorators):
        entry["is_hookspec"] = True
    marks = _marked_hook(node)
    return entry | ({"marks": marks} if marks else {})


def _marked_hook(node: ast.AST) -> str:
    """The hook a decorator of `sdk.hooks` makes: what it gives `_mark`."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id="_mark"), args=[ast.Constant(value=str() as hook), *_]):
                return hook
    return ""


def _parameters(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    first_default = len(positional) - len(arguments.defaults)
    shown = [f"{item.arg}=" if index >= first_default else item.arg for index, item in enumerate(positional)]
    if arguments.posonlyargs:
        shown.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        shown.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        shown.append("*")
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        shown.append(item.arg if default is None else f"{item.arg}=")
    return [*shown, f"**{arguments.kwarg.arg}"] if arguments.kwarg else shown


def _describe_class(node: ast.ClassDef) -> Entry:
    bases = [ast.unparse(base) for base in node.bases]
    members: dict[str, Entry] = {}
    fields: list[str] = []
    is_data = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list) or "NamedTuple" in bases
    for item in node.body:
        for name, entry in _describe_member(item):
            if name == "__init__" or not name.startswith("_"):
                members[name] = entry
            if is_data and "has_default" in entry and "ClassVar" not in entry["returns"]:
                fields.append(f"{name}=" if entry["has_default"] else name)
    for entry in members.values():
        entry.pop("has_default", None)
    shown: Entry = {"kind": "class", "bases": bases, "members": dict(sorted(members.items()))}
    return shown | ({"fields": fields} if is_data else {})


def _describe_member(item: ast.stmt) -> Iterator[tuple[str, Entry]]:
    match item:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            entry = describe_function(item, is_method=True)
            if any("property" in ast.unparse(decorator) for decorator in item.decorator_list):
                entry = {"kind": "attribute", **({"returns": entry["returns"]} if "returns" in entry else {})}
            yield item.name, entry
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            yield name, {"kind": "attribute", "returns": ast.unparse(annotation), "has_default": value is not None}
        case ast.Assign(targets=targets):
            yield from ((target.id, {"kind": "attribute"}) for target in targets if isinstance(target, ast.Name))
