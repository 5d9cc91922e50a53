"""The names applet code has without importing anything."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sandbox.runtime.functions import type_of
from sandbox.runtime.guards import safe_delattr, safe_getattr, safe_hasattr, safe_setattr

_NAMES = (
    "abs all any ascii bin bool bytes callable chr classmethod complex dict divmod enumerate filter float format "
    "frozenset hash hex int isinstance issubclass iter len list map max min next object oct ord pow property range "
    "repr reversed round set slice sorted staticmethod str sum super tuple zip "
    "ArithmeticError AssertionError AttributeError EOFError Exception FileNotFoundError FloatingPointError ImportError "
    "IndexError KeyError LookupError MemoryError NameError NotImplementedError OSError OverflowError PermissionError "
    "RecursionError RuntimeError StopIteration TimeoutError TypeError UnboundLocalError UnicodeDecodeError "
    "UnicodeEncodeError UnicodeError ValueError ZeroDivisionError "
    "Ellipsis NotImplemented __build_class__"
)
# The interpreter imports these itself, in the name of the running code, and looks for them in sys.modules.
_INNER_IMPORTS = frozenset({"_pylong", "_strptime", "time", "unicodedata", "warnings"})
ARGUMENTS_PRINTED_MAX = 50
PRINTED_CHARACTERS_MAX = 2_000


def applet_import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: tuple[str, ...] | None = (),
    level: int = 0,
) -> Any:
    """What import statements of an applet call: modules of the offer, and its own. Raises ImportError."""
    run = (globals or {})["__run__"]
    if level:
        return run.import_own((globals or {})["__name__"], name, fromlist or (), level)
    found = run.offered.get(name)
    if found is None:
        if name in _INNER_IMPORTS:
            return None
        raise ImportError(f"the module {name} is not available")
    return found if fromlist or "." not in name else run.offered[name.partition(".")[0]]


def _printer(write_line: Callable[[str], None]) -> Callable[..., None]:
    def applet_print(*values: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        shown = [str(value)[:PRINTED_CHARACTERS_MAX] for value in values[:ARGUMENTS_PRINTED_MAX]]
        write_line(str(sep).join(shown)[:PRINTED_CHARACTERS_MAX])

    return applet_print


def builtins_of_applet(write_line: Callable[[str], None]) -> dict[str, Any]:
    """A dict for the globals of its modules. write_line: where `print` goes, e.g. the log of the call."""
    own = {
        "__import__": applet_import, "delattr": safe_delattr, "getattr": safe_getattr, "hasattr": safe_hasattr,
        "print": _printer(write_line), "setattr": safe_setattr, "type": type_of,
    }  # fmt: skip
    return {**_PLAIN, **own}


_PLAIN: Mapping[str, Any] = MappingProxyType({name: getattr(builtins, name) for name in _NAMES.split()})
