"""Modules as applets see them: chosen names on an object that nobody can change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Facade:
    """A namespace without a dict. It has no `__name__`: import would take that for a way into `sys.modules`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<module {type(self).__name__}>"


def make_facade(name: str, members: Mapping[str, Any]) -> Facade:
    """An instance of a class of its own, whose attributes are the members."""
    # A function, and whatever else binds itself to an instance, is to come out as it went in.
    namespace = {
        key: staticmethod(value) if hasattr(type(value), "__get__") else value for key, value in members.items()
    }
    made: Facade = type(name, (Facade,), {"__slots__": (), **namespace})()
    return made


class AppletModule:
    """A module of the applet, read only. Its private names are the applet's own, so they may be read."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and name in self._members:
            return self._members[name]
        raise AttributeError(f"the module has no {name}")
