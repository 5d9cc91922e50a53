"""Decorators that make a function a hook implementation.

They are thin over pluggy: `hookimpl(specname=…)` plus the document types or events the function wants, so that
nothing else is called. A name may end in `*`: `receivables.*`. Argument names are those of the hookspec, and a
function takes only the ones it needs, `ctx` first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pluggy

from sdk.hookspecs import PROJECT

hookimpl = pluggy.HookimplMarker(PROJECT)

# What pluggy's marker does not hold: the subjects a function wants.
SUBJECTS_ATTRIBUTE = "bos_subjects"

Hook = TypeVar("Hook", bound=Callable[..., Any])
Decorator = Callable[[Hook], Hook]


def _mark(specname: str, subjects: tuple[str, ...]) -> Decorator[Any]:
    def decorate(function: Any) -> Any:
        # pluggy keeps one mark per function: the first of two decorators would be forgotten without a word.
        if hasattr(function, f"{PROJECT}_impl"):
            raise TypeError(f"{function.__name__} is a hook already: write one function per hook")
        setattr(function, SUBJECTS_ATTRIBUTE, subjects)
        return hookimpl(specname=specname)(function)

    return decorate


def before_save(*types: str) -> Decorator[Any]:
    """Change or veto documents of these types before they are written."""
    return _mark("before_save", types)


def validate_document(*types: str) -> Decorator[Any]:
    """Veto documents of these types once they are complete."""
    return _mark("validate_document", types)


def after_save(*types: str) -> Decorator[Any]:
    """Act in the same transaction after documents of these types were written."""
    return _mark("after_save", types)


def before_delete(*types: str) -> Decorator[Any]:
    """Veto the deletion of documents of these types."""
    return _mark("before_delete", types)


def validate_action(type: str, *actions: str) -> Decorator[Any]:
    """Veto actions (all of them, when none is named) of a document type."""
    return _mark("validate_action", _of(type, actions))


def action(type: str, *actions: str) -> Decorator[Any]:
    """Do what these actions of an own document type do: implements `perform_action`."""
    return _mark("perform_action", _of(type, actions))


def after_action(type: str, *actions: str) -> Decorator[Any]:
    """Act in the same transaction after these actions."""
    return _mark("after_action", _of(type, actions))


def on(*events: str) -> Decorator[Any]:
    """React to events after their commit: implements `on_event`."""
    return _mark("on_event", events)


def resolve(question: str) -> Decorator[Any]:
    """Answer a question: `price`, `tax_rate` or `exchange_rate`; None leaves it to the next applet."""
    return _mark(f"resolve_{question}", ())


def enabled(function: Hook) -> Hook:
    """Run when this applet is enabled for a tenant."""
    marked: Hook = _mark("applet_enabled", ())(function)
    return marked


def disabled(function: Hook) -> Hook:
    """Run when this applet is disabled for a tenant."""
    marked: Hook = _mark("applet_disabled", ())(function)
    return marked


def invariant(function: Hook) -> Hook:
    """Say what of this applet's data is broken: implements `check_invariants`, and is known by its own name."""
    marked: Hook = _mark("check_invariants", ())(function)
    return marked


def upgraded(function: Hook) -> Hook:
    """Run when a tenant comes to this version of the applet from another one."""
    marked: Hook = _mark("applet_upgraded", ())(function)
    return marked


def demo_data(function: Hook) -> Hook:
    """Fill a demo tenant."""
    marked: Hook = _mark("load_demo_data", ())(function)
    return marked


def _of(type: str, actions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{type}.{name}" for name in actions) or (f"{type}.*",)
