"""Functions made after what a worker has found, with the argument names of our own hook specifications."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Protocol

from sandbox.errors import LoadFailed
from sandbox.host.outcome import Description, HookFound
from sandbox.limits import NAME_CHARACTERS_MAX
from sdk.hooks import SUBJECTS_ATTRIBUTE, hookimpl

# Of no module: the breaker looks by this name whether code of the applet runs in a thread of ours, and none ever does.
_PACKAGE = "bos_sandboxed"
# Of ASCII, and not with a dunder or what the function itself is made of.
_NAME = re.compile(r"(?!_call$|_found$)_?[A-Za-z][A-Za-z0-9_]*")
_SUBJECT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.?\*)?")
_SUBJECT_CHARACTERS_MAX = 200
# There are far fewer: hooks have few arguments, and take them in few orders.
CODES_MAX = 256


class Calls(Protocol):
    """What stands behind the functions: see `sandbox.proxy.calling.Caller`."""

    def call(self, ctx: Any, found: HookFound, arguments: Sequence[Any]) -> Any: ...


def make_module(applet: str, description: Description, caller: Calls) -> ModuleType:
    """An object like a hooks module, for `sdk.hookset.collect_hooks`, which checks it as it checks any other.

    Raises LoadFailed for names no Python function could have: what found them is not trusted.
    """
    module = ModuleType(f"{_PACKAGE}.{applet}", "Hooks of a sandboxed applet.")
    for index, found in enumerate(description.hooks):
        # Two of one name stay two, so that this is told.
        vars(module)[f"{index}:{found.function}"] = _make_function(applet, found, caller)
    return module


def _make_function(applet: str, found: HookFound, caller: Calls) -> Callable[..., Any]:
    _check_names(applet, found)
    scope = {"__name__": __name__, "__package__": f"{_PACKAGE}.{applet}", "_call": caller.call, "_found": found}
    function: Any = FunctionType(_code(found.parameters), scope, found.function)
    function.__qualname__ = found.function
    function.__module__ = f"{_PACKAGE}.{applet}"
    setattr(function, SUBJECTS_ATTRIBUTE, found.subjects)
    marked: Callable[..., Any] = hookimpl(specname=found.hook)(function)
    return marked


@lru_cache(maxsize=CODES_MAX)
def _code(parameters: tuple[str, ...]) -> CodeType:
    """Of a function with these parameters: pluggy hands over what the names in its code ask for.

    The names are identifiers, and nothing else of a text that was not written here gets into the source.
    """
    first, *rest = parameters or ("ctx",)
    source = (
        f"def hook({', '.join([first, *rest])}): return _call({first}, _found, ({''.join(f'{r}, ' for r in rest)}))"
    )
    made: dict[str, Any] = {}
    exec(compile(source, "<sandbox.proxy>", "exec"), made)
    code: CodeType = made["hook"].__code__
    return code


def _check_names(applet: str, found: HookFound) -> None:
    for name in (found.function, found.hook, *found.parameters):
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > NAME_CHARACTERS_MAX:
            raise LoadFailed(applet=applet, reason=f"a hook or an argument has the name {name[:50]!r}")
    if len(set(found.parameters)) != len(found.parameters) or not found.parameters:
        raise LoadFailed(applet=applet, reason=f"{found.function} has no argument, or two of one name")
    for subject in found.subjects:
        if subject != "*" and (not _SUBJECT.fullmatch(subject) or len(subject) > _SUBJECT_CHARACTERS_MAX):
            raise LoadFailed(applet=applet, reason=f"{found.function} wants {subject[:50]!r}, which is no name")
