"""The hooks of an applet, as a load tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sandbox.limits import ARGUMENTS_MAX, ERROR_CHARACTERS_MAX, HOOKS_MAX, NAME_CHARACTERS_MAX, SUBJECTS_MAX


class Found(Protocol):
    """A function that a decorator of the SDK marked."""

    @property
    def function(self) -> str: ...
    @property
    def hook(self) -> str: ...
    @property
    def subjects(self) -> tuple[str, ...]: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    @property
    def line(self) -> int: ...


def tell_hooks(hooks: Sequence[Found]) -> list[list[Any]]:
    """Raises ValueError for more, or longer ones, than the kernel takes."""
    if len(hooks) > HOOKS_MAX:
        raise ValueError(f"{len(hooks)} hooks are more than {HOOKS_MAX}")
    return [_tell(hook) for hook in hooks]


def _tell(hook: Found) -> list[Any]:
    if len(hook.function) > NAME_CHARACTERS_MAX or any(len(name) > NAME_CHARACTERS_MAX for name in hook.parameters):
        raise ValueError(f"the name {hook.function[:NAME_CHARACTERS_MAX]}… or one of its arguments is too long")
    if len(hook.parameters) > ARGUMENTS_MAX or len(hook.subjects) > SUBJECTS_MAX:
        raise ValueError(f"{hook.function} has more arguments or subjects than a hook can have")
    if any(type(subject) is not str or len(subject) > ERROR_CHARACTERS_MAX for subject in hook.subjects):
        raise ValueError(f"the subjects of {hook.function} are short texts")
    return [hook.function, hook.hook, list(hook.subjects), list(hook.parameters), hook.line]
