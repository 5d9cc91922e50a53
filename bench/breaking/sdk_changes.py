"""Changes that break: of the SDK. The provider is ported to it, as whoever releases both would do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.breaking.changes import Change, all_of, in_sdk
from bench.breaking.edits import Edit, Folders, NothingToEdit, rename_identifier, rename_in_function, replace_text

SYMBOLS = (
    "round_half_up", "decimal_text", "Balance", "Question", "Violation", "Document", "Event",
)  # fmt: skip
EXPORTS = ("round_half_up", "decimal_text", "Balance", "Question", "Event")
KINDS = ("Conflict", "Invalid")
DECORATORS = (
    "before_save", "validate_document", "after_save", "before_delete", "validate_action", "after_action", "on",
    "action", "resolve",
)  # fmt: skip
# Keyword arguments that applets give, by the function, and where that is written.
ARGUMENTS = {
    "query": ("parameters", "sort", "limit", "cursor"),
    "balance": ("where", "group_by", "at", "company_id"),
    "turnover": ("since", "until", "where", "group_by"),
    "record": ("occurred_at", "dimensions", "resources"),
    "reverse": ("occurred_at",),
    "create": ("perform", "company_id"),
    "get": ("lock",),
}
METHODS = ("get_many", "find_all", "balances", "turnover", "elevated", "sequence", "aggregate_id", "aggregate_type")
MEMBERS = (
    "payload",
    "number",
    "resources",
    "dimensions",
    "settings",
    "today",
    "tenant",
    "log",
    "scope",
    "actor",
    "state",
)
HOOK_ARGUMENTS = {
    "before_save": ("previous",), "after_save": ("previous",), "validate_action": ("arguments", "action"),
    "after_action": ("arguments", "action"), "resolve_price": ("product_id", "quantity", "currency"),
}  # fmt: skip
CAPABILITIES = {
    "documents": ('"documents": ("read", "write")', '"documents": ("see", "change")'),
    "registers": ('"registers": ("read",)', '"registers": ("sum",)'),
    "reports": ('"reports": ("run",)', '"reports": ("see",)'),
    "none": ('    "reports": ("run",),\n', ""),
}

CALLER = "        caller = self.caller(hook, subject)"
_GIVEN = '        if hook == "{hook}":\n            arguments["{new}"] = arguments.pop("{old}")'
_DROPPED = '        if hook == "{hook}":\n            arguments.pop("{old}", None)'
_RENAMED = '        arguments = {{{{"{old}": "{new}"}}.get(key, key): value for key, value in arguments.items()}}'


def sdk_changes() -> Iterator[Change]:
    """Symbols, arguments, members, hooks and capabilities."""
    for name in (*SYMBOLS, *KINDS):
        new = f"{name}Now" if name[0].isupper() else f"{name}_now"
        yield Change("sdk symbol removed", f"sdk's {name} is called {new}", "sdk", _everywhere(name, new))
    for name in EXPORTS:
        yield Change("sdk symbol removed", f"sdk does not export {name} any more", "sdk", _hide(name))
    for name in DECORATORS:
        edit = in_sdk(replace_text, "hooks.py", rf"^def {name}\(", f"def {name}_now(")
        ported = all_of(edit, _port(rf"@hooks\.{name}\b", f"@hooks.{name}_now"))
        yield Change("sdk symbol removed", f"hooks.{name} is called hooks.{name}_now", "sdk", ported)
    for function, names in ARGUMENTS.items():
        for name in names:
            what = f"{function}'s argument {name} is called {name}_now"
            yield Change("sdk argument changed", what, "sdk", _argument(function, name, f"{name}_now"))
    yield from _signatures()
    for name in (*METHODS, *MEMBERS):
        yield Change("sdk member changed", f"{name} is called {name}_now", "sdk", _everywhere(name, f"{name}_now"))
    for hook, names in HOOK_ARGUMENTS.items():
        for name in names:
            yield from _hook(hook, name)
    for what, (old, new) in CAPABILITIES.items():
        edit = in_sdk(replace_text, "manifest.py", re.escape(old), new)
        told = f"capabilities of {what} have other verbs" if new else "there are no capabilities for reports"
        yield Change("capability changed", told, "sdk", edit)


def _everywhere(old: str, new: str) -> Edit:
    def edit(folders: Folders) -> None:
        rename_identifier(folders.sdk, old, new)
        _replace_in_exports(folders, old, new)
        try:
            rename_identifier(folders.provider, old, new)
        except NothingToEdit:  # the provider need not use it
            return

    return edit


def _replace_in_exports(folders: Folders, old: str, new: str) -> None:
    init = folders.sdk / "__init__.py"
    init.write_text(init.read_text(encoding="utf-8").replace(f'"{old}"', f'"{new}"'), encoding="utf-8")


def _hide(name: str) -> Edit:
    """It stays where it is, for the SDK itself; nobody else gets it from `sdk` as before."""

    def edit(folders: Folders) -> None:
        init = folders.sdk / "__init__.py"
        lines = init.read_text(encoding="utf-8").replace(f'"{name}", ', "").replace(f'"{name}",', "").splitlines()
        init.write_text("\n".join(_without(line, name) for line in lines) + "\n", encoding="utf-8")
        _port_import(folders, name)

    return edit


def _without(line: str, name: str) -> str:
    """An import line less one name; nothing where that was all it imported."""
    head, separator, names = line.partition(" import ")
    if not separator or not head.startswith("from "):
        return line
    kept = [each for each in names.split(", ") if each != name]
    return f"{head} import {', '.join(kept)}" if kept else ""


def _port_import(folders: Folders, name: str) -> None:
    """The provider takes it from the module that has it."""
    homes = {"round_half_up": "values", "decimal_text": "values", "Event": "event"}
    hooks = folders.provider / "hooks.py"
    text = hooks.read_text(encoding="utf-8")
    if re.search(rf"^from sdk import .*\b{name}\b", text, flags=re.MULTILINE):
        lines = [_without(line, name) if line.startswith("from sdk import ") else line for line in text.splitlines()]
        place = next(index for index, line in enumerate(lines) if line.startswith("from sdk import "))
        lines.insert(place + 1, f"from sdk.{homes[name]} import {name}")
        hooks.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _port(pattern: str, new: str) -> Edit:
    def edit(folders: Folders) -> None:
        for path in sorted(folders.provider.glob("*.py")):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(pattern, new, text, flags=re.MULTILINE), encoding="utf-8")

    return edit


def _argument(function: str, old: str, new: str) -> Edit:
    """In the protocol and in the fake, and where the provider gives it."""
    edits = [in_sdk(rename_in_function, file, function, old, new) for file in ("context.py", "testing/facades.py")]
    if function == "balance":
        # The fake asks itself.
        edits.append(in_sdk(replace_text, "testing/facades.py", rf"\b{old}=one\.", f"{new}=one."))
    if function == "record":
        edits.append(_port(rf"\b{old}=", f"{new}="))
    return all_of(*edits)


def _signatures() -> Iterator[Change]:
    """Parameters that must be given, or that cannot be given by position any more."""
    kind = "sdk argument changed"
    named = in_sdk(replace_text, "values.py", r"(def decimal_text\(value: Decimal \| int, )scale", r"\1*, scale")
    calls = r"(?<!def )decimal_text\(([^,()]+), (?!scale=|\*)", r"decimal_text(\1, scale="
    yield Change(kind, "decimal_text's scale must be named", "sdk", all_of(named, _rewrite(*calls)))
    for function, old, argument in (("sequence", "name: str", "first"), ("resolve", "question: str", "fallback")):
        edits = [
            in_sdk(replace_text, file, rf"(def {function}\(self, {old})", rf"\1, {argument}: Any")
            for file in ("context.py", "testing/context.py")
        ]
        yield Change(kind, f"{function} must be given {argument}", "sdk", all_of(*edits))
    for member, new in (("register", "ledger"), ("where", "only"), ("group_by", "by"), ("at", "until")):
        yield Change(kind, f"Question's {member} is called {new}", "sdk", _question(member, new))


def _question(member: str, new: str) -> Edit:
    def edit(folders: Folders) -> None:
        path = folders.sdk / "registers.py"
        head, name, tail = path.read_text(encoding="utf-8").partition("class Question:")
        body, end, rest = tail.partition("\n\n\n")
        body = re.sub(rf"^    {member}:", f"    {new}:", body, flags=re.MULTILINE)
        path.write_text(head + name + body + end + rest, encoding="utf-8")
        replace_text(folders.sdk / "testing/facades.py", rf"\bone\.{member}\b", f"one.{new}")

    return edit


def _rewrite(pattern: str, new: str) -> Edit:
    """The SDK's own calls, and the provider's."""

    def edit(folders: Folders) -> None:
        for path in (*sorted(folders.sdk.rglob("*.py")), *sorted(folders.provider.glob("*.py"))):
            path.write_text(re.sub(pattern, new, path.read_text(encoding="utf-8")), encoding="utf-8")

    return edit


def _hook(hook: str, argument: str) -> Iterator[Change]:
    """A hook's argument gets another name, or goes; whoever calls it gives what it takes."""
    new = f"{argument}_now"

    def rename(folders: Folders) -> None:
        replace_text(folders.sdk / "hookspecs.py", rf"^(def {hook}\(.*)\b{argument}:", rf"\1{new}:")
        if hook.startswith("resolve_"):
            _before(folders, "        caller = self.caller(hook)", _RENAMED.format(old=argument, new=new))
        else:
            _before(folders, CALLER, _GIVEN.format(hook=hook, old=argument, new=new))

    yield Change("hook argument removed", f"{hook}'s argument {argument} is called {new}", "sdk", rename)

    def remove(folders: Folders) -> None:
        specs = folders.sdk / "hookspecs.py"
        replace_text(specs, rf"^(def {hook}\(.*?), {argument}: [^,()\[\]]*(?:\[[^\]]*\])?(.*)$", r"\1\2")
        _before(folders, CALLER, _DROPPED.format(hook=hook, old=argument))

    if not hook.startswith("resolve_"):
        yield Change("hook argument removed", f"{hook} is not given {argument} any more", "sdk", remove)


def _before(folders: Folders, line: str, more: str) -> None:
    """Put lines before one of the SDK's caller of hooks."""
    path = folders.sdk / "hookset.py"
    text = path.read_text(encoding="utf-8")
    if line not in text:
        raise NothingToEdit(line)
    path.write_text(text.replace(line, f"{more}\n{line}", 1), encoding="utf-8")
