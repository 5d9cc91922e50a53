"""What an applet's code uses: its imports, and what its functions do with documents when they are followed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from registry.contracts.following.entries import follow_code
from registry.contracts.following.recording import Recorder
from registry.contracts.model import SDK, Unresolved, Use
from registry.contracts.source import Module, parse_modules, read_sources
from registry.contracts.sources import Passed
from registry.contracts.surface import offered_sdk
from sdk.applet import Applet
from sdk.definition import NAME, QUALIFIED_NAME

# Of a type, register, report or role, or with a third part of an event.
_NAMED = re.compile(rf"{QUALIFIED_NAME.pattern}(\.{NAME.pattern})?")

# How places are told that may set any field.
_SETTING = ("sets", "changes")


@dataclass
class Code:
    """What was found. emitted: payload members by event. passed: what these and movements are made of.

    filled: fields of its own types and parts of registers that it sets; `*` where it may set any.
    taken: arguments of its own actions that it reads, by `type.action`.
    """

    uses: list[Use] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    emitted: Mapping[str, set[str]] = field(default_factory=dict)
    passed: Mapping[str, Mapping[str, Passed]] = field(default_factory=dict)
    filled: Mapping[str, set[str]] = field(default_factory=dict)
    taken: Mapping[str, set[str]] = field(default_factory=dict)


def read_code(applet: Applet, sources: Mapping[str, str] | None = None) -> Code:
    """sources: what `read_sources` has read of its folder before. Raises UnreadableCode."""
    modules = parse_modules(read_sources(applet.folder) if sources is None else sources)
    recorder = follow_code(applet, offered_sdk(), modules)
    found = [*recorder.uses.values()]
    found += [use for module in modules.values() for use in _imports(module)]
    named = {use.target for use in found}
    found += [use for module in modules.values() for use in _mentions(module, named)]
    found += _settings_of_others(found)
    unresolved = [*recorder.unresolved.values(), *_handed_over(applet, recorder, found)]
    return Code(
        found,
        unresolved,
        recorder.emitted,
        recorder.passed,
        _filled(applet, recorder, found, unresolved),
        _taken(found),
    )


def _filled(
    applet: Applet, recorder: Recorder, uses: Iterable[Use], unresolved: Iterable[Unresolved]
) -> dict[str, set[str]]:
    """By document type or register. What is given to create a document counts where nobody else may give it."""
    filled = {target: set(names) for target, names in recorder.filled.items()}
    for use in uses:
        if use.kind == "field" and use.mode in ("write", "give") and use.target in applet.types:
            own = applet.types[use.target].fields.get(use.name)
            if use.mode == "write" or (own is not None and own.read_only):
                filled.setdefault(use.target, set()).add(use.name)
    for place in unresolved:
        if place.target.partition(".")[0] == recorder.applet and place.reason.startswith(_SETTING):
            filled.setdefault(place.target, set()).add("*")
    return filled


def _taken(uses: Iterable[Use]) -> dict[str, set[str]]:
    taken: dict[str, set[str]] = {}
    for use in uses:
        if use.kind == "argument" and use.mode == "read":
            taken.setdefault(f"{use.target}.{use.name}", set()).update(use.details["given"])
    return taken


def _imports(module: Module) -> Iterator[Use]:
    """Every name of the SDK a module imports, wherever the import stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == SDK:
                    yield Use("symbol", alias.name, "", "import", (module.at(node),))
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == SDK:
            for alias in node.names:
                # Where each name has a line of its own, that is the one to be told.
                yield Use("symbol", node.module or "", alias.name, "import", (f"{module.path}:{alias.lineno}",))


def _mentions(module: Module, named: Iterable[str]) -> Iterator[Use]:
    """Texts that look like somebody's name and were not seen to be used: told when that name goes."""
    for node in ast.walk(module.tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if _NAMED.fullmatch(text) and text not in named:
            yield Use("mention", text, "", "text", (module.at(node),))


def _settings_of_others(uses: Iterable[Use]) -> list[Use]:
    """An applet's settings are a document like any other, found by the applet's name."""
    of_settings = [use for use in uses if use.target == "kernel.setting"]
    owners = {use.details["value"] for use in of_settings if (use.kind, use.name) == ("value", "applet")}
    read = [use for use in of_settings if use.kind == "field" and use.name.startswith("values.")]
    return [
        Use("setting", str(owner), use.name.removeprefix("values."), "read", use.places)
        for owner in sorted(owners)
        for use in read
    ]


def _handed_over(applet: Applet, recorder: Recorder, uses: Iterable[Use]) -> Iterator[Unresolved]:
    """Places that take a part of a document whole, where there is anything below it as far as is known."""
    inner = {(use.target, use.name.rpartition(".")[0]) for use in uses if use.kind == "field" and "." in use.name}
    for (type, path, reason), where in recorder.handed.items():
        own = applet.types.get(type)
        if own is not None:
            has_parts = any(name.startswith(f"{path}.") for name in own.fields)
        else:
            has_parts = (type, path) in inner or (type, path) in recorder.iterated
        if has_parts:
            yield Unresolved(f"{reason} below {path}", type, f"{path}.", where)
