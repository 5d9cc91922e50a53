"""What stands between applet code and what it reads or writes, where its source alone does not decide.

The policy leaves plain public names alone: no object within reach has a harmful one. Here are private names, names that
are harmless on one object and not on another, names made while running, and everything that is written.
"""

from __future__ import annotations

from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from types import BuiltinFunctionType, FunctionType, GenericAlias, MethodType
from typing import Any

from sandbox.policy.names import SENSITIVE, attribute_fault
from sandbox.runtime.classes import AppletMeta, is_applet_class, is_applet_instance
from sandbox.runtime.decimals import DecimalSettings
from sandbox.runtime.facade import AppletModule
from sandbox.runtime.named_tuples import NAMED_TUPLE_NAMES, NamedTupleMeta
from sdk.document import Document
from sdk.errors import BosError

# Exact types only: whoever could subclass one of these would pass for it.
CHANGEABLE = frozenset({dict, list, OrderedDict, defaultdict, Counter, deque, ChainMap, Document})
_VIEWS = frozenset({type({}.keys()), type({}.values()), type({}.items())})
_NAMED = (FunctionType, BuiltinFunctionType, MethodType, type)


def guarded_getattr(value: Any, name: str, /) -> Any:
    """An attribute by a name that may be private, sensitive, or made while running. Raises AttributeError."""
    if type(name) is not str:
        raise TypeError("the name of an attribute is a text")
    if attribute_fault(name) is not None:
        raise AttributeError(f"the attribute {name} is not available")
    if name in SENSITIVE:
        _check_sensitive(value, name)
    elif name == "__name__":
        return _name_of(value)
    elif name.startswith("_") and not _may_read_private(value, name):
        raise AttributeError(f"the attribute {name} is private")
    elif type(value) is AppletModule:
        return value.__getattr__(name)
    return getattr(value, name)


def _check_sensitive(value: Any, name: str) -> None:
    """Fine on the applet's own objects; errors have what they happened on, whoever defined their class."""
    kind = value if isinstance(value, type) else type(value)
    if name == "register":
        # A class's method that changes it for everybody, also through `Class[int]`; else it is a name like others.
        is_refused = isinstance(value, type | GenericAlias) and not is_applet_class(value)
    elif name == "mapping":
        is_refused = kind in _VIEWS
    elif name == "extensions":
        is_refused = issubclass(kind, BosError)
    else:
        is_own = type(value) is AppletModule or is_applet_class(kind)
        is_refused = not is_own or issubclass(kind, BaseException)
    if is_refused:
        hint = ": use an f-string" if name.startswith("format") else ""
        raise AttributeError(f"the attribute {name} is not available{hint}")


def _name_of(value: Any) -> str:
    if isinstance(value, _NAMED):
        return str(value.__name__)
    raise AttributeError("the attribute __name__ is not available")


def _may_read_private(value: Any, name: str) -> bool:
    if is_applet_instance(value) or is_applet_class(value):
        return True
    if type(value) is AppletModule:
        # The slot that holds the module's names is ours, and called so.
        return name != "_members"
    is_named_tuple = type(value) is NamedTupleMeta or type(type(value)) is NamedTupleMeta
    return is_named_tuple and name in NAMED_TUPLE_NAMES


def guarded_write(value: Any, /) -> Any:
    """What an attribute is about to be set on or deleted from: an instance of an applet's class. Raises TypeError.

    Classes, functions and modules stay as they are: what is written to them would be there in the next call.
    """
    kind = type(value)
    if type(kind) is AppletMeta or kind is DecimalSettings:
        return value
    raise TypeError(f"attributes of {_described(value)} cannot be changed by an applet")


def guarded_change(value: Any, /) -> Any:
    """What an item is about to be set on or deleted from. Raises TypeError."""
    kind = type(value)
    # Documents whose number is still to be taken have a class of their own; a subclass of an applet's has AppletMeta.
    if kind in CHANGEABLE or issubclass(kind, Document) or type(kind) is AppletMeta:
        return value
    raise TypeError(f"items of {_described(value)} cannot be changed by an applet")


def _described(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


_MISSING = object()


def safe_getattr(value: Any, name: str, default: Any = _MISSING, /) -> Any:
    """`getattr`: by the rules of an attribute that is written down."""
    try:
        return guarded_getattr(value, name)
    except AttributeError:
        if default is _MISSING:
            raise
        return default


def safe_hasattr(value: Any, name: str, /) -> bool:
    """`hasattr`."""
    return safe_getattr(value, name, _MISSING_TOO) is not _MISSING_TOO


_MISSING_TOO = object()


def safe_setattr(value: Any, name: str, item: Any, /) -> None:
    """`setattr`."""
    setattr(guarded_write(value), _checked_name(name), item)


def safe_delattr(value: Any, name: str, /) -> None:
    """`delattr`."""
    delattr(guarded_write(value), _checked_name(name))


def _checked_name(name: str) -> str:
    if type(name) is not str:
        raise TypeError("the name of an attribute is a text")
    if attribute_fault(name) is not None or name == "__name__":
        raise AttributeError(f"the attribute {name} is not available")
    return name
