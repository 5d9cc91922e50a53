"""`sdk.hooks` for applets: while one is described the real decorators mark, in a call they hand the function on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.policy.offer import OFFER
from sandbox.runtime.facade import Facade, make_facade
from sandbox.runtime.functions import is_applet_function
from sdk import hooks

# These decorate a function; all others are called with subjects first.
_PLAIN = frozenset({"enabled", "disabled", "invariant", "upgraded", "demo_data"})


def _same(function: Any) -> Any:
    return function


def _pass_on(*_: str) -> Callable[[Any], Any]:
    return _same


def _checked(decorator: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        # The mark is an attribute, so that on anything but an applet's function it would stay for everybody.
        if not is_applet_function(function):
            raise TypeError("a hook is a function of the applet")
        return decorator(function)

    return decorate


def _marking(name: str) -> Callable[..., Any]:
    real: Callable[..., Any] = getattr(hooks, name)

    def mark(*subjects: str) -> Callable[[Any], Any]:
        if not all(type(subject) is str for subject in subjects):
            raise TypeError(f"hooks.{name} takes texts")
        return _checked(real(*subjects))

    return _checked(real) if name in _PLAIN else mark


_NAMES = OFFER["sdk.hooks"]
CALLING: Facade = make_facade("hooks", {name: _same if name in _PLAIN else _pass_on for name in _NAMES})
DESCRIBING: Facade = make_facade("hooks", {name: _marking(name) for name in _NAMES})
