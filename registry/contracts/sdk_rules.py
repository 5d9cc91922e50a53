"""Rules for uses of the SDK: names, members, calls, hooks, questions and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from registry.contracts.lookup import (
    constructor_of,
    find_call_fault,
    find_class,
    find_member,
    find_shift,
    find_symbol,
    parameters_of,
)
from registry.contracts.model import SDK, Offer, Use
from registry.contracts.scope import Scope
from registry.plans.findings import Finding
from sdk.nearest import nearest

_QUESTION = "resolve_"


def check_symbol(use: Use, scope: Scope) -> Iterator[Finding]:
    """A module, or a name of one."""
    sdk = scope.sdk
    if use.name and find_symbol(sdk, use.target, use.name) is None:
        names = sdk.symbols.get(use.target, {})
        what = f"imports {use.name} from {use.target} {{at}}, which SDK {sdk.version} does not have"
        yield scope.finding(use, "symbol_gone", f"{use.target}.{use.name}", what, _instead(use.name, names))
    elif not use.name and use.target not in sdk.symbols:
        what = f"imports {use.target} {{at}}, which SDK {sdk.version} does not have"
        yield scope.finding(use, "symbol_gone", use.target, what, _instead(use.target, sdk.symbols))


def check_attribute(use: Use, scope: Scope) -> Iterator[Finding]:
    """A member of a class."""
    entry = find_class(scope.sdk, use.target)
    if entry is None:
        # That its class is gone is told where it is imported.
        if use.target.partition(".")[0] == SDK:
            what = f"uses {use.target} {{at}}, which SDK {scope.sdk.version} does not have"
            yield scope.finding(use, "symbol_gone", use.target, what)
    elif find_member(scope.sdk, use.target, use.name) is None:
        what = f"uses {_short(use)} {{at}}, which SDK {scope.sdk.version} does not have"
        yield scope.finding(use, "symbol_gone", f"{use.target}.{use.name}", what, _instead(use.name, entry["members"]))


def check_call(use: Use, scope: Scope) -> Iterator[Finding]:
    """A call of a function, a class or a method (target a class)."""
    parameters = _called(scope.sdk, use)
    if parameters is not None:
        was = scope.before.by_name.get(SDK) if scope.before is not None else None
        yield from _check_shape(use, scope, parameters, _called(was, use) if was is not None else None)


def _called(sdk: Offer, use: Use) -> list[str] | None:
    if find_class(sdk, use.target) is None:
        return parameters_of(sdk, use.target, use.name)
    member = find_member(sdk, use.target, use.name)
    return list(member["parameters"]) if member and member["kind"] == "function" else None


def check_construction(use: Use, scope: Scope) -> Iterator[Finding]:
    """An instance of a class made, or of a class of the applet's own that is made from it."""
    parameters = constructor_of(scope.sdk, f"{use.target}.{use.name}")
    if parameters is not None:
        was = scope.before.by_name.get(SDK) if scope.before is not None else None
        before = constructor_of(was, f"{use.target}.{use.name}") if was is not None else None
        yield from _check_shape(use, scope, parameters, before)


def _check_shape(use: Use, scope: Scope, parameters: list[str], before: list[str] | None) -> Iterator[Finding]:
    shape = use.details
    is_open = bool(shape.get("open"))
    fault = find_call_fault(parameters, shape.get("positional", 0), list(shape.get("keywords", ())), is_open=is_open)
    if fault is None and before is not None:
        fault = find_shift(before, parameters, shape.get("positional", 0))
    if fault is not None:
        what = f"calls {_short(use)} {{at}}, and with SDK {scope.sdk.version} {fault}"
        yield scope.finding(use, "argument_gone", f"{use.target}.{use.name}", what, f"({', '.join(parameters)})")


def check_hook(use: Use, scope: Scope) -> Iterator[Finding]:
    """A hook implemented (target), one of its arguments taken (name)."""
    spec = scope.sdk.hooks.get(use.target)
    if spec is None:
        what = f"implements the hook {use.target} {{at}}, which SDK {scope.sdk.version} does not have"
        yield scope.finding(use, "hook_gone", use.target, what, _instead(use.target, scope.sdk.hooks))
    elif use.name and use.name not in _names(spec["arguments"]):
        what = f"takes the argument {use.name} of the hook {use.target} {{at}}, which SDK {scope.sdk.version} has not"
        yield scope.finding(
            use, "hook_argument_gone", f"{use.target}.{use.name}", what, _instead(use.name, _names(spec["arguments"]))
        )


def check_question(use: Use, scope: Scope) -> Iterator[Finding]:
    """A question asked of other applets, and what is said with it."""
    hook = f"{_QUESTION}{use.target}"
    spec = scope.sdk.hooks.get(hook)
    if spec is None:
        what = f"asks for {use.target} {{at}}, which nobody can answer with SDK {scope.sdk.version}"
        yield scope.finding(use, "hook_gone", hook, what)
        return
    wanted = [name for name in _names(spec["arguments"]) if name != "ctx"]
    given = list(use.details.get("keywords", ()))
    for name in given:
        if name not in wanted:
            what = f"asks for {use.target} with {name} {{at}}, which SDK {scope.sdk.version} does not have"
            yield scope.finding(use, "hook_argument_gone", f"{hook}.{name}", what, _instead(name, wanted))
    for name in wanted:
        if name not in given and not use.details.get("open"):
            what = f"asks for {use.target} without {name} {{at}}, which SDK {scope.sdk.version} asks for"
            yield scope.finding(use, "hook_argument_missing", f"{hook}.{name}", what, f"{name}=…")


def check_word(use: Use, scope: Scope) -> Iterator[Finding]:
    """A word of the SDK's in the applet's data: a schema's key, a function of expressions, a capability."""
    words = scope.sdk.words.get(use.target.rpartition(".")[2])
    if words is not None and use.name not in words:
        kind = use.target.rpartition(".")[2].replace("_", " ")
        what = f"has {use.name} {{at}}, which is not among the {kind} of SDK {scope.sdk.version}"
        yield scope.finding(use, "word_gone", f"{use.target}.{use.name}", what, _instead(use.name, words))


def _names(parameters: list[str]) -> list[str]:
    return [item.rstrip("=") for item in parameters if not item.startswith("*")]


def _short(use: Use) -> str:
    """`Documents.find_all` of `sdk.context.Documents`, `decimal_text` of a module."""
    last = use.target.rpartition(".")[2]
    return f"{last}.{use.name}" if last[:1].isupper() else use.name


def _instead(name: str, known: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    meant = nearest(name, list(known))
    return f"{meant} is the nearest name" if meant else ""


SDK_RULES: Mapping[str, Callable[[Use, Scope], Iterator[Finding]]] = {
    "symbol": check_symbol,
    "attribute": check_attribute,
    "call": check_call,
    "construction": check_construction,
    "hook": check_hook,
    "question": check_question,
    "word": check_word,
}
