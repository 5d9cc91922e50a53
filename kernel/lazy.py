"""Modules imported when first used: what few requests need shall not cost every start its time and memory."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for the module `name`; the import happens with the first attribute asked for, once and thread-safely."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        # Found where any attribute is from now on: some are asked for several times in every write.
        self.__dict__[attribute] = found
        return found
