"""Types that are named and asked about, never called: collections.abc and typing.

The real ones have `register`, which changes them for everybody, and lead to the modules they are made in.
"""

from __future__ import annotations

import collections.abc
from typing import Any

from sandbox.policy.offer import OFFER


class AbstractMeta(type):
    """Of stand-ins for abstract classes: `isinstance` asks the real one."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, _REAL[cls])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _REAL[cls])

    def __getitem__(cls, _: Any) -> Any:
        return cls

    def __or__(cls, _: Any) -> Any:
        return cls

    __ror__ = __or__

    def __call__(cls, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{cls.__name__} is abstract")

    def __repr__(cls) -> str:
        return cls.__name__


class Inert:
    """A name of typing: goes through every operation of annotations, and stands for nothing."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, _: Any) -> Inert:
        return self

    def __or__(self, _: Any) -> Inert:
        return self

    __ror__ = __or__

    def __call__(self, *_: Any, **__: Any) -> Inert:
        return self

    def __mro_entries__(self, _: Any) -> tuple[()]:
        # class Rates(Protocol[T]): a base that leaves nothing behind.
        return ()

    def __repr__(self) -> str:
        return f"typing.{self._name}"


# Beside the stand-ins and not on them: an applet reads their attributes.
_REAL: dict[type, type] = {}


def _stand_in(name: str) -> type:
    made = AbstractMeta(name, (), {"__slots__": ()})
    _REAL[made] = getattr(collections.abc, name)
    return made


def _identity(value: Any) -> Any:
    return value


def _cast(_: Any, value: Any) -> Any:
    return value


def _new_type(_: str, __: Any) -> Any:
    return _identity


def _assert_never(value: Any) -> Any:
    raise AssertionError(f"not expected: {value!r}")


ABSTRACT = {name: _stand_in(name) for name in OFFER["collections.abc"]}
_TYPING: dict[str, Any] = {
    "TYPE_CHECKING": False, "NewType": _new_type, "assert_never": _assert_never, "cast": _cast, "final": _identity,
    "overload": _identity, "runtime_checkable": _identity,
}  # fmt: skip
TYPING = {name: _TYPING.get(name, Inert(name)) for name in OFFER["typing"]}
