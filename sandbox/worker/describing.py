"""Which functions of an applet are hooks, found by what the decorators of the SDK left on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from sandbox.limits import ARGUMENTS_MAX, HOOKS_MAX, NAME_CHARACTERS_MAX, SUBJECTS_MAX
from sdk.hooks import SUBJECTS_ATTRIBUTE
from sdk.hookspecs import PROJECT

_MARK = f"{PROJECT}_impl"


@dataclass(frozen=True, slots=True)
class Found:
    function: str
    hook: str
    subjects: tuple[str, ...]
    parameters: tuple[str, ...]
    line: int

    def told(self) -> list[Any]:
        return [self.function, self.hook, list(self.subjects), list(self.parameters), self.line]


def describe(namespace: Mapping[str, Any]) -> list[Found]:
    """The hooks of a module, each once. Raises ValueError for more than fit."""
    functions = {id(value): value for value in namespace.values() if type(value) is FunctionType}
    found = [_found(function) for function in functions.values() if _MARK in function.__dict__]
    if len(found) > HOOKS_MAX:
        raise ValueError(f"{len(found)} hooks are more than {HOOKS_MAX}")
    return found


def _found(function: FunctionType) -> Found:
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    subjects = function.__dict__.get(SUBJECTS_ATTRIBUTE, ())
    if len(parameters) > ARGUMENTS_MAX or len(subjects) > SUBJECTS_MAX:
        raise ValueError(f"{function.__name__} has more arguments or subjects than a hook can have")
    if any(type(subject) is not str for subject in subjects):
        raise TypeError(f"the subjects of {function.__name__} are texts")
    hook = function.__dict__[_MARK].get("specname") or function.__name__
    return Found(function.__name__[:NAME_CHARACTERS_MAX], hook, tuple(subjects), parameters, code.co_firstlineno)
