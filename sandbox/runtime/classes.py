"""The classes of applets: each is marked by its metaclass, so that a guard knows it from ours in one look."""

from __future__ import annotations

from functools import lru_cache
from string import Formatter
from typing import Any

from sdk.errors import BosError


class AppletMeta(type):
    """Of every class an applet defines, and of nothing else."""


class AppletObject:
    """What an applet's classes derive from where they name no other base."""

    __slots__ = ()

    def __repr__(self) -> str:
        # Without the address, which would tell how the memory of all workers lies.
        return f"<{type(self).__name__} object>"


# Classes are made anew for every call, with the messages they had before.
MESSAGES_KEPT = 1_000
# The names of a class's annotated fields, in order; unreachable from applet code by its underscores.
FIELDS = "__bos_fields__"


def make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    """What runs for `class` in an applet. Raises TypeError for a base that is not to be derived from."""
    fields = namespace.pop("_fields_", ())
    for base in bases:
        special = getattr(type(base), "__make_derived__", None)
        if special is not None:
            made: type = special(name, bases, namespace)
            return made
    for base in bases:
        _check_base(base)
    if any(issubclass(base, BosError) for base in bases):
        _check_message(namespace.get("__doc__"))
    namespace[FIELDS] = fields
    own = tuple(base for base in bases if base is not object) or (AppletObject,)
    return AppletMeta(name, own, namespace)


def _check_base(base: Any) -> None:
    if type(base) is AppletMeta or base is object:
        return
    # Subclasses of text and numbers would pass for them in checks that ask for less than the exact type.
    if type(base) is type and issubclass(base, Exception):
        return
    raise TypeError(f"a class of an applet cannot derive from {_name_of(base)}: write the methods it needs")


def _name_of(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"


@lru_cache(MESSAGES_KEPT)
def _check_message(docstring: Any) -> None:
    """A message names arguments and nothing of theirs: `format` would read any attribute that is written there."""
    for _, field, spec, _ in Formatter().parse(docstring or ""):
        if field is not None and not field.isidentifier():
            raise TypeError(f"the message of an error names its arguments, as in {{total}}; not {{{field}}}")
        if spec and "{" in spec:
            raise TypeError("the message of an error has no format inside of a format")


def is_applet_class(value: Any) -> bool:
    return issubclass(type(value), AppletMeta)


def is_applet_instance(value: Any) -> bool:
    return issubclass(type(type(value)), AppletMeta)
