"""Changes that break: every method and parameter of what applets are given, and what hooks are called with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import sdk
from bench.breaking.changes import Change, all_of, in_sdk
from bench.breaking.edits import Edit, Folders, NothingToEdit, rename_in_function, replace_text

ROOT = Path(sdk.__file__).parent
FACADES = {"Documents": "documents", "Registers": "registers", "Reports": "reports", "Events": "events"}
# In which files a facade is, as what applets are promised and as what their tests get.
FILES = ("context.py", "testing/facades.py")
CONTEXT_FILES = ("context.py", "testing/context.py")
# What every caller of hooks is given, by the hook; and the provider's functions that are called so.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "before_save": ("document",), "validate_document": ("document", "previous"), "after_save": ("document",),
    "before_delete": ("document",), "validate_action": ("document",), "perform_action": ("document", "arguments"),
    "after_action": ("document",), "on_event": ("event",),
}  # fmt: skip
PORTED = {
    "before_save": ("add_up",),
    "perform_action": ("hand_out", "prolong", "find_overdue", "take_back", "call_off"),
}
CALLER = "        caller = self.caller(hook, subject)"
RENAMED = '        if hook == "{hook}":\n            arguments["{old}_now"] = arguments.pop("{old}")'


class Method(NamedTuple):
    """One of a facade's. by_place: parameters that may be given by position."""

    facade: str
    name: str
    by_place: list[str]


def facade_changes() -> Iterator[Change]:
    """Of the SDK as it lies here."""
    for method in _methods():
        facade = FACADES[method.facade]
        what = f"{facade}.{method.name} is called {method.name}_now"
        yield Change("sdk member changed", what, "sdk", _renamed(method))
        if method.by_place:
            last = method.by_place[-1]
            what = f"{facade}.{method.name} must be given {last} by name"
            yield Change("sdk argument changed", what, "sdk", _by_name(method, last))
        what = f"{facade}.{method.name} must be given a purpose"
        yield Change("sdk argument changed", what, "sdk", _demanding(method))
    for name in _properties():
        yield Change("sdk member changed", f"ctx.{name} is called ctx.{name}_now", "sdk", _context(name))
    for hook, names in GIVEN.items():
        for name in names:
            what = f"{hook} is given {name} as {name}_now"
            yield Change("hook argument removed", what, "sdk", _given(hook, name))


def _methods() -> Iterator[Method]:
    tree = ast.parse((ROOT / "context.py").read_text(encoding="utf-8"))
    for node in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in FACADES):
        for method in (each for each in node.body if isinstance(each, ast.FunctionDef)):
            arguments = method.args
            by_place = [each.arg for each in arguments.args[1:]] if not (arguments.vararg or arguments.kwarg) else []
            yield Method(node.name, method.name, by_place)


def _properties() -> list[str]:
    tree = ast.parse((ROOT / "context.py").read_text(encoding="utf-8"))
    context = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Context")
    return [each.name for each in context.body if isinstance(each, ast.FunctionDef) and each.decorator_list]


def _renamed(method: Method) -> Edit:
    """In the facade; the provider and the fake's own callers are ported."""
    edits = [in_sdk(_in_class, file, rf"    def {method.name}\(", f"    def {method.name}_now(") for file in FILES]
    calls = rf"\.{FACADES[method.facade]}\.{method.name}\("
    return all_of(*edits, _port(calls, f".{FACADES[method.facade]}.{method.name}_now("))


def _by_name(method: Method, last: str) -> Edit:
    def edit(path: Path) -> None:
        head = rf"(    def {method.name}\(\s*self,[^)]*?)\b{last}:"
        _in_class(path, head, rf"\1*, {last}:")
        text = path.read_text(encoding="utf-8")
        # There is one star only.
        path.write_text(re.sub(rf"(\*, {last}:[^)]*?)\s\*,", r"\1", text), encoding="utf-8")

    return all_of(*(in_sdk(edit, file) for file in FILES))


def _demanding(method: Method) -> Edit:
    head = rf"(    def {method.name}\(\s*self)"
    return all_of(*(in_sdk(_in_class, file, head, r"\1, purpose: str") for file in FILES))


def _context(name: str) -> Edit:
    edits = [
        in_sdk(replace_text, file, rf"^    def {name}\(self\)", f"    def {name}_now(self)") for file in CONTEXT_FILES
    ]
    return all_of(*edits, _port(rf"\bctx\.{name}\b", f"ctx.{name}_now"))


def _port(pattern: str, new: str) -> Edit:
    """In the provider, and where the fake itself uses a context."""

    def edit(folders: Folders) -> None:
        for path in (*sorted(folders.provider.glob("*.py")), *sorted((folders.sdk / "testing").rglob("*.py"))):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(pattern, new, text), encoding="utf-8")

    return edit


def _in_class(path: Path, pattern: str, new: str) -> None:
    replace_text(path, rf"^{pattern}", new, 1)


def _given(hook: str, name: str) -> Edit:
    def edit(folders: Folders) -> None:
        replace_text(folders.sdk / "hookspecs.py", rf"^(def {hook}\(.*)\b{name}:", rf"\1{name}_now:")
        path = folders.sdk / "hookset.py"
        text = path.read_text(encoding="utf-8")
        if CALLER not in text:
            raise NothingToEdit(CALLER)
        path.write_text(text.replace(CALLER, f"{RENAMED.format(hook=hook, old=name)}\n{CALLER}", 1), encoding="utf-8")
        for function in PORTED.get(hook, ()):
            try:
                rename_in_function(folders.provider / "hooks.py", function, name, f"{name}_now")
            except NothingToEdit:  # not all of them take it
                continue

    return edit
